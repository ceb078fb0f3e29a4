import logging
from collections import Counter

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from stream.core.names import FEATURES
from stream.core.scoring import Scorer
from stream.replay import Keyed, Replay, outgoing
from stream.settings import Settings
from stream.wire.events import Alert, DeadLetter, Scores, Transaction
from stream.wire.topics import ALERTS, DEAD_LETTERS, SCORES, TRANSACTIONS

Matrix = NDArray[np.float64]
START = 1_735_689_600_000
BAD = 13_00  # minor units: the amount that the detectors below can't bear


class Amount:
    """A detector that keeps the contract: the amount, and all of it is the amount's."""

    name, version, features = "amount", "1", ("amount",)
    threshold = 90.0
    usual = np.array([50.0])

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """The amount."""
        return x[:, 0].copy()

    def explain(self, x: Matrix) -> Matrix:
        """All of it."""
        return x.copy()

    def probability(self, score: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Calibrated by nobody."""
        del score
        return None


class Raises(Amount):
    """Can't bear one amount, whether it comes alone or among others."""

    name = "raises"

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """The amount, or an error that quotes it."""
        if (x == BAD / 100).any():
            raise ArithmeticError(f"{BAD / 100} is too much for me")
        return super().score(x)


class Infinite(Amount):
    """Gives no finite score for one amount."""

    name = "infinite"

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """The amount, nan for the bad one."""
        return np.where(x[:, 0] == BAD / 100, np.nan, x[:, 0])


class Misshapen(Amount):
    """Forgets a row for one amount."""

    name = "misshapen"

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """The amounts but the bad one's."""
        return x[x[:, 0] != BAD / 100, 0]


class Small(Amount):
    """Can't bear batches, only single rows."""

    name = "small"

    def score(self, x: Matrix) -> NDArray[np.float64]:
        """The amount of one."""
        if len(x) > 1:
            raise MemoryError
        return super().score(x)


class Mute(Amount):
    """Scores, but can't say why, nor how probable it is."""

    name = "mute"

    def explain(self, x: Matrix) -> Matrix:
        """Fail."""
        raise ValueError(f"no idea of {len(x)} rows")

    def probability(self, score: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Fail."""
        raise ZeroDivisionError(len(score))


class Shapeless(Mute):
    """Explains in another shape."""

    name = "shapeless"

    def explain(self, x: Matrix) -> Matrix:
        """One part too many."""
        return np.ones((len(x), 2))


def rows(*amounts: float) -> Matrix:
    """Feature rows with these amounts."""
    x = np.zeros((len(amounts), len(FEATURES)))
    x[:, FEATURES.index("amount")] = amounts
    return x


def payments(count: int, bad: tuple[int, ...]) -> list[Keyed]:
    """Payments of 1.00 to 96.00, a few of them of the bad amount."""
    made: list[Keyed] = []
    for i in range(count):
        amount = BAD if i in bad else 100 * (14 + i % 83)
        event = Transaction(
            id=f"t{i}", at=START + 1000 * i, customer=f"c{i % 50}", terminal=f"m{i % 40}", amount=amount
        )
        made.append((TRANSACTIONS.name, event.customer, event))
    return made


def replayed(detectors: list[Amount], events: list[Keyed], *, batch: int = 4096) -> dict[str, list[bytes]]:
    """What a replay publishes, by topic."""
    found: dict[str, list[bytes]] = {SCORES.name: [], ALERTS.name: [], DEAD_LETTERS.name: []}
    for record in outgoing(Replay(Settings(), detectors, batch=batch).run(events)):
        found.setdefault(record.topic, []).append(record.value)
    return found


def scores_of(values: list[bytes], detector: str) -> dict[str, float]:
    """Payment id → score; none may come twice."""
    found: dict[str, float] = {}
    for batch in (msgspec.json.decode(value, type=Scores) for value in values):
        pairs = dict(zip(batch.ids, batch.detectors[detector], strict=True))
        assert not found.keys() & pairs.keys()
        found |= pairs
    return found


@pytest.mark.parametrize("detector", [Raises(), Infinite(), Misshapen()], ids=lambda d: d.name)
def test_a_row_that_a_detector_cannot_score_is_named_and_the_others_stand(detector: Amount) -> None:
    """Whether it raises, gives nan or another shape: alone, first, last or in the middle of the batch."""
    scorer = Scorer([Amount(), detector])
    for amounts in ([13.0], [13.0, 95.0], [95.0, 20.0, 13.0], [20.0, 13.0, 95.0, 13.0]):
        scored = scorer.score(rows(*amounts))
        bad = [i for i, amount in enumerate(amounts) if amount == 13.0]

        assert sorted(scored.failed) == bad
        assert all(fault.startswith(f"detector {detector.name} 1: ") for fault in scored.failed.values())
        assert np.array_equal(scored.scores[detector.name], [np.nan if a == 13.0 else a for a in amounts], True)
        assert scored.suspicious.tolist() == [i for i, amount in enumerate(amounts) if amount == 95.0]


def test_an_error_is_told_by_its_type_alone() -> None:
    """Its text may quote an event: the amount stands neither in what is told nor in the log."""
    scored = Scorer([Raises()]).score(rows(13.0))

    assert scored.failed == {0: "detector raises 1: ArithmeticError"}


def test_what_remains_is_numbered_anew() -> None:
    """Of five rows the second and the fourth go: the last, suspicious before, is suspicious as the third."""
    scored = Scorer([Raises()]).score(rows(91.0, 13.0, 20.0, 13.0, 95.0))
    left = scored.only(np.array([0, 2, 4]))

    assert left.suspicious.tolist() == [0, 2]
    assert left.scores["raises"].tolist() == [91.0, 20.0, 95.0]
    assert left.failed == {}


def test_a_detector_that_bears_single_rows_alone_loses_nothing() -> None:
    """The batch fails, each row by itself does not: all are scored, and the failures of batches are counted."""
    scorer = Scorer([Small()])
    scored = scorer.score(rows(20.0, 95.0))

    assert scored.scores["small"].tolist() == [20.0, 95.0]
    assert scored.failed == {}
    assert scorer.take_failures() == {("small", "batch"): 1}


def test_a_detector_that_always_fails_is_logged_ever_more_rarely(caplog: pytest.LogCaptureFixture) -> None:
    """Of 1,000 failing rows in one batch the 1st, 10th, 100th and 1,000th are logged, and the batch itself."""
    scorer = Scorer([Raises()])
    with caplog.at_level(logging.WARNING, logger="weir.scoring"):
        scorer.score(rows(*[13.0] * 1000))

    assert [record.getMessage().rpartition("=")[2] for record in caplog.records] == ["1", "1", "10", "100", "1000"]
    assert scorer.take_failures() == {("raises", "batch"): 1, ("raises", "score"): 1000}
    assert not scorer.take_failures()


@pytest.mark.parametrize("detector", [Raises(), Infinite(), Misshapen()], ids=lambda d: d.name)
def test_one_culprit_among_thousands_becomes_a_dead_letter_and_the_rest_is_scored(detector: Amount) -> None:
    """Of 4,096 payments in one batch one can't be scored: 4,095 scores and all alerts as without it, bit for bit."""
    events = payments(4096, (2048,))
    expected = replayed([Amount()], events)
    found = replayed([Amount(), detector], events)

    letters = [msgspec.json.decode(value, type=DeadLetter) for value in found[DEAD_LETTERS.name]]
    wanted = scores_of(expected[SCORES.name], "amount")
    del wanted["t2048"]
    assert [(letter.reason, letter.source.topic) for letter in letters] == [("detector_failed", "transactions")]
    assert letters[0].detail.startswith(f"detector {detector.name} 1: ")
    assert letters[0].id == f"transactions-{letters[0].source.partition}-{letters[0].source.offset}"
    assert scores_of(found[SCORES.name], "amount") == wanted
    assert scores_of(found[SCORES.name], detector.name) == wanted
    told = {msgspec.json.decode(value, type=Alert).id for value in expected[ALERTS.name]}
    assert {msgspec.json.decode(value, type=Alert).id for value in found[ALERTS.name]} == told
    assert len(told) > 10


def test_the_batch_decides_neither_scores_nor_dead_letters() -> None:
    """A replay in batches of 7 and of 4,096: the same, and in = scored + dead letters."""
    bad = (0, 1, 99, 500, 511)
    whole, cut = (replayed([Raises()], payments(512, bad), batch=batch) for batch in (4096, 7))

    assert sorted(whole[DEAD_LETTERS.name]) == sorted(cut[DEAD_LETTERS.name])
    assert len(whole[DEAD_LETTERS.name]) == len(bad)
    scored = scores_of(whole[SCORES.name], "raises")
    assert scored == scores_of(cut[SCORES.name], "raises")
    assert len(scored) + len(bad) == 512


def test_dead_letters_go_to_the_partition_of_the_terminal() -> None:
    """Agents let a stage publish records with an id to its own partition alone, whatever partition the payment has."""
    outputs = Replay(Settings(), [Raises()]).run(payments(400, tuple(range(0, 400, 10))))
    own: set[bool] = set()
    for output in outputs:
        of_scores = {record.partition for record in output.records if record.topic == SCORES.name}
        for record in output.records:
            if record.topic == DEAD_LETTERS.name:
                own.add(of_scores == {record.partition})

    assert own == {True}


@pytest.mark.parametrize("detector", [Mute(), Shapeless()], ids=lambda d: d.name)
def test_an_alert_is_told_though_its_detector_cannot_explain_it(detector: Amount) -> None:
    """The score stands: an alert without reasons can be looked into, one that is lost can't."""
    events = payments(200, ())
    expected = [msgspec.json.decode(value, type=Alert) for value in replayed([Amount()], events)[ALERTS.name]]
    found = replayed([detector], events)
    alerts = [msgspec.json.decode(value, type=Alert) for value in found[ALERTS.name]]

    assert [(alert.source, alert.score) for alert in alerts] == [(alert.source, alert.score) for alert in expected]
    assert len(alerts) > 5
    assert all(alert.reasons == () and alert.probability is None for alert in alerts)
    assert all(alert.sentence.endswith(f": {detector.name} gave no reasons.") for alert in alerts)
    assert not found[DEAD_LETTERS.name]


def test_failures_are_counted_by_detector_and_by_what_it_was_asked() -> None:
    """Three payments can't be scored by one detector, no alert can be explained by another."""
    counts: Counter[tuple[str, ...]] = Counter()
    for output in Replay(Settings(), [Mute(), Raises()]).run(payments(300, (7, 8, 9))):
        counts.update(output.counts)
    told = sum(times for key, times in counts.items() if key[0] in ("alerts", "held_back"))

    assert counts["detector_failures", "raises", "score"] == 3
    assert counts["dead_lettered", "detector_failed"] == 3
    assert counts["detector_failures", "mute", "explain"] == told
    assert counts["scored", "payments"] == 297
