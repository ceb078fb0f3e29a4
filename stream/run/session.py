"""One run from start to summary: a worker, producers, a watch, and the order in which they begin and end."""

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Self

from rich.console import Console

from stream.run.children import Child
from stream.run.plan import Inputs, environment
from stream.run.ready import counter, wait_ready
from stream.run.view import View
from stream.run.watch import Watch
from stream.settings import Kafka, Settings
from stream.summary import Summary
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS

_USERS = {"worker": "worker", "console": "analyst"}  # process → its user at a Kafka whose doors are shut
_DRAIN_SECONDS = 120.0  # for the worker to finish what was produced


class Session:
    """A context manager: all that it starts has ended when it is left.

    settings  placed on a broker
    config    settings file the children read too
    users     role → who the children of that role are to Kafka; empty: nobody is asked
    """

    def __init__(
        self,
        settings: Settings,
        config: Path | None,
        console: Console,
        users: Mapping[str, Kafka] = MappingProxyType({}),
    ) -> None:
        self._settings, self._users = settings, users
        self._config = [] if config is None else ["--config", str(config)]
        self._console = console
        self._stack = ExitStack()
        self.metrics = f"http://{settings.worker.metrics_host}:{settings.worker.metrics_port}"

    def __enter__(self) -> Self:
        self._folder = self._stack.enter_context(_logs(self._console))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]  # the same three

    def start(self, inputs: Inputs) -> None:
        """Start the worker and send the history; returns when the worker is ready and has taken all of it in."""
        self._console.print("starting the worker")
        worker = self._worker = self._child("worker", ["worker"])
        past = inputs.past()
        if past is not None:
            self._console.print(f"sending {inputs.history:,} simulated records as history")
            history = self._child("history", past)
        wait_ready(self.metrics, worker, self._console.print)
        self._watch = Watch(self._settings)
        self._stack.callback(self._close_watch)
        if past is not None:
            while history.ended() is None:
                time.sleep(0.05)
            history.require_alive()
            self._drain(None)
            self._watch.close()
            self._watch = Watch(self._settings)

    def serve_console(self) -> str:
        """Start the web page beside it; returns the address that signs in, as an admin for this run alone."""
        child = self._child("console", ["console", "--token", "run"])
        while True:
            found = re.search(r"^console at (\S+)$", child.log.read_text(errors="replace"), re.MULTILINE)
            if found is not None:
                return found.group(1)
            child.require_alive()
            time.sleep(0.1)

    def watch(self, inputs: Inputs, stop: threading.Event, seconds: float | None) -> Summary:
        """Produce and watch until ``stop`` is set, ``seconds`` are over or the input ends; then finish and sum up."""
        producers = [self._child(name, words) for name, words in inputs.present().items()]
        started = time.monotonic()
        deadline = None if seconds is None else started + seconds
        with View(self._console, self._watch) as view:
            while not stop.is_set() and (deadline is None or time.monotonic() < deadline):
                self._look(view, producers)
                if all(child.ended() == 0 for child in producers):
                    break
            self._console.print("stopping: producers first, then what they produced is finished")
            for child in producers:
                child.stop()
            produced_for = time.monotonic() - started
            self._drain(view)
        return self._close(produced_for)

    def _child(self, name: str, words: list[str]) -> Child:
        told = environment(self._settings, self._users.get(_USERS.get(name, "producer")))
        child = Child.start(name, [*words, *self._config], folder=self._folder, environment=told)
        self._stack.callback(child.stop)
        return child

    def _look(self, view: View, children: list[Child]) -> None:
        self._watch.read(timeout_ms=50)
        view.refresh()
        for child in (self._worker, *children):
            child.require_alive()

    def _drain(self, view: View | None) -> None:
        """Wait until the worker has committed all that was produced; say so where that takes too long."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        while lag := self._watch.lag():
            if time.monotonic() > deadline:
                self._console.print(f"the worker is still {lag:,} records behind after {_DRAIN_SECONDS:.0f} s")
                return
            self._watch.read(timeout_ms=50)
            self._worker.require_alive()
            if view is not None:
                view.refresh()

    def _close_watch(self) -> None:
        self._watch.close()

    def _close(self, seconds: float) -> Summary:
        """Stop the worker, read the rest, and sum up."""
        produced = self._watch.produced()
        ticks_scored = round(counter(self.metrics, "weir_scored_events_total", kind="ticks"))
        self._worker.stop()
        self._watch.read_rest()
        return self._watch.tally.summary(
            events_in=produced[TRANSACTIONS.name] + produced[TICKS.name],
            labels_in=produced[LABELS.name],
            ticks_scored=ticks_scored,
            seconds=seconds,
        )


@contextmanager
def _logs(console: Console) -> Iterator[Path]:
    """A folder for the children's logs: kept, and named, if the run fails."""
    folder = Path(tempfile.mkdtemp(prefix="weir-run-"))
    has_failed = False
    try:
        yield folder
    except Exception:
        has_failed = True
        console.print(f"logs are in {folder}", soft_wrap=True)
        raise
    finally:
        if not has_failed:
            shutil.rmtree(folder, ignore_errors=True)
