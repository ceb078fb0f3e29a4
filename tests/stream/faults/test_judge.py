"""The judge is judged: what it finds on topics where nothing is wrong, and where one thing was made wrong on purpose.

What stands on the topics comes from a worker in memory that slices by chance and crashes often, not from a replay.
"""

from collections.abc import Callable
from functools import lru_cache
from random import Random

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from stream.core.stage import Stage
from stream.faults.evidence import Evidence, Rows
from stream.faults.judge import Verdict, judge
from stream.replay import Replay
from stream.walk import STAGES, stages_of
from stream.wire.codec import encode
from stream.wire.events import Alert, RiskSnapshot, Scores
from stream.wire.records import Slice
from stream.wire.topics import ALERTS, DEAD_LETTERS, LABELS, RISK, SCORES, TICKS, TRANSACTIONS
from tests.stream.memory_kafka import MemoryKafka
from tests.stream.test_exactly_once import PARTITIONS, SETTINGS, AmountRatio, a_day, put_into

DISORDER_MS = 5_000_000


@lru_cache(maxsize=1)
def crashed() -> MemoryKafka:
    """A day of disorder through a worker that crashed again and again; read only."""
    kafka = MemoryKafka(stages_of(SETTINGS, [AmountRatio()]), PARTITIONS, Random(3))
    put_into(kafka, a_day(3, disorder_ms=DISORDER_MS), Replay(SETTINGS, []))
    kafka.run(crash=0.02)
    return kafka


def evidence() -> Evidence:
    """What stands on its topics, in lists that a test may change."""
    kafka = crashed()
    rows: dict[str, Rows] = {stage: {} for stage in STAGES}
    checkpoints: dict[str, dict[int, bytes]] = {stage: {} for stage in STAGES}
    for lane in kafka.lanes:
        last = dict(lane.changelog)
        rows[lane.spec.name] |= {(lane.partition, key): row for key, row in last.items() if row is not None}
        checkpoints[lane.spec.name][lane.partition] = lane.checkpoint

    def on(topic: str) -> list[bytes]:
        return [value for p in range(PARTITIONS) for value in kafka.logs[topic, p].values]

    def log(topic: str, partition: int) -> Slice:
        stands = kafka.logs[topic, partition]
        return Slice(
            topic=topic,
            partition=partition,
            offset=np.arange(len(stands.values)),
            produced=np.array(stands.produced, np.int64),
            values=stands.values,
            next_offset=len(stands.values),
        )

    return Evidence(
        inputs=[log(topic.name, p) for topic in (TRANSACTIONS, LABELS, TICKS) for p in range(PARTITIONS)],
        alerts=on(ALERTS.name),
        risk=on(RISK.name),
        dead_letters=on(DEAD_LETTERS.name),
        scores=on(SCORES.name),
        rows=rows,
        checkpoints=checkpoints,
    )


def verdict(change: Callable[[Evidence], object] = lambda _: None) -> Verdict:
    """Judge the topics after a change."""
    seen = evidence()
    change(seen)
    return judge(seen, SETTINGS, [AmountRatio()])


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    """After dozens of crashes all is clean, and every record is either scored or a dead letter."""
    found = verdict()

    assert found.is_clean, found.examples
    assert found.alerts.expected > 5
    assert found.dead_letters == len(evidence().dead_letters) > 0
    assert found.events_in == found.scored + found.dead_letters


def test_an_alert_that_lacks_stands_twice_or_says_something_else_is_counted() -> None:
    """One alert taken away, one repeated, one with another score, one that nobody expected: each in its column."""

    def spoil(seen: Evidence) -> None:
        first, second, third, *_ = [msgspec.json.decode(value, type=Alert) for value in seen.alerts]
        kept = [value for value in seen.alerts if msgspec.json.decode(value, type=Alert).id not in {first.id, third.id}]
        stranger = replace(third, id="nobody-1-2-3")
        seen.alerts[:] = [*kept, *map(encode, (second, replace(third, score=third.score + 1.0), stranger))]

    found = verdict(spoil)

    assert (found.alerts.missing, found.alerts.duplicate, found.alerts.unexpected) == (2, 1, 2)
    assert not found.is_clean
    assert "nobody-1-2-3" in found.examples["alerts unexpected"]


def test_when_an_alert_was_told_does_not_matter_and_the_watchdogs_are_left_out() -> None:
    """Another clock changes nothing, nor does an alert about the pipeline, which no event has caused."""

    def spoil(seen: Evidence) -> None:
        alert = msgspec.json.decode(seen.alerts[0], type=Alert)
        seen.alerts[0] = encode(replace(alert, detected_at=alert.detected_at + 9, emitted_at=alert.emitted_at + 9))
        seen.alerts.append(encode(replace(alert, id="pipeline-1", kind="pipeline")))

    assert verdict(spoil).is_clean


@pytest.mark.parametrize("stage", STAGES)
def test_a_row_that_differs_lacks_or_is_too_many_is_counted(stage: str) -> None:
    """One bit of one row, a row taken away and a row of nobody's: three rows wrong, by name."""

    def spoil(seen: Evidence) -> None:
        rows = seen.rows[stage]
        first, second, *_ = [key for key in rows if key[1].isalnum()]
        rows[first] = rows[first][:-1] + bytes([rows[first][-1] ^ 1])
        del rows[second]
        rows[0, b"nobody"] = b"\0"

    found = verdict(spoil)

    assert found.state_wrong == 3
    assert "0-nobody" in found.examples[f"rows of {stage}"]
    assert not found.is_clean


def test_scores_may_stand_twice_but_not_differ_nor_lack() -> None:
    """A batch repeated is no fault; a payment with two scores is, and so are all of a lost batch."""
    lost = msgspec.json.decode(evidence().scores[1], type=Scores)

    def repeat(seen: Evidence) -> None:
        seen.scores.append(seen.scores[0])

    def contradict(seen: Evidence) -> None:
        batch = msgspec.json.decode(seen.scores[0], type=Scores)
        column = [batch.detectors["ratio"][0] + 1.0, *batch.detectors["ratio"][1:]]
        seen.scores.append(encode(replace(batch, detectors={"ratio": column})))

    def lose(seen: Evidence) -> None:
        again = set(zip(lost.partitions, lost.offsets, strict=True))
        seen.scores[:] = [value for value in seen.scores if not _places(value) <= again]

    assert verdict(repeat).is_clean
    assert verdict(contradict).scores_wrong == 1
    assert verdict(lose).scores_wrong == len(lost.ids)


def test_risk_and_dead_letters_are_told_once_each() -> None:
    """A snapshot repeated and a dead letter lost are both found."""

    def spoil(seen: Evidence) -> None:
        snapshot = msgspec.json.decode(seen.risk[0], type=RiskSnapshot)
        seen.risk.append(encode(snapshot))
        seen.dead_letters.pop()

    found = verdict(spoil)

    assert (found.risk.duplicate, found.letters.missing) == (1, 1)
    assert not found.is_clean


def test_a_worker_that_stopped_half_way_is_found() -> None:
    """A checkpoint from the beginning: the ticks after it do not count as scored."""

    def spoil(seen: Evidence) -> None:
        stage: Stage = stages_of(SETTINGS, [])[2].factory(0)
        stage.restore()
        stage.mark(written={})
        seen.checkpoints[STAGES[2]][0] = stage.state.checkpoint

    assert verdict().scored - verdict(spoil).scored == len(crashed().logs[TICKS.name, 0].values)


def _places(value: bytes) -> set[tuple[int, int]]:
    batch = msgspec.json.decode(value, type=Scores)
    return set(zip(batch.partitions, batch.offsets, strict=True))
