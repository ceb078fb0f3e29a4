"""``weir score`` on a real Kafka: judgement from the rows that workers committed, and each payment counted once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer

from models.robust import load
from stream.agents.spec import changelog_topic
from stream.agents.topics import create_topics
from stream.core.stage import Stage
from stream.replay import Keyed, Replay
from stream.walk import STAGES
from stream.wire.events import Alert, Transaction
from stream.wire.topics import ALERTS, DECISIONS, TRANSACTIONS
from tests.commands.analyst import Analyst
from tests.stream.console.running import Desk, desk_of
from tests.stream.console.test_bystander import HOUR, habits, paid
from tests.stream.core.random_payments import START

pytestmark = pytest.mark.kafka
STRANGE = paid("last", START + 30 * 24 * HOUR, "c1", "m1", 400_000)


def asked(payment: Transaction) -> dict[str, Any]:
    """A payment as it is asked about."""
    return {name: getattr(payment, name) for name in payment.__struct_fields__}


@pytest.fixture
def analyst(bootstrap: str, prefix: str, tmp_path: Path) -> Analyst:
    """Changelogs as a worker leaves them that has judged thirty payments of 20 euros."""
    desk = Analyst(bootstrap, prefix, tmp_path)
    (tmp_path / "weir.toml").write_text('[alerts]\ndetectors = ["robust"]\n')
    create_topics(bootstrap, desk.settings, stages=STAGES)
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    replay, _ = walked(desk, habits())
    kinds: dict[str, list[Stage]] = {"customers": [*replay.customers], "terminals": [*replay.terminals]}
    for name, stages in kinds.items():
        for partition, stage in enumerate(stages):
            for key, value in zip(*stage.state.take_dirty(), strict=True):
                producer.send(changelog_topic(desk.settings, name), key=key, value=value, partition=partition).get(10)
    producer.close()
    return desk


def walked(desk: Analyst, records: list[Keyed]) -> tuple[Replay, list[Alert]]:
    """Replay records; also the alerts told."""
    replay = Replay(desk.settings, [load(None)])
    told = [record.value for output in replay.run(records) for record in output.records if record.topic == ALERTS.name]
    return replay, [msgspec.json.decode(value, type=Alert) for value in told]


@pytest.fixture
def till(analyst: Analyst) -> Iterator[Desk]:
    """One that runs."""
    with desk_of(analyst, "score") as desk:
        yield desk


def payments_on(analyst: Analyst) -> list[str]:
    """Ids of the payments that stand on their topic."""
    return [msgspec.json.decode(value, type=Transaction).id for value in analyst.read(TRANSACTIONS.name)]


def test_a_decision_is_the_workers_and_the_same_when_asked_again(analyst: Analyst, till: Desk) -> None:
    """A usual payment, then one 200 times the usual, asked twice, and once more after a restart."""
    usual = till.ask("POST", "/v1/score", role="scorer", json=asked(paid("u1", STRANGE.at, "c1", "m1", 2_100)))
    first, again = (till.ask("POST", "/v1/score", role="scorer", json=asked(STRANGE)) for _ in range(2))
    before = payments_on(analyst)
    with desk_of(analyst, "score", folder=analyst.shell.folder) as restarted:
        later = restarted.ask("POST", "/v1/score", role="scorer", json=asked(STRANGE))
    told = walked(analyst, [*habits(), (TRANSACTIONS.name, "c1", STRANGE)])[1][-1]
    decision = first.json()

    assert (usual.json()["decision"], usual.json()["sentence"]) == ("accept", "")
    assert decision["decision"] in {"review", "decline"}
    assert (decision["score"], decision["sentence"]) == (told.score, told.sentence)
    assert decision["reasons"] == list(msgspec.to_builtins(told.reasons))
    assert 300 <= decision["state_age_ms"] < 60_000
    assert first.content == again.content == later.content
    assert sorted(before) == ["last", "u1"]
    assert sorted(payments_on(analyst)) == ["last", "last", "u1"]  # the stream counts one id once
    assert len(analyst.read(DECISIONS.name)) == 2


def test_what_the_workers_would_refuse_is_refused_at_once(analyst: Analyst, till: Desk) -> None:
    """By field, without what was sent; nothing of it gets to a topic. An id is one payment's, and roles are held."""
    wrong: tuple[tuple[dict[str, Any], int, str], ...] = (
        ({"customer": "4111111111111111"}, 422, ""),
        ({"currency": "USD"}, 422, "currency"),
        ({"amount": 2**31 - 1}, 422, "amount"),
        ({"at": 4_000_000_000_000}, 422, "at"),
        ({"amount": -1}, 400, "amount"),
        ({"card": "4111111111111111"}, 400, ""),
    )
    for changed, status, field in wrong:
        answer = till.ask("POST", "/v1/score", role="scorer", json=asked(STRANGE) | changed)

        assert (answer.status_code, answer.json().get("field", "")) == (status, field), answer.text
        assert "4111" not in answer.text
    assert payments_on(analyst) == []
    assert till.ask("POST", "/v1/score", role="viewer", json=asked(STRANGE)).status_code == 403
    assert till.ask("POST", "/v1/score", role="scorer", json=asked(STRANGE)).status_code == 200
    other = till.ask("POST", "/v1/score", role="scorer", json=asked(STRANGE) | {"amount": 1})

    assert (other.status_code, other.json()["field"]) == (409, "id")
    assert payments_on(analyst) == ["last"]
