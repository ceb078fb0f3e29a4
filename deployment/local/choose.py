"""Which Kafka: the one that the settings name if it answers, else an embedded one for as long as it is needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deployment.local.kafka import LocalKafka
from stream.connection import client_options, require_admission
from stream.errors import MachineError
from stream.settings import Kafka, Settings

ANSWER_SECONDS = 5.0


@contextmanager
def kafka_for(
    settings: Settings, *, folder: Path | None = None, on_progress: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """Yield the bootstrap of a Kafka that answers; an embedded one is stopped on leaving.

    folder       of an embedded one's data; None: removed on stop
    on_progress  told in one line each what takes time
    Raises MachineError where the named one does not answer, or none can be started.
    """
    if settings.kafka.bootstrap:
        require_answer(settings.kafka)
        yield settings.kafka.bootstrap
        return
    on_progress("starting Kafka")
    with LocalKafka.start(folder=folder, on_progress=on_progress) as broker:
        yield broker.bootstrap


def require_answer(kafka: Kafka, *, within_seconds: float = ANSWER_SECONDS) -> None:
    """Return if a Kafka answers at ``kafka.bootstrap``; raise MachineError otherwise."""
    require_admission(kafka)
    try:
        KafkaAdminClient(**client_options(kafka), bootstrap_timeout_ms=int(within_seconds * 1000)).close()
    except (KafkaError, ValueError, OSError) as error:
        raise MachineError(
            f"No Kafka answers at {kafka.bootstrap} within {within_seconds:.0f} s",
            "Start it, correct --bootstrap or WEIR_BOOTSTRAP, or leave both out for an embedded one",
        ) from error
