"""Warming up: every compiled kernel is loaded before the first record is read, so that none is late because of it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from models.detector import Detector
from stream.errors import StreamError
from stream.replay import Keyed, Replay
from stream.settings import Settings
from stream.wire.events import Label, Quote, Trade, Transaction
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS

log = logging.getLogger("weir.worker")

_UNSAVED = 200  # kernels that may fail to be saved: more than there are
_START = 1_735_689_600_000
_MINUTE = 60_000


def warm_up(settings: Settings, detectors: Sequence[Detector]) -> None:
    """Replay an hour of made-up events through stages of their own, and write and read back their rows.

    Kernels that can't be saved, for want of disk, are compiled for this process alone.
    """
    insist(partial(_walk, settings, detectors))


def insist(call: Callable[[], None]) -> None:
    """Call kernels, again as long as one of them can't be saved.

    A disk is full: numba has compiled a kernel, fails to save it, and will use it when it is called again. The next
    start compiles it anew.
    """
    for unsaved in range(_UNSAVED):
        try:
            return call()
        except (OSError, StreamError) as error:
            cause = error.__cause__ or error  # a stage names what failed in it
            if not isinstance(cause, OSError) or unsaved == _UNSAVED - 1:
                raise
            if unsaved == 0:
                log.warning("event=kernels_not_saved error=%s", cause.strerror)
    return None


def _walk(settings: Settings, detectors: Sequence[Detector]) -> None:
    replay = Replay(settings, detectors, batch=64)
    for _ in replay.run(_hour(settings)):
        pass
    for stages in (replay.customers, replay.terminals, replay.market):
        state = stages[0].state
        keys, values = state.take_dirty()
        state.load(keys, values)


def _hour(settings: Settings) -> Iterator[Keyed]:
    for i in range(200):
        at, customer, terminal = _START + i * _MINUTE, f"c{i % 8}", f"m{i % 8}"
        amount, currency = (1_000 if i % 50 else 500_000), settings.payments.currency
        payment = Transaction(id=f"t{i}", at=at, customer=customer, terminal=terminal, amount=amount, currency=currency)
        yield TRANSACTIONS.name, customer, payment
        if i % 20 == 0:
            yield TRANSACTIONS.name, customer, payment
        yield (
            LABELS.name,
            customer,
            Label(transaction=payment.id, at=at, customer=customer, terminal=terminal, fraud=False),
        )
        symbol, price = (settings.market.symbols or ("S",))[0], 100.0 + (i % 7) * 0.01
        yield TICKS.name, symbol, Trade(symbol=symbol, at=at, price=price, size=1.0, side="buy")
        yield (
            TICKS.name,
            symbol,
            Quote(symbol=symbol, at=at, bid=price - 0.01, ask=price + 0.01, bid_size=1.0, ask_size=1.0),
        )
