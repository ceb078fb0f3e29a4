"""The contract test of a live source, for anyone's package: ``check_live(MySource, …)`` in a test of its own.

from producers.live_contract import check_live

def test_my_source_keeps_the_contract(tmp_path) -> None:
    check_live(MySource, config={"folder": str(tmp_path)}, arrive=lambda: drop_a_file(tmp_path), expect=3)
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress

from producers.contract import check_record, check_refusal, require
from producers.live import Arrival, Live

PATIENCE_SECONDS = 30.0
_STOP_SECONDS = 5.0


def check_live(kind: type[Live], *, config: Mapping[str, object], arrive: Callable[[], object], expect: int) -> None:
    """Hold a live source to the contract of ``producers.live.Live``.

    kind    the class that the entry point names
    config  what it needs under ``[producers.NAME]``
    arrive  makes the outside offer the same events each time, in a thread of its own; once they stand in the ledger it
            may raise or do nothing
    expect  how many events that are
    Raises ContractError that says which promise is broken.
    """
    require(bool((kind.__doc__ or "").strip()), "it has a docstring, whose first line is listed")
    check_refusal(kind, config)
    killed = _Run(kind, config)
    killed.collect(arrive, 1, is_settled=False)
    whole = _Run(kind, config)
    whole.collect(arrive, expect, is_settled=True)
    for record, _ in whole.arrivals:
        check_record(record)
    if whole.source.ledger is None:
        return
    before, after = ([arrival.origin for arrival in run.arrivals] for run in (killed, whole))
    require("" not in after and len(set(after)) == len(after), "each arrival has an origin of its own")
    require(set(before) <= set(after), "what was not settled comes again, from the same origins")
    again = _Run(kind, config)
    again.collect(arrive, 0, is_settled=True)
    require(not again.arrivals, "what was settled does not come again")


class _Run:
    """One life of a source."""

    def __init__(self, kind: type[Live], config: Mapping[str, object]) -> None:
        self.source = kind(seed=1, config=config)
        self.arrivals: list[Arrival] = []

    def collect(self, arrive: Callable[[], object], expect: int, *, is_settled: bool) -> None:
        """Take what comes until enough has, or two seconds long where nothing is to come.

        is_settled  False: it is closed over its first arrivals, as when it is killed
        """
        stop, deadline = threading.Event(), time.monotonic() + (PATIENCE_SECONDS if expect else 2.0)
        stopped_at = 0.0
        outside = threading.Thread(target=_quietly, args=(arrive,), daemon=True)
        with ExitStack() as stack:
            ledger = self.source.ledger
            if ledger is not None:
                stack.enter_context(ledger)
            batches = self.source.batches(stop)
            outside.start()
            for batch in batches:
                self.arrivals += batch.arrivals
                now = time.monotonic()
                is_enough = len(self.arrivals) >= expect > 0 or now > deadline
                if is_enough and not is_settled:
                    getattr(batches, "close", stop.set)()
                    break
                if ledger is not None:
                    ledger.settle(batch.positions, now=int(time.time()))
                if is_enough and not stop.is_set():
                    stop.set()
                    stopped_at = now
        require(len(self.arrivals) >= expect, f"what is offered arrives within {PATIENCE_SECONDS:g} s")
        took = time.monotonic() - stopped_at if stopped_at else 0.0
        require(took < _STOP_SECONDS, f"it ends within {_STOP_SECONDS:g} s of the stop, not {took:.1f}")


def _quietly(arrive: Callable[[], object]) -> None:
    with suppress(Exception):  # the source is closed under its outside on purpose
        arrive()
