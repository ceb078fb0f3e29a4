"""The rival computes what Weir computes (``stream.bench.rival``), so a race with it is a race at the same job."""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.testing import assert_allclose

from models.detector import Matrix, Vector
from stream.bench.material import payments
from stream.bench.rival import History, features, remember
from stream.bench.rival_faust import Judge
from stream.core.merge import Merged
from stream.core.names import CUSTOMER_FEATURES
from stream.core.scoring import Scored
from stream.replay import Replay
from stream.settings import Alerts, Settings
from stream.wire.events import Alert, Transaction

_COUNT = 4_000


class OutOfRange:
    """A detector of customers' features alone, so that both sides have all it reads."""

    def __init__(self) -> None:
        self.name, self.version, self.threshold = "out-of-range", "1", 1.5
        self.features: tuple[str, ...] = ("amount", "amount_ratio")
        self.usual: Vector = np.array([50.0, 1.0])

    def score(self, x: Matrix) -> Vector:
        """Amount in thousands, and times the customer's mean."""
        return np.asarray(self.explain(x).sum(axis=1))

    def explain(self, x: Matrix) -> Matrix:
        """Both parts."""
        return np.column_stack((x[:, 0] / 1_000, np.nan_to_num(x[:, 1])))

    def probability(self, score: Vector) -> Vector | None:  # noqa: ARG002  # the contract's signature
        """None: it is not calibrated."""
        return None


def test_customer_features_equal_weirs_on_a_simulated_stream() -> None:
    """Every one of the features, payment by payment, by bisection and plain sums, equals the compiled kernels'."""
    stream = _few_customers()
    weir: dict[str, list[float]] = {}

    def keep(merged: Merged, x: Matrix, _: Scored) -> None:
        weir.update(zip(merged.id, x[:, : len(CUSTOMER_FEATURES)].tolist(), strict=True))

    for _ in Replay(Settings(), [], observe=keep).run(_keyed(stream)):
        pass

    rival = {payment.id: row for payment, row in _walk(stream)}
    assert rival.keys() == weir.keys()
    ids = sorted(rival)
    assert_allclose([rival[i] for i in ids], [weir[i] for i in ids], rtol=1e-9, atol=1e-9)


def test_alerts_equal_weirs_on_a_simulated_stream() -> None:
    """The same detector speaks at the same payments."""
    stream = _few_customers()
    settings = Settings(alerts=Alerts(cooldown_seconds=0))
    weir = {
        str(msgspec.json.decode(record.value, type=Alert).evidence["transaction"])
        for output in Replay(settings, [OutOfRange()]).run(_keyed(stream))
        for record in output.records
        if record.topic == "alerts"
    }

    judge = Judge(OutOfRange())
    rival = {payment.id for payment, row in _walk(stream) if judge.score(row) >= judge.threshold}
    assert len(rival) > 50
    assert rival == weir


def _few_customers() -> list[Transaction]:
    """Thin the simulated payments to forty customers, so that each has a history."""
    made = payments(_COUNT, partitions=1, labels=False, seed=3, customers=500).values
    events = [msgspec.json.decode(value, type=Transaction) for value in made]
    return [msgspec.structs.replace(event, customer=f"c{i * 7 % 40}") for i, event in enumerate(events)]


def _keyed(stream: Iterable[Transaction]) -> Iterable[tuple[str, str, Transaction]]:
    return (("transactions", payment.customer, payment) for payment in stream)


def _walk(stream: Iterable[Transaction]) -> Iterable[tuple[Transaction, list[float]]]:
    histories: dict[str, History] = {}
    for payment in stream:
        history = histories.get(payment.customer, ([], [], []))
        yield payment, features(history, payment.at, payment.amount)
        histories[payment.customer] = remember(history, payment.at, payment.amount, payment.terminal)
