"""The process of ``weir notify``: one thread a sink, beside one that follows what people say of alerts."""

import threading
from collections.abc import Callable, Mapping

from stream.notify.records import Records
from stream.notify.sink import Sink
from stream.notify.teller import Observer, Teller
from stream.settings import Settings
from stream.triage.follow import Follower

_LOOK_SECONDS = 0.2


def notify(
    settings: Settings,
    sinks: Mapping[str, Sink],
    follower: Follower,
    observer: Observer,
    is_stopped: Callable[[], bool],
) -> None:
    """Tell every sink of its alerts until ``is_stopped``.

    Raises what ended one of the threads, after all others have ended in order: then start it again.
    """
    stop, faults = threading.Event(), list[Exception]()

    def tell(name: str, sink: Sink) -> None:
        try:
            records = Records(settings)
            try:
                Teller(name, sink, settings, follower.triage, records, observer).run(stop)
            finally:
                records.close()
        except Exception as error:  # noqa: BLE001  # handed to the main thread, which raises it
            faults.append(error)

    threads = [threading.Thread(target=tell, args=item, name=f"sink-{item[0]}") for item in sinks.items()]
    for thread in threads:
        thread.start()
    while not is_stopped() and not faults:
        stop.wait(_LOOK_SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
