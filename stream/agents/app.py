"""The Faust app: one table per stage and one agent per topic it reads, on the transport of slices."""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Sequence
from typing import Any

import faust
from aiokafka.errors import ProducerFenced
from faust.types import AppT

from stream.agents import transport
from stream.agents.delivery import Delivery
from stream.agents.fetch import Round
from stream.agents.observer import Observer, Silent
from stream.agents.outbox import Publisher
from stream.agents.spec import StageSpec, changelog_topic
from stream.agents.tables import LaneStore, PromptTableManager, SliceSchema, StageTable
from stream.connection import password, tls
from stream.errors import WeirError
from stream.settings import Kafka, Settings
from stream.wire.topics import SCORES

log = logging.getLogger("weir.agents")

_QUEUED_ROUNDS = 4  # per topic, between fetching and feeding; Kafka holds the rest
_LONG = 512  # records in a slice, after which others may go on: milliseconds
_RENEW_SECONDS = 86_400.0
_LOOKS_PER_IDLE = 5  # how often a silence is looked for while it grows to ``kafka.idle_ms``
_GATHERED_SECONDS = 0.02  # scores of a few payments each would be most of what Kafka is asked to take
_HEARTBEATS = 10  # per session: at the next one a worker hears that another has died and partitions wait


class WeirApp(faust.App):
    """A Faust app that drives stages.

    weir      the settings in force
    delivery  everything between Faust and the stages
    failure   what ended the worker, if anything did
    """

    weir: Settings
    delivery: Delivery
    failure: BaseException | None = None

    async def fail(self, error: BaseException) -> None:
        """End the worker: nothing more is fed or committed, the process ends with an error."""
        if self.failure is None:
            self.failure = error
            self.delivery.fail()
            _tell(error)
            await self.crash(error)

    def _create_directories(self) -> None:
        """Make none, as Faust would: nothing is kept on disk, so a full one is no reason not to start."""


def _tell(error: BaseException) -> None:
    if isinstance(error, WeirError):
        log.error("event=worker_failed error=%s reason=%r", type(error).__name__, str(error))
    else:  # a fault of ours: where it happened, but not its text, which may quote a record
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("event=worker_failed error=%s\n%s", type(error).__name__, place)


def build_app(settings: Settings, specs: Sequence[StageSpec], observer: Observer | None = None) -> WeirApp:
    """Build the app; its topics must exist (``stream.agents.topics``).

    settings  ``kafka.bootstrap`` is set
    specs     the stages, each with a name and topics of its own
    observer  is told of slices and commits
    """
    transport.register()
    app = WeirApp(
        settings.kafka.group,
        broker=f"{transport.SCHEME}://{settings.kafka.bootstrap.replace(',', f';{transport.SCHEME}://')}",
        broker_credentials=_credentials(settings.kafka),
        topic_partitions=settings.kafka.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
        broker_commit_interval=settings.kafka.commit_seconds,
        broker_session_timeout=settings.kafka.session_seconds,
        broker_heartbeat_interval=settings.kafka.session_seconds / _HEARTBEATS,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.kafka.instance or None,
        stream_buffer_maxsize=_QUEUED_ROUNDS,
        table_standby_replicas=settings.kafka.standbys,
        store="memory://",
        TableManager=PromptTableManager,
    )
    app.weir = settings
    observer = observer or Silent()
    tables = [StageTable(app, spec, observer) for spec in specs]
    for table in tables:
        app.tables.add(table)
    changelogs = {changelog_topic(settings, spec.name) for spec in specs}
    publisher = Publisher(
        lambda: app.producer.prompt,
        prefix=settings.kafka.prefix,
        partitions=settings.kafka.partitions,
        owned={settings.kafka.prefix + topic for spec in specs for topic in spec.outputs} | changelogs,
        bulk=lambda: app.producer.bulk,
        by_bulk={settings.kafka.prefix + SCORES.name: _GATHERED_SECONDS} | dict.fromkeys(changelogs, 0.0),
    )
    app.delivery = Delivery(settings, [table.data for table in tables], publisher, observer)
    for spec in specs:
        for topic in spec.topics:
            _add_agent(app, spec, topic)
    _add_upkeep(app, [table.data for table in tables])
    return app


def _credentials(kafka: Kafka) -> faust.SASLCredentials | None:
    """Who we are to Kafka; None where nobody is asked."""
    if kafka.security == "plaintext":
        return None
    return faust.SASLCredentials(
        username=kafka.username, password=password(kafka), ssl_context=tls(kafka), mechanism=kafka.mechanism
    )


def _add_agent(app: WeirApp, spec: StageSpec, topic: str) -> None:
    # Acks are off: what is committed is what the stages say is done (``Stage.resume_at``), which is later than what
    # they were fed, and Faust's list of acks grows and stalls with gaps in offsets.
    channel = app.topic(app.weir.kafka.named(topic), schema=SliceSchema(), acks=False, maxsize=_QUEUED_ROUNDS)

    async def drive(rounds: AsyncIterator[Round]) -> None:
        async for fetched in rounds:
            try:
                for one in fetched:
                    await app.delivery.take(one, app.consumer)
                    if len(one.records) > _LONG:
                        await asyncio.sleep(0)
            except Exception as error:  # noqa: BLE001  Faust would restart the agent and skip the slice
                await app.fail(error)

    drive.__doc__ = f"Feeds {topic} to the stage {spec.name}."
    app.agent(channel, name=f"weir.{spec.name}.{topic}")(drive)


def _add_upkeep(app: WeirApp, stores: Sequence[LaneStore]) -> None:
    @app.on_rebalance_complete.connect
    async def restore(sender: AppT, **_: Any) -> None:  # noqa: ARG001
        # Recovery has loaded the tables; Faust seeks to the committed offsets next, then feeds.
        try:
            await app.delivery.restore(app.consumer.assignment(), app.consumer)
        except Exception as error:
            await app.fail(error)
            raise
        log.info(
            "event=recovered changelog_records=%d seconds=%.2f",
            sum(store.read for store in stores),
            time.monotonic() - min(store.assigned_at for store in stores),
        )

    @app.timer(interval=_RENEW_SECONDS)
    async def renew() -> None:
        try:
            await app.delivery.renew()
        except ProducerFenced:
            pass  # the group knows, and tells us
        except Exception as error:  # noqa: BLE001  Faust would log it and go on without us
            await app.fail(error)

    @app.task
    async def hear_silence() -> None:
        pause = app.weir.kafka.idle_ms / 1000 / _LOOKS_PER_IDLE
        while not app.should_stop:
            await asyncio.sleep(pause)
            try:
                app.delivery.hear_silence(app.consumer)
            except Exception as error:  # noqa: BLE001  Faust would log it and go on without us
                await app.fail(error)
