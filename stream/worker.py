"""The worker process: the Faust worker on uvloop, quiet, with an exit code that says how it ended."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Sequence

import uvloop
from faust.worker import Worker

from stream.agents.app import WeirApp, build_app
from stream.agents.closing import expect_closed
from stream.agents.observer import Observer
from stream.agents.spec import StageSpec
from stream.errors import WeirError
from stream.logs import configure
from stream.settings import Settings

_GC_THRESHOLDS = (50_000, 20, 50)  # Python's own look at every 700 new objects: slices are many small ones
_SWITCH_SECONDS = 0.001  # Python's 5 ms is what the fetching thread waits for a stage, several times an event


def run_worker(
    settings: Settings,
    specs: Sequence[StageSpec],
    *,
    observer: Observer | None = None,
) -> int:
    """Run a worker until SIGTERM or Ctrl-C, or until something fails.

    settings  ``kafka.bootstrap`` is set and its topics exist
    -> exit code: 0 after a signal, all flushed and committed; after a failure, which has been logged, that of its error
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until Faust listens for it, there is nothing to flush
    expect_closed()
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    configure(settings.log)
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.freeze()  # modules and kernels live as long as the process
    sys.setswitchinterval(_SWITCH_SECONDS)
    app = build_app(settings, specs, observer)
    _leave_out_echoes(app)
    return _run(app, loop, settings.log.level)


def _run(app: WeirApp, loop: asyncio.AbstractEventLoop, loglevel: str) -> int:
    worker = Worker(
        app,
        loop=loop,
        loglevel=loglevel,
        quiet=True,
        redirect_stdouts=False,
        override_logging=False,
        stdout=sys.stdout,
        stderr=sys.stderr,
    )
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    else:
        code = 0
    if isinstance(app.failure, WeirError):
        return app.failure.exit_code
    return 1 if app.failure is not None else code


def _leave_out_echoes(app: WeirApp) -> None:
    """Once a failure is logged, leave out what its way up through Faust's services logs again and again."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: app.failure is None or record.name.startswith("weir"))
