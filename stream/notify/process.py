"""The process of ``weir notify``: one thread a sink, beside one that follows what people say of alerts."""

import logging
import threading
from collections.abc import Callable, Mapping

from kafka.errors import KafkaError

from stream.errors import DeliveryError, MachineError, WeirError
from stream.notify.records import Records
from stream.notify.sink import Sink
from stream.notify.teller import Observer, Teller
from stream.settings import Settings
from stream.triage.follow import Follower
from stream.wire.topics import TRIAGE

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.2
_AGAIN_SECONDS = 1.0


def notify(
    settings: Settings,
    sinks: Mapping[str, Sink],
    follower: Follower,
    observer: Observer,
    is_stopped: Callable[[], bool],
) -> None:
    """Tell every sink of its alerts until ``is_stopped``.

    While Kafka does not answer it is tried again, for as long as that takes. Raises what else ended one of the threads,
    after all others have ended in order: then start it again.
    """
    stop, faults = threading.Event(), list[Exception]()

    def tell(name: str, sink: Sink) -> None:
        try:
            while not stop.is_set():
                try:
                    _tell(name, sink, settings, follower, observer, stop)
                except (KafkaError, DeliveryError, MachineError) as error:
                    _LOG.warning("event=kafka_lost sink=%s error=%r", name, str(error) or type(error).__name__)
                    stop.wait(_AGAIN_SECONDS)
        except Exception as error:  # noqa: BLE001  # handed to the main thread, which raises it
            faults.append(error)
        finally:
            sink.close()

    threads = [threading.Thread(target=tell, args=item, name=f"sink-{item[0]}") for item in sinks.items()]
    for thread in threads:
        thread.start()
    while not is_stopped() and not faults and follower.is_following:
        stop.wait(_LOOK_SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    if not follower.is_following:
        raise WeirError(f"topic {TRIAGE.name} is no longer followed")


def _tell(
    name: str, sink: Sink, settings: Settings, follower: Follower, observer: Observer, stop: threading.Event
) -> None:
    records = Records(settings)
    try:
        Teller(name, sink, settings, follower.triage, records, observer).run(stop)
    finally:
        records.close()
