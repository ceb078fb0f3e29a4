"""The rival: the same job in stock Faust 0.15.3, event by event, as its documentation would have it.

One agent on ``transactions``; ``faust.Record`` models in JSON; the customers' last 30 days in a ``Table`` (in memory,
with its changelog, as every table has), because Faust's own windows are tumbling or hopping, not sliding; the features
of ``rival``; the same autoencoder, forwarded for one row by the same compiled kernel that Weir uses; an alert to a
topic above the same threshold. Faust's Cython extensions and uvloop are on; it commits every second, as Weir does.

It leaves out what Weir does besides: the re-keying to terminals and their features (which go in at their usual
values), labels, the second detector, scores of every payment, dead letters, cooldowns, and the reasons and sentence of
an alert. All of that makes it faster.
"""

import sys
from pathlib import Path
from typing import Any

import faust
import mode.loop
import msgspec
import numpy as np

from models.detector import Detector
from models.plugins import load_detectors
from stream.bench.rival import History, features, remember
from stream.core.names import CUSTOMER_FEATURES
from stream.wire.topics import ALERTS, TRANSACTIONS


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Where to work.

    group   Faust's application id
    folder  takes what Faust writes
    model   artefact folder; empty: the reference artefact
    """

    bootstrap: str
    prefix: str
    group: str
    partitions: int
    folder: str
    model: str = ""


class Payment(faust.Record, serializer="json"):  # type: ignore[call-arg]  # Faust's classes take arguments
    """A transaction as Faust reads it."""

    id: str
    at: int
    customer: str
    terminal: str
    amount: int


class Suspicion(faust.Record, serializer="json"):  # type: ignore[call-arg]  # likewise
    """The rival's alert."""

    transaction: str
    customer: str
    at: int
    amount: int
    score: float
    threshold: float


class Judge:
    """The autoencoder, for one payment at a time."""

    def __init__(self, detector: Detector) -> None:
        self.threshold = detector.threshold
        self._detector = detector
        places = [CUSTOMER_FEATURES.index(name) if name in CUSTOMER_FEATURES else -1 for name in detector.features]
        self._places = np.array(places)
        self._usual = np.asarray(detector.usual)

    def score(self, customer_features: list[float]) -> float:
        """Score a payment of which the customer's features are known, at a terminal as usual."""
        x = np.where(self._places < 0, self._usual, np.array(customer_features)[self._places])
        return float(self._detector.score(x[np.newaxis])[0])


def build(job: Job, detector: Detector) -> faust.App:
    """Make the app."""
    app = faust.App(
        job.group,
        broker=f"kafka://{job.bootstrap}",
        store="memory://",
        datadir=job.folder,
        topic_partitions=job.partitions,
        topic_disable_leader=True,
        web_enabled=False,
        broker_commit_interval=1.0,
        consumer_auto_offset_reset="earliest",
    )
    payments = app.topic(job.prefix + TRANSACTIONS.name, value_type=Payment)
    alerts = app.topic(job.prefix + ALERTS.name, value_type=Suspicion)
    histories = app.Table("customer-history", default=lambda: ([], [], []), partitions=job.partitions)
    judge = Judge(detector)

    async def watch(stream: Any) -> None:
        async for payment in stream:
            history: History = histories[payment.customer]
            score = judge.score(features(history, payment.at, payment.amount))
            if score >= judge.threshold:
                await alerts.send(key=payment.customer, value=_suspicion(payment, score, judge.threshold))
            histories[payment.customer] = remember(history, payment.at, payment.amount, payment.terminal)

    app.agent(payments)(watch)
    return app


def _suspicion(payment: Payment, score: float, threshold: float) -> Suspicion:
    return Suspicion(
        transaction=payment.id,
        customer=payment.customer,
        at=payment.at,
        amount=payment.amount,
        score=score,
        threshold=threshold,
    )


def main(argument: str) -> None:
    """Work as a ``Job`` given as JSON says, until told to stop."""
    mode.loop.use("uvloop")
    job = msgspec.json.decode(argument, type=Job)
    app = build(job, load_detectors(("autoencoder",), Path(job.model) if job.model else None)[0])
    faust.Worker(app, loglevel="WARN", quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1])
