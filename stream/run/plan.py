"""What a run is made of: the producers' commands, and settings placed on a broker apart from earlier runs."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from producers.plugins import open_source
from stream.agents.topics import create_topics
from stream.consume import holds_records
from stream.settings import Kafka, Settings
from stream.walk import STAGES
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is to be produced: files, or else simulators.

    rate     records/s of each simulator
    speed    event time over wall time, of files
    history  simulated card records sent before the clock starts, so that customers have habits
    """

    rate: float
    speed: float
    seed: int
    history: int
    transactions: Path | None
    ticks: Path | None
    mapping: Path | None

    @property
    def is_recorded(self) -> bool:
        """Files were given."""
        return self.transactions is not None or self.ticks is not None

    @property
    def files(self) -> dict[str, str]:
        """Option → path, of those given."""
        given = {"transactions": self.transactions, "ticks": self.ticks, "mapping": self.mapping}
        return {option: str(path) for option, path in given.items() if path is not None}

    def require_sources(self, settings: Settings) -> None:
        """Open every source once, so that a bad file or setting is told before anything starts."""
        for name in self.present():
            open_source(name, seed=self.seed, config={**settings.producers.get(name, {}), **self.files})

    def past(self) -> list[str] | None:
        """Words of the command that sends the history, if there is one."""
        if self.is_recorded or not self.history:
            return None
        return ["produce", "cards", "--count", str(self.history), "--seed", str(self.seed)]

    def present(self) -> dict[str, list[str]]:
        """Name → words of the commands that produce while the run is watched."""
        if self.is_recorded:
            files = [word for option, path in self.files.items() for word in (f"--{option}", path)]
            return {"recorded": ["produce", "recorded", "--speed", str(self.speed), *files]}
        words = ["--rate", str(self.rate), "--seed", str(self.seed)]
        return {
            "cards": ["produce", "cards", *words, "--skip", str(self.history)],
            "market": ["produce", "market", *words],
        }


def place(settings: Settings, address: str, console: Console) -> Settings:
    """Name the broker and free ports, and create topics: new ones beside an earlier run's, as event time begins anew.

    address  of the broker
    """
    kafka = msgspec.structs.replace(settings.kafka, bootstrap=address)
    port = _free_port(settings.worker.metrics_host, settings.worker.metrics_port)
    worker = msgspec.structs.replace(settings.worker, metrics_port=port)
    page = msgspec.structs.replace(settings.console, port=_free_port(settings.console.host, settings.console.port))
    placed = msgspec.structs.replace(settings, kafka=kafka, worker=worker, console=page)
    create_topics(address, placed, STAGES)
    if holds_records(placed, [topic.name for topic in (TRANSACTIONS, LABELS, TICKS)]):
        prefix = f"{kafka.prefix}run{int(time.time())}-"
        console.print(f"topics hold an earlier run; this one uses the prefix {prefix}")
        kafka = msgspec.structs.replace(kafka, prefix=prefix, group=prefix + kafka.group)
        placed = msgspec.structs.replace(placed, kafka=kafka)
        create_topics(address, placed, STAGES)
    return placed


def environment(settings: Settings, user: Kafka | None = None) -> dict[str, str]:
    """What the other processes are told of the place.

    user  who they are to Kafka; None: nobody, or whom the settings name
    """
    kafka = settings.kafka
    told = {
        "WEIR_BOOTSTRAP": kafka.bootstrap,
        "WEIR_KAFKA_PREFIX": kafka.prefix,
        "WEIR_KAFKA_GROUP": kafka.group,
        "WEIR_WORKER_METRICS_PORT": str(settings.worker.metrics_port),
        "WEIR_CONSOLE_PORT": str(settings.console.port),
    }
    if user is None:
        return told
    fields = ("security", "username", "password_file", "ca_file")
    return told | {f"WEIR_KAFKA_{field.upper()}": getattr(user, field) for field in fields}


def _free_port(host: str, wanted: int) -> int:
    """The port wanted if it is free, else any that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted
