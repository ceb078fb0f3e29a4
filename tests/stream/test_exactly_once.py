"""However slices fall and whenever workers die: the same scores, alerts, dead letters and state as a replay."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from stream.core.stage import Stage
from stream.replay import Keyed, Replay, outgoing
from stream.settings import Settings
from stream.walk import stages_of
from stream.wire.codec import encode
from stream.wire.events import Alert, DeadLetter, Label, Quote, Scores, Trade, Transaction
from stream.wire.records import Outgoing, Slice
from stream.wire.topics import ALERTS, BY_TERMINAL, DEAD_LETTERS, LABELS, RISK, SCORES, TICKS, TRANSACTIONS
from tests.stream.memory_kafka import MemoryKafka

START = 1_735_689_600_000
PARTITIONS = 3
SETTINGS = msgspec.convert({"kafka": {"partitions": PARTITIONS}}, Settings)


class AmountRatio:
    """A detector as a stranger would write it: how many times the customer's own mean an amount is."""

    name = "ratio"
    version = "1"
    features = ("amount_ratio", "terminal_fraud_share_7d", "terminal_count_1d")
    threshold = 2.5
    usual = np.array([1.0, 0.0, 1.0])

    def score(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of what is known."""
        return np.nansum(self.explain(x), axis=1)

    def explain(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ratio, share of frauds, and a little for how busy the terminal is."""
        return np.nan_to_num(x * np.array([1.0, 5.0, 0.01]))

    def probability(self, score: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """None: not calibrated."""
        del score
        return None


def a_day(seed: int, events: int = 600, *, disorder_ms: int = 0) -> list[Keyed]:
    """Payments of a few busy customers, some repeated, their verdicts days later, and ticks of three symbols.

    disorder_ms  by how much an event may come after younger ones; ticks stay in order
    """
    chance = Random(seed)
    at = START
    records: list[tuple[int, str, str, Transaction | Label | Trade | Quote]] = []
    for i in range(events):
        at += chance.choice((0, 1, 1000, 60_000, 3_600_000))
        customer, terminal = f"c{chance.randrange(12)}", f"m{chance.randrange(9)}"
        amount = chance.randint(100, 9_000) * (20 if chance.random() < 0.03 else 1)
        payment = Transaction(id=f"t{i}", at=at, customer=customer, terminal=terminal, amount=amount)
        records.append((at, TRANSACTIONS.name, customer, payment))
        if chance.random() < 0.05:
            records.append((at, TRANSACTIONS.name, customer, payment))
        fraud = amount > 20_000 or chance.random() < 0.02
        verdict = Label(transaction=payment.id, at=at + 86_400_000, customer=customer, terminal=terminal, fraud=fraud)
        records.append((verdict.at, LABELS.name, customer, verdict))
        symbol, price = f"S{chance.randrange(3)}", 100 + chance.random() * (10 if chance.random() < 0.01 else 0.1)
        tick = (
            Trade(symbol=symbol, at=at, price=price, size=10)
            if chance.random() < 0.5
            else Quote(symbol=symbol, at=at, bid=price - 0.01, ask=price + 0.01, bid_size=5, ask_size=5)
        )
        records.append((at, TICKS.name, symbol, tick))
    records.sort(key=lambda record: record[0] + (0 if record[1] == TICKS.name else chance.randint(0, disorder_ms)))
    return [(topic, key, event) for _, topic, key, event in records]


def replayed(day: list[Keyed], *, batch: int = 100_000) -> tuple[Replay, list[Outgoing]]:
    """The reference: one replay, nothing going wrong."""
    replay = Replay(SETTINGS, [AmountRatio()], batch=batch)
    return replay, list(outgoing(replay.run(day)))


def scores_of(values: Iterator[bytes]) -> dict[tuple[int, int], tuple[str, float]]:
    """(partition, offset) → (id, score); a payment seen twice must have the same score."""
    found: dict[tuple[int, int], tuple[str, float]] = {}
    for value in values:
        batch = msgspec.json.decode(value, type=Scores)
        for place, name, score in zip(
            zip(batch.partitions, batch.offsets, strict=True), batch.ids, batch.detectors["ratio"], strict=True
        ):
            assert found.setdefault(place, (name, score)) == (name, score)
    return found


def without_clock(value: bytes) -> dict[str, Any]:
    """An alert less the wall clock."""
    alert = msgspec.to_builtins(msgspec.json.decode(value, type=Alert))
    return {key: field for key, field in alert.items() if key not in ("detected_at", "emitted_at")}


def by_id(values: Iterator[bytes]) -> dict[str, dict[str, Any]]:
    """Alerts by id; none may stand twice."""
    found: dict[str, dict[str, Any]] = {}
    for value in values:
        alert = without_clock(value)
        assert alert["id"] not in found
        found[alert["id"]] = alert
    return found


def put_into(kafka: MemoryKafka, day: list[Keyed], replay: Replay) -> None:
    """Publish a day to the partitions where Kafka would put it."""
    for topic, key, event in day:
        kafka.publish(topic, replay.place(key), encode(event), event.at)  # type: ignore[attr-defined]


def a_slice(topic: str, values: Sequence[bytes], begin: int = 0) -> Slice:
    """Records of partition 0, from an offset on."""
    offset = np.arange(begin, begin + len(values))
    return Slice(
        topic=topic,
        partition=0,
        offset=offset,
        produced=np.full(len(values), START),
        values=values,
        next_offset=begin + len(values),
    )


def rows_of(state: Any) -> dict[bytes, bytes]:
    """All rows of a table that was never flushed; None marks a forgotten cooldown."""
    keys, values = state.take_dirty()
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}


@pytest.mark.parametrize(
    ("seed", "disorder_ms"), [*((seed, 0) for seed in range(8)), *((s, 5_000_000) for s in range(4))]
)
def test_crashes_change_nothing(seed: int, disorder_ms: int) -> None:
    """Random slices, random interleavings and dozens of crashes: what stands at the end is what a replay says.

    With disorder some events come within the allowed lateness and take their place, others are dead letters.
    """
    day = a_day(seed, disorder_ms=disorder_ms)
    replay, expected = replayed(day)
    chance = Random(seed)
    kafka = MemoryKafka(stages_of(SETTINGS, [AmountRatio()]), PARTITIONS, chance)
    put_into(kafka, day, replay)
    kafka.run(crash=0.02)

    def published(topic: str) -> Iterator[bytes]:
        return (value for p in range(PARTITIONS) for value in kafka.logs[topic, p].values)

    def awaited(topic: str) -> Iterator[bytes]:
        return (record.value for record in expected if record.topic == topic)

    scores = scores_of(published(SCORES.name))
    alerts = by_id(published(ALERTS.name))
    letters = [msgspec.json.decode(value, type=DeadLetter) for value in published(DEAD_LETTERS.name)]
    assert scores == scores_of(awaited(SCORES.name))
    assert alerts == by_id(awaited(ALERTS.name))
    assert len(alerts) > 5
    assert sorted(letter.id for letter in letters) == sorted(
        msgspec.json.decode(value, type=DeadLetter).id for value in awaited(DEAD_LETTERS.name)
    )
    assert sorted(published(RISK.name)) == sorted(awaited(RISK.name))
    payments = sum(topic == TRANSACTIONS.name for topic, _, _ in day)
    assert len(scores) + len(letters) == payments
    for lane in kafka.lanes:
        stages: dict[str, Sequence[Stage]] = {
            "customers": replay.customers,
            "terminals": replay.terminals,
            "market": replay.market,
        }
        reference = rows_of(stages[lane.spec.name][lane.partition].state)
        assert {key: value for key, value in dict(lane.changelog).items() if value is not None} == reference


@pytest.mark.parametrize("batch", [1, 7, 400])
def test_the_batch_changes_no_score(batch: int) -> None:
    """A replay in batches of one, of seven or of all: the same bits for every payment, and the same alerts."""
    day = a_day(99)
    _, whole = replayed(day)
    _, cut = replayed(day, batch=batch)

    assert scores_of(r.value for r in cut if r.topic == SCORES.name) == scores_of(
        r.value for r in whole if r.topic == SCORES.name
    )
    assert by_id(r.value for r in cut if r.topic == ALERTS.name) == by_id(
        r.value for r in whole if r.topic == ALERTS.name
    )


def test_a_snapshot_cut_at_any_row_forgets_no_cooldown() -> None:
    """A worker dies while the rows of its commit are written: whichever of them stand, what was held back still is.

    A terminal's row that stands makes its payments known, and with them nobody decides again on the alert that one of
    them raised. So no terminal's row may stand without that decision.
    """
    settings = msgspec.convert({"kafka": {"partitions": 1}}, Settings)
    customers, terminals, _ = stages_of(settings, [AmountRatio()])
    first = customers.factory(0)
    amounts = [100, 100, 100, 5_000, 50_000, 90_000]  # the last three stand out, within a cooldown
    payments = [
        encode(Transaction(id=f"t{i}", at=START + i, customer="c", terminal="m", amount=amount))
        for i, amount in enumerate(amounts)
    ]
    idle = [record.value for topic in customers.topics for record in first.idle(topic, now=START).records]
    before = [record.value for record in first.feed(a_slice(TRANSACTIONS.name, payments[:5]), now=START).records]
    after = [record.value for record in first.feed(a_slice(TRANSACTIONS.name, payments[5:], 5), now=START).records]
    blocks = [*idle, *before, *after]
    cut = len(idle) + len(before)

    def told(stage: Stage, begin: int, end: int) -> list[str]:
        records = stage.feed(a_slice(BY_TERMINAL.name, blocks[begin:end], begin), now=START).records
        return [record.id for record in records if record.topic == ALERTS.name and record.id is not None]

    whole = told(terminals.factory(0), 0, len(blocks))
    dying = terminals.factory(0)
    durable = told(dying, 0, cut)
    keys, rows = dying.state.take_dirty()
    again = []
    for stand in range(len(keys) + 1):
        stage = terminals.factory(0)
        stage.state.load(keys[:stand], rows[:stand])
        again.append(set(durable) | set(told(stage, 0, len(blocks))))

    assert len(whole) == 1
    assert again == [set(whole)] * (len(keys) + 1)
