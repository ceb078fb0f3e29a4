"""The watchdog: a thread beside the loop that ends a worker which no longer gets on, and says why.

It shares nothing with the loop but what ``look`` reads, so it works while a plug-in never returns and while Kafka does
not answer; and where not even a thread can run, ``LastResort`` ends the process.
"""

import contextlib
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Self

from kafka.errors import KafkaError

from monitoring.health import Stall
from stream.agents.last_resort import LastResort
from stream.agents.stall_alert import publish, stall_alert
from stream.errors import StalledError
from stream.settings import Settings

log = logging.getLogger("weir.watchdog")

_LOOK_SECONDS = 1.0
_ALERT_SECONDS = 4.0  # for Kafka to take the alert; it may be Kafka that does not answer
_SHOWN_SECONDS = 2.0  # for probes to read the reason off /healthz
_LAST_WORDS_SECONDS = 8.0  # for all of it: the stuck thread may hold the lock of a log


class Watchdog:
    """Watches while it is entered; a context manager around the worker.

    settings  ``kafka.watchdog_seconds`` is what a worker may stand still
    look      says what stands still for longer, None where nothing does; called from the watchdog's thread
    """

    def __init__(self, settings: Settings, look: Callable[[], Stall | None]) -> None:
        self._settings, self._look = settings, look
        self._seconds = settings.kafka.watchdog_seconds
        self._last_resort = LastResort(self._seconds)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._last_resort.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self._last_resort.__exit__(kind, error, trace)

    def _watch(self) -> None:
        seen = patient_until = time.monotonic()
        while not self._is_over.wait(min(_LOOK_SECONDS, self._seconds / 4)):
            now = time.monotonic()
            if now - seen > self._seconds / 2:  # the whole process was paused: that is not the worker's fault
                patient_until = now + self._seconds
            seen = now
            self._last_resort.put_off()
            found = self._look()
            if found is not None and now >= patient_until:
                self._end(found)

    def _end(self, found: Stall) -> None:
        """Say why, then leave at once: nothing that is not durable by now may become so after a restart."""
        words = threading.Thread(target=self._say, args=(found,), name="last words", daemon=True)
        words.start()
        words.join(_LAST_WORDS_SECONDS)
        os._exit(StalledError.exit_code)

    def _say(self, found: Stall) -> None:
        until = time.monotonic() + _SHOWN_SECONDS
        stack = traceback.extract_stack(sys._current_frames()[threading.main_thread().ident or 0])  # noqa: SLF001
        error = StalledError(found.reason)
        log.critical(
            "event=worker_stalled error=%s exit_code=%d reason=%r; its loop is at\n%s",
            type(error).__name__,
            error.exit_code,
            str(error),
            "".join(f'  File "{at.filename}", line {at.lineno}, in {at.name}\n' for at in stack),
        )
        place = f"{stack[-1].name} ({os.path.basename(stack[-1].filename)}:{stack[-1].lineno})"  # noqa: PTH119
        try:
            alert = stall_alert(self._settings, found, place=place, now=time.time_ns() // 1_000_000)
            publish(self._settings, alert, seconds=_ALERT_SECONDS)
        except (KafkaError, OSError) as failure:
            log.error("event=stall_not_told error=%s", type(failure).__name__)  # noqa: TRY400  # Kafka is down: no news
        for handler in logging.getLogger().handlers:
            handler.flush()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        time.sleep(max(0.0, until - time.monotonic()))
