"""A restart with much state: how long after a worker's end its partitions are worked on again."""

import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from stream.agents.spec import changelog_topic
from stream.bench.backlog import preload
from stream.bench.drain import Offsets, drain
from stream.bench.flow import Flow
from stream.bench.ground import Ground, metrics_address
from stream.bench.material import Material
from stream.bench.processes import weigh
from stream.errors import WeirError
from stream.run.children import Child
from stream.run.ready import counter
from stream.settings import Settings
from stream.walk import STAGES
from stream.wire.topics import BY_TERMINAL, LABELS, TRANSACTIONS

_CHUNK = 250_000  # payments made at a time
_TAIL = 20_000  # payments that wait for the new worker
_WITHIN_SECONDS = 300.0
_SESSION_SECONDS = Settings().kafka.session_seconds
_LOOK_SECONDS = 0.02


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's end and the next one's start, in seconds.

    up           from its start until it answers: imports, kernels, topics
    ready        from its start until it has its partitions and their state
    committed    from the end of the one before until something new is committed
    cpu_seconds  of the worker until it was ready, all threads
    """

    up: float
    ready: float
    committed: float
    cpu_seconds: float


class Restart(msgspec.Struct, frozen=True, kw_only=True):
    """Restarts of one worker with much state.

    keys               customers held
    changelog_records  rows written to all changelogs before, old values of the same keys included
    changelog_mb       on disk, as far as compaction had come
    stopped            after SIGTERM
    killed             after ``kill -9``, when the group waits ``session_seconds`` for the dead one
    named              the same of a worker with a name of its own (``kafka.instance``), which is not waited for
    """

    keys: int
    payments: int
    changelog_records: int
    changelog_mb: float
    session_seconds: float
    rss_mb: float
    stopped: Resumed
    killed: Resumed
    named: Resumed


def measure_restart(ground: Ground, *, customers: int, history: float) -> Restart:
    """Let a worker get to know ``customers`` by ``history`` payments each, then end and start it, three times."""
    what = f"restart with {customers:,} customers"
    placed = ground.place("restart")
    kafka = placed.kafka
    flow = Flow(
        customers=customers, terminals=max(1, customers // 50), history=2 * history, partitions=kafka.partitions
    )
    count = int(customers * history)
    turns = (("stopped", signal.SIGTERM, ""), ("killed", signal.SIGKILL, "bench"), ("named", signal.SIGKILL, "bench"))
    reads = [kafka.prefix + topic.name for topic in (TRANSACTIONS, LABELS, BY_TERMINAL)]
    with (
        ExitStack() as workers,
        Offsets(kafka.bootstrap, group=kafka.group, topics=reads, partitions=kafka.partitions) as offsets,
    ):
        settle = partial(drain, offsets, within_seconds=_WITHIN_SECONDS, on_progress=lambda _: None)
        worker = workers.enter_context(ground.worker(placed, session_seconds=_SESSION_SECONDS))
        _fill(flow, placed, count, lambda share: ground.tell(what, 0.9 * share))
        rss_mb = settle(worker, total=count).rss_mb
        keys = round(counter(metrics_address(placed), "weir_state_keys", table=STAGES[0]))
        records, size = _changelogs(placed)
        found = {}
        for turn, (kind, harm, name) in enumerate(turns):  # how the one before ends, and what the next one is called
            ground.tell(what, 0.9 + 0.03 * turn)
            os.kill(worker.pid, harm)
            worker.stop()
            ended = time.monotonic()
            placed = msgspec.structs.replace(placed, kafka=msgspec.structs.replace(kafka, instance=name))
            worker = workers.enter_context(ground.worker(placed, session_seconds=_SESSION_SECONDS))
            before = count + turn * _TAIL
            found[kind] = _resumed(placed, worker, offsets, flow.material(before, _TAIL), ended)
            settle(worker, total=before + _TAIL)
    ground.tell(what, 1.0)
    return Restart(
        keys=keys,
        payments=count,
        changelog_records=records,
        changelog_mb=size,
        session_seconds=_SESSION_SECONDS,
        rss_mb=rss_mb,
        **found,
    )


def _fill(flow: Flow, placed: Settings, count: int, tell: Callable[[float], None]) -> None:
    """Write the first ``count`` payments, part by part."""
    for begin in range(0, count, _CHUNK):
        part = flow.material(begin, min(_CHUNK, count - begin))
        preload(part, slice(None), bootstrap=placed.kafka.bootstrap, prefix=placed.kafka.prefix)
        tell(begin / count)


def _resumed(placed: Settings, worker: Child, offsets: Offsets, more: Material, ended: float) -> Resumed:
    """Watch a worker that has just been started after another ended at ``ended`` (monotonic), and give it work."""
    began = time.monotonic()
    before = offsets.done()
    preload(more, slice(None), bootstrap=placed.kafka.bootstrap, prefix=placed.kafka.prefix)
    address = metrics_address(placed)
    up = _until(lambda: _answers(f"{address}/metrics"), worker) - began
    ready = _until(lambda: _answers(f"{address}/readyz"), worker) - began
    used = weigh(worker.pid).cpu_seconds
    committed = _until(lambda: offsets.done() > before, worker) - ended
    return Resumed(up=up, ready=ready, committed=committed, cpu_seconds=used)


def _until(is_so: Callable[[], bool], worker: Child) -> float:
    """Wait until something is so; returns when it was (monotonic)."""
    deadline = time.monotonic() + _WITHIN_SECONDS
    while not is_so():
        worker.require_alive()
        if time.monotonic() > deadline:
            raise WeirError(f"{worker.name}: not at work after {_WITHIN_SECONDS:.0f} s; its log: {worker.log}")
        time.sleep(_LOOK_SECONDS)
    return time.monotonic()


def _answers(page: str) -> bool:
    try:
        with urllib.request.urlopen(page, timeout=1):  # noqa: S310  # our own worker
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _changelogs(placed: Settings) -> tuple[int, float]:
    """Count the rows written to all changelogs, and their megabytes on disk."""
    topics = [changelog_topic(placed, stage) for stage in STAGES]
    places = [TopicPartition(topic, p) for topic in topics for p in range(placed.kafka.partitions)]
    consumer = KafkaConsumer(bootstrap_servers=placed.kafka.bootstrap, group_id=None)
    admin = KafkaAdminClient(bootstrap_servers=placed.kafka.bootstrap)
    try:
        ends, beginnings = consumer.end_offsets(places), consumer.beginning_offsets(places)
        folders = admin.describe_log_dirs(topics)
    finally:
        consumer.close()
        admin.close()
    records = sum(ends[place] - beginnings[place] for place in places)
    return records, _bytes_of(folders) / 2**20


def _bytes_of(found: object) -> int:
    """Add up all ``partition_size`` in a broker's answer."""
    if isinstance(found, dict):
        own = found.get("partition_size")
        return (own if isinstance(own, int) else 0) + sum(map(_bytes_of, found.values()))
    return sum(map(_bytes_of, found)) if isinstance(found, list) else 0
