"""What has moved is found, with since when, whatever order partitions are read in, and is told once."""

import msgspec
import numpy as np

from models.reference import fit_reference
from stream.core.names import DAY_MS
from stream.core.sampling import unpack_features
from stream.drift.monitor import Monitor
from stream.drift.told import alert_of
from stream.drift.watch import Finding
from stream.settings import Monitor as Limits
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.columns import Floats
from stream.wire.events import Alert, Scores
from tests.stream.drift.records import HOUR_MS, START, a_record, a_stream

LIMITS = Limits(window_hours=12, least_rows=400, warm_up_days=0.0)
SETTINGS = msgspec.structs.replace(Settings(), monitor=LIMITS)


def a_monitor(seed: int = 1) -> Monitor:
    """One whose reference are 200 hours of ordinary amounts and scores."""
    records = a_stream(200, each=100, seed=1000 + seed)
    amount = np.concatenate([_amounts(one) for one in records])
    score = np.concatenate([one.detectors["robust"] for one in records])
    reference = fit_reference({"amount": amount, "score_robust": score})
    return Monitor(LIMITS, (), lambda _: reference)


def found_in(monitor: Monitor, records: list[Scores]) -> list[Finding]:
    """What one partition's records show, to their end."""
    return [*(one for record in records for one in monitor.scores(0, record)), *monitor.finish()]


def test_larger_amounts_are_told_once_with_the_hour_they_began() -> None:
    """From hour 100 on amounts are twice as large: told within half a day, since about then, and not again."""
    found = found_in(a_monitor(), a_stream(160, each=60, seed=1, grows_from=100))

    assert [[moved.column for moved in one.moved] for one in found] == [["amount"]]
    moved = found[0].moved[0]
    assert 0 < found[0].at - (START + 100 * HOUR_MS) <= 12 * HOUR_MS
    assert abs(moved.since - (START + 100 * HOUR_MS)) <= 4 * HOUR_MS
    assert moved.psi >= LIMITS.psi
    assert moved.now > moved.usual


def test_nothing_is_told_where_nothing_moves() -> None:
    """A week from the same law, for five seeds: silence."""
    found = [found_in(a_monitor(seed), a_stream(170, each=60, seed=seed)) for seed in range(2, 7)]

    assert found == [[]] * 5


def test_scores_that_creep_are_told_before_they_have_moved_far() -> None:
    """Scores a quarter larger than usual: Page–Hinkley finds them while the index is still far below its limit."""
    records = [
        msgspec.structs.replace(one, detectors={"robust": [1.25 * score for score in one.detectors["robust"]]})
        if hour >= 50
        else one
        for hour, one in enumerate(a_stream(200, each=60, seed=8))
    ]

    found = found_in(a_monitor(), records)

    moved = found[0].moved[0]
    assert (moved.column, moved.creep) == ("score_robust", True)
    assert moved.psi < LIMITS.psi
    assert abs(moved.since - (START + 50 * HOUR_MS)) < DAY_MS


def test_the_same_is_found_however_partitions_are_read() -> None:
    """Two partitions hour by hour, or by turns of twenty hours: the same findings, to the last bit."""
    streams = [a_stream(130, each=40, seed=20 + p, grows_from=100) for p in range(2)]
    by_hours, in_turns = a_monitor(), a_monitor()

    first = [f for pair in zip(*streams, strict=True) for p, one in enumerate(pair) for f in by_hours.scores(p, one)]
    second = [
        f
        for start in range(0, 130, 20)
        for p in (1, 0)
        for one in streams[p][start : start + 20]
        for f in in_turns.scores(p, one)
    ]

    assert first
    assert encode([*first, *by_hours.finish()]) == encode([*second, *in_turns.finish()])


def test_the_alert_keeps_the_contract_and_a_restart_tells_nothing_twice() -> None:
    """Its id is a function of its cause; one that has read it back from ``alerts`` is silent for a week."""
    records = a_stream(160, each=60, seed=1, grows_from=100)
    alert, again = (alert_of(found_in(a_monitor(), records)[0], SETTINGS, now=now) for now in (START, START + 5))
    restarted = a_monitor()

    restarted.alert(msgspec.json.decode(encode(alert), type=Alert))

    assert found_in(restarted, records) == []
    assert alert.id == again.id
    assert (alert.kind, alert.entity.id, alert.detector.name) == ("model", "v1", "drift")
    assert alert.score == sum(reason.contribution for reason in alert.reasons) >= alert.threshold
    assert "amount moved from" in alert.sentence
    assert "since about 2025-01-05" in alert.sentence


def test_without_a_reference_the_first_payments_make_one() -> None:
    """5,000 payments that tell their features are learnt from; the growth after them is found."""
    monitor = Monitor(LIMITS, (), lambda _: None)

    found = found_in(monitor, a_stream(160, each=60, seed=1, grows_from=120))

    assert "amount" in {moved.column for one in found for moved in one.moved}
    assert all(one.at > START + 120 * HOUR_MS for one in found)


def test_a_record_that_tells_no_features_is_no_fault() -> None:
    """Of an older worker: its scores count for live figures, and nothing is said of drift."""
    record = msgspec.structs.replace(a_record([START], {"robust": [2.0]}), sample=[], features=b"", layout="")
    monitor = a_monitor()

    assert list(monitor.scores(0, record)) == []
    assert monitor.figures().kept["flagged"] == (1, 1)


def _amounts(record: Scores) -> Floats:
    x = unpack_features(record)
    assert x is not None
    return x[:, 0]
