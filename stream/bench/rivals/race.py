"""The rivals on Weir's course: the same payments, broker, core and way of measuring, in the same run."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from models.artifact import REFERENCE
from stream.bench.backlog import preload
from stream.bench.drain import Offsets, drain
from stream.bench.ground import Ground
from stream.bench.latency import Latency, Subject, measure_latency
from stream.bench.material import payments
from stream.bench.processes import running_command
from stream.bench.rivals.customer_job import Job
from stream.bench.rivals.environments import environment
from stream.bench.rivals.roster import RIVALS, Rival
from stream.bench.rivals.verdicts import verdicts
from stream.bench.throughput import Contender, Throughput, drain_repeatedly, read_all
from stream.errors import MachineError
from stream.run.children import Child
from stream.settings import Settings
from stream.wire.topics import ALERTS, TRANSACTIONS

_READY_PAYMENTS = 200  # drained before load is offered, so that the rival has its partitions
_START_SECONDS = 120.0


class Raced(msgspec.Struct, frozen=True, kw_only=True):
    """What a rival did.

    version     of its package
    throughput  None where it was left out
    latency     offered rate → figures; rates beyond its throughput are not offered
    left_out    why it could not take part
    """

    title: str
    version: str
    throughput: Throughput | None = None
    latency: dict[str, Latency] = {}
    left_out: str = ""


class Suspicion(msgspec.Struct, frozen=True):
    """What is read of a rival's alert (``customer_job.suspicion``)."""

    transaction: str
    produced_at: int


_suspicion = msgspec.json.Decoder(Suspicion).decode


def measure_rivals(
    ground: Ground, *, events: int, repeats: int, rates: Sequence[int], seconds: float, warm_seconds: float
) -> dict[str, Raced]:
    """Let each rival drain its share of the first ``events`` payments, then stand the offered ``rates``.

    Raises WeirError where a rival's alerts are not those of Weir's scorer.
    """
    raced = {}
    for rival in RIVALS:
        try:
            python = environment(rival.requirements, on_progress=lambda text: ground.tell(text, 0.0))
        except MachineError as error:
            raced[rival.name] = Raced(title=rival.title, version=rival.version, left_out=str(error))
            continue
        throughput = _drained(ground, rival, python, max(10_000, events // rival.every), repeats)
        latency = {
            str(rate): measure_latency(
                ground, rate=rate, seconds=seconds, warm_seconds=warm_seconds, subject=_subject(ground, rival, python)
            )
            for rate in rates
            if rate <= throughput.per_second
        }
        raced[rival.name] = Raced(title=rival.title, version=rival.version, throughput=throughput, latency=latency)
    return raced


def rival_on(ground: Ground, placed: Settings, rival: Rival, python: Path) -> AbstractContextManager[Child]:
    """Run a rival where a worker would run: by its own Python, which sees its folder and nothing else of ours."""
    kafka = placed.kafka
    job = Job(
        bootstrap=kafka.bootstrap,
        payments=kafka.prefix + TRANSACTIONS.name,
        alerts=kafka.prefix + ALERTS.name,
        group=kafka.group,
        partitions=kafka.partitions,
        folder=str(ground.folder / kafka.group),
        model=placed.worker.model or str(REFERENCE),
    )
    command = [str(python), "-E", "-s", str(rival.path), json.dumps(job._asdict())]
    return running_command(
        f"rival-{kafka.group}",
        command,
        cores=ground.cores.worker,
        folder=ground.folder,
        environment={"NUMBA_CACHE_DIR": str(python.parent.parent / "numba")},  # its kernel bears another module's name
    )


def _drained(ground: Ground, rival: Rival, python: Path, events: int, repeats: int) -> Throughput:
    ground.tell(f"simulating payments for {rival.title}", 0.0)
    material = payments(events, partitions=ground.settings.kafka.partitions, labels=False)
    expected = verdicts(material, ground.settings)

    def account(placed: Settings, _: int) -> int:
        told = {_suspicion(value).transaction for value in read_all(placed, ALERTS.name)}
        expected.require(told, rival.title)
        return len(told)

    contender = Contender(
        name=rival.name,
        topics=(TRANSACTIONS.name,),
        run=lambda placed: rival_on(ground, placed, rival, python),
        account=account,
    )
    return drain_repeatedly(ground, contender, material, repeats)


def _subject(ground: Ground, rival: Rival, python: Path) -> Subject:
    def read(value: bytes) -> tuple[str, float]:
        alert = _suspicion(value)
        return alert.transaction, alert.produced_at

    return Subject(
        name=rival.name,
        topics=(TRANSACTIONS.name,),
        run=lambda placed: rival_on(ground, placed, rival, python),
        wait_ready=_warm_up,
        read=read,
    )


def _warm_up(placed: Settings, child: Child, offsets: Offsets) -> None:
    """Return when a rival has done a few payments: by then it has its partitions and its kernel."""
    kafka = placed.kafka
    material = payments(_READY_PAYMENTS, partitions=kafka.partitions, seed=2, labels=False)
    preload(material, slice(None), bootstrap=kafka.bootstrap, prefix=kafka.prefix)
    drain(offsets, child, total=len(material), within_seconds=_START_SECONDS, on_progress=lambda _: None)
