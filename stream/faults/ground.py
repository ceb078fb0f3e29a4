"""The Kafka under a scene: one broker of our own, or whatever a family of harms puts in its place."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployment.local.kafka import LocalKafka


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Brokers that a row may harm; a family with more to harm (proxies, disks) derives its own.

    brokers    running
    bootstrap  for the load and the judge, who are never harmed
    worker_bootstrap  for the workers: the same, unless something stands between
    """

    brokers: Sequence[LocalKafka]
    bootstrap: str
    worker_bootstrap: str


@contextmanager
def one_broker(folder: Path) -> Iterator[Ground]:
    """A single broker with its data in ``folder``."""
    with LocalKafka.start(folder=folder / "kafka") as broker:
        yield Ground(brokers=[broker], bootstrap=broker.bootstrap, worker_bootstrap=broker.bootstrap)
