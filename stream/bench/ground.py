"""Where a measurement stands: one Kafka, cores shared out, and for each measurement topics and a group of its own."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deployment.local.choose import kafka_for
from deployment.local.needs import free_port
from stream.agents.topics import create_topics
from stream.bench.material import LOUD_RULES
from stream.bench.processes import Cores, pinned, running, share_cores
from stream.run.children import Child
from stream.run.ready import wait_ready
from stream.settings import Settings, load_settings
from stream.walk import STAGES

_SESSION_SECONDS = 60.0  # ``throughput`` holds a worker while a backlog piles up
Progress = Callable[[str, float], None]  # what is being done, and the share of it that is


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The settings with a Kafka that answers, the cores, a folder for logs, and whom to tell of progress."""

    settings: Settings
    cores: Cores
    folder: Path
    tell: Progress

    def place(self, name: str, *, partitions: int | None = None) -> Settings:
        """Create topics of its own for a measurement, and name its group after it.

        partitions  of every topic; None: as the settings say
        """
        kafka = msgspec.structs.replace(
            self.settings.kafka,
            prefix=f"bench-{name}-",
            group=f"bench-{name}",
            partitions=partitions or self.settings.kafka.partitions,
        )
        worker = msgspec.structs.replace(self.settings.worker, metrics_port=free_port(0))
        alerts = msgspec.structs.replace(self.settings.alerts, rules=str(LOUD_RULES))
        placed = msgspec.structs.replace(self.settings, kafka=kafka, worker=worker, alerts=alerts)
        create_topics(kafka.bootstrap, placed, STAGES)
        return placed

    def another(self, placed: Settings) -> Settings:
        """Settings of one more worker of the same group: a metrics port of its own."""
        worker = msgspec.structs.replace(placed.worker, metrics_port=free_port(0))
        return msgspec.structs.replace(placed, worker=worker)

    @contextmanager
    def worker(
        self, placed: Settings, *, cores: set[int] | None = None, session_seconds: float = _SESSION_SECONDS
    ) -> Iterator[Child]:
        """Run a real worker, ready or not, for as long as it is needed.

        cores            None: on the core of its own
        session_seconds  after which the group takes it for dead when it is silent
        """
        environment = {
            "WEIR_BOOTSTRAP": placed.kafka.bootstrap,
            "WEIR_KAFKA_PREFIX": placed.kafka.prefix,
            "WEIR_KAFKA_GROUP": placed.kafka.group,
            "WEIR_KAFKA_PARTITIONS": str(placed.kafka.partitions),
            "WEIR_KAFKA_INSTANCE": placed.kafka.instance,
            "WEIR_ALERTS_RULES": placed.alerts.rules,
            "WEIR_KAFKA_SESSION_SECONDS": str(session_seconds),
            "WEIR_WORKER_METRICS_PORT": str(placed.worker.metrics_port),
        }
        name = f"worker-{placed.kafka.group}-{placed.worker.metrics_port}"
        place = self.cores.worker if cores is None else cores
        with running(name, ["worker"], cores=place, folder=self.folder, environment=environment) as child:
            yield child

    def wait_ready(self, placed: Settings, worker: Child) -> None:
        """Return when the worker has its partitions and their state."""
        wait_ready(metrics_address(placed), worker, on_slow=lambda why: self.tell(why, 0.0))


@contextmanager
def ground(tell: Progress) -> Iterator[Ground]:
    """Start Kafka, or take that of ``WEIR_BOOTSTRAP``, on all cores but the worker's; clean up on leaving."""
    settings = load_settings()
    cores = share_cores()
    with ExitStack() as stack:
        stack.enter_context(pinned(cores.others))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        address = stack.enter_context(kafka_for(settings, on_progress=lambda text: tell(text, 0.0)))
        kafka = msgspec.structs.replace(settings.kafka, bootstrap=address)
        yield Ground(settings=msgspec.structs.replace(settings, kafka=kafka), cores=cores, folder=folder, tell=tell)


def metrics_address(placed: Settings) -> str:
    """Where a worker's metrics and health are served."""
    return f"http://{placed.worker.metrics_host}:{placed.worker.metrics_port}"
