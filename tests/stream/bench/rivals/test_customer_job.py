"""The rivals compute what Weir computes (``stream.bench.rivals.customer_job``), so a race is a race at the same job."""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from models.artifact import REFERENCE
from models.detector import Matrix
from models.plugins import load_detectors
from stream.bench.material import payments
from stream.bench.rivals.customer_job import FEATURES, History, Judge, features, remember
from stream.core.merge import Merged
from stream.core.names import CUSTOMER_FEATURES
from stream.core.scoring import Scored
from stream.replay import Replay
from stream.settings import Settings
from stream.wire.events import Transaction

_COUNT = 4_000


def test_the_features_are_weirs_in_weirs_order() -> None:
    """The rivals can't import the names, so they are held here."""
    assert FEATURES == CUSTOMER_FEATURES


def test_features_equal_weirs_on_a_simulated_stream() -> None:
    """Every one of them, payment by payment, by bisection and plain sums, equals the compiled kernels'."""
    stream = _few_customers()
    weir: dict[str, list[float]] = {}

    def keep(merged: Merged, x: Matrix, _: Scored) -> None:
        weir.update(zip(merged.id, x[:, : len(CUSTOMER_FEATURES)].tolist(), strict=True))

    for _ in Replay(Settings(), [], observe=keep).run(("transactions", event.customer, event) for event in stream):
        pass

    rival = {payment.id: row for payment, row in _walk(stream)}
    assert rival.keys() == weir.keys()
    ids = sorted(rival)
    assert_allclose([rival[i] for i in ids], [weir[i] for i in ids], rtol=1e-9, atol=1e-9)


def test_scores_have_the_same_bits_as_weirs() -> None:
    """One row at a time through the rivals' own forward pass, and all at once through Weir's detector."""
    rows = [row for _, row in _walk(_few_customers())]
    judge, detector = Judge(str(REFERENCE)), load_detectors(("autoencoder",), None)[0]
    x = np.tile(detector.usual, (len(rows), 1))
    for place, name in enumerate(detector.features):
        if name in CUSTOMER_FEATURES:
            x[:, place] = [row[CUSTOMER_FEATURES.index(name)] for row in rows]

    assert_array_equal([judge.score(row) for row in rows], detector.score(x))


def test_what_no_window_reaches_is_forgotten() -> None:
    """A history is kept for 30 days and the hour that a payment may be late: it can't grow without end."""
    history: History = ([], [], [])
    day = 86_400_000
    for i in range(100):
        history = remember(history, i * day, 100, "t")

    times, amounts, terminals = history
    assert times == [i * day for i in range(69, 100)]
    assert len(amounts) == len(terminals) == len(times)


def _few_customers() -> list[Transaction]:
    """Thin the simulated payments to forty customers, so that each has a history."""
    made = payments(_COUNT, partitions=1, labels=False, seed=3, customers=500).values
    events = [msgspec.json.decode(value, type=Transaction) for value in made]
    return [msgspec.structs.replace(event, customer=f"c{i * 7 % 40}") for i, event in enumerate(events)]


def _walk(stream: Iterable[Transaction]) -> Iterable[tuple[Transaction, list[float]]]:
    histories: dict[str, History] = {}
    for payment in stream:
        history = histories.get(payment.customer, ([], [], []))
        yield payment, features(history, payment.at, payment.amount)
        histories[payment.customer] = remember(history, payment.at, payment.amount, payment.terminal)
