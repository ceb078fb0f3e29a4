"""The process of ``weir score``: replica, producer and app in one event loop, nothing else in the way."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from litestar import Litestar
from prometheus_client import CollectorRegistry

from models.detector import Detector
from monitoring.score_metrics import ScoreMetrics
from stream.access import require_role
from stream.agents.topics import create_topics
from stream.connection import client_options
from stream.console.process import listen, run
from stream.console.scoring.app import Lifespan, build_scoring
from stream.console.scoring.bystander import Bystander
from stream.console.scoring.memory import Memory
from stream.console.scoring.replica import Replica
from stream.console.scoring.till import Till
from stream.console.tokens import Keyring
from stream.errors import DeliveryError
from stream.registry.arrivals import Arrivals
from stream.settings import Settings
from stream.walk import STAGES
from stream.wire.events import Transaction
from stream.wire.topics import DECISIONS

_LOG = logging.getLogger("weir.score")
_GC_THRESHOLDS = (50_000, 20, 50)  # as the workers have them
_REQUEST_MS = 5_000
_GATHER_MS = 2  # that payments wait for others: a request to Kafka costs as much as judging


def serve_scores(
    settings: Settings, own: Sequence[Detector], keyring: Keyring, on_ready: Callable[[str], None]
) -> None:
    """Answer payments until a signal, by the model that serves when it starts.

    own  detectors of the settings' own model
    Raises as ``stream.console.process.serve`` does.
    """
    place = settings.console
    listener = listen(place, place.score_port)
    create_topics(settings.kafka.bootstrap, settings, stages=STAGES)
    require_role("score", settings)
    detectors = Arrivals(settings, own, lambda _: None).serving_first()
    registry = CollectorRegistry()
    memory = Memory(place.decisions)
    last = -(-place.decisions // settings.kafka.partitions)
    replica = Replica(settings, {settings.kafka.prefix + DECISIONS.name: (memory.take, last)})
    metrics = ScoreMetrics(registry, replica)
    bystander = Bystander(settings, detectors)
    _warm_up(bystander, settings)
    producer = _Producer(settings)
    till = Till(settings, bystander, replica, memory, producer, metrics.answered)
    app = build_scoring(
        till,
        keyring,
        registry,
        unready=lambda: _unready(replica),
        a_second=place.scores_a_second,
        lifespan=_beside(replica, producer),
    )
    gc.collect()
    gc.freeze()  # modules and kernels live as long as the process
    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        run(metrics.timed(app), place, listener, on_ready, on_end=lambda: None)
    finally:
        listener.close()


class _Producer:
    """aiokafka's producer, made once there is a loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        self._producer = AIOKafkaProducer(
            **client_options(self._settings.kafka),
            client_id="weir-score",
            enable_idempotence=True,
            acks="all",
            request_timeout_ms=_REQUEST_MS,
            linger_ms=_GATHER_MS,
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Flush and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def send_and_wait(self, topic: str, value: bytes, key: bytes, timestamp_ms: int) -> object:
        """Return once Kafka has the record. Raises DeliveryError where it did not take it."""
        assert self._producer is not None
        try:
            return await self._producer.send_and_wait(topic, value, key=key, timestamp_ms=timestamp_ms)
        except KafkaError as error:
            raise DeliveryError(topic, 1, type(error).__name__) from error


def _beside(replica: Replica, producer: _Producer) -> Lifespan:
    """Connect before the first request, and follow the changelogs until the last."""

    @asynccontextmanager
    async def living(_: Litestar) -> AsyncIterator[None]:
        await replica.start()
        await producer.start()
        following = asyncio.create_task(_follow(replica))
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            await producer.stop()
            await replica.stop()

    return living


async def _follow(replica: Replica) -> None:
    """Keep up; a fault of Kafka's is told, and tried again: meanwhile ``_unready`` says how old all grows."""
    while True:
        try:
            await replica.follow()
        except KafkaError as error:
            _LOG.warning("event=changelogs_unread error=%s", type(error).__name__)
            await asyncio.sleep(1.0)


def _unready(replica: Replica) -> str:
    return "" if replica.is_followed else "What is known of customers grows old: Kafka does not answer"


def _warm_up(bystander: Bystander, settings: Settings) -> None:
    """Load every kernel before the first question: one payment far above a customer's habit, and one within it."""
    at = round(1000 * time.time())
    for amount in (1_000, settings.payments.max_amount):
        payment = Transaction(
            id="warm-up", at=at, customer="c", terminal="m", amount=amount, currency=settings.payments.currency
        )
        bystander.judge(payment, None, None, now=at)
