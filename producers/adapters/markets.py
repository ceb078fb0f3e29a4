"""Trades and quotes of an exchange's public stream: connected again whenever it drops, gaps and repetitions noticed."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec

from producers.adapters.extra import library
from producers.adapters.patience import Patience
from producers.adapters.posted import UnfitError
from producers.adapters.venues import VENUES, Numbers
from producers.configuration import read_config
from producers.ledger import Ledger
from producers.live import Arrival, Batch, record_of
from stream.errors import SettingsError
from stream.settings import Section
from stream.wire.events import Id, Trade

_log = logging.getLogger(__name__)
_WHERE = "[producers.markets]"
_NAP_SECONDS = 0.25
_CONNECT_SECONDS = 4.0  # a stop is not to wait longer
_MOST = 500  # messages of a batch
_MAX_BYTES = 1 << 20
Seconds = Annotated[float, msgspec.Meta(gt=0.0, le=3600.0)]


class MarketsConfig(Section, frozen=True, kw_only=True):
    """``[producers.markets]``.

    venue            whose format it is
    symbols          as the exchange writes them: BTCUSDT at Binance, BTC-USD at Coinbase
    url              of another server that speaks the format; "": the exchange's own
    silence_seconds  without any message, after which the connection is taken for dead
    first_wait_seconds, longest_wait_seconds   before another try: twice as long after each failure in a row
    """

    venue: Literal["binance", "coinbase"]
    symbols: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=200)]
    url: str = ""
    silence_seconds: Seconds = 30.0
    first_wait_seconds: Seconds = 0.5
    longest_wait_seconds: Seconds = 60.0


class Markets:
    """Live trades and quotes of Binance or Coinbase, over their public WebSocket streams."""

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.config = read_config(MarketsConfig, config or {}, where=_WHERE)
        self.refused: Counter[str] = Counter()
        self.ledger: Ledger | None = None  # an exchange can't be asked again: what is missed is a gap in the numbers
        self.missed: Counter[str] = Counter()  # trades that an exchange counted and we never saw, per symbol
        self._venue = VENUES[self.config.venue]
        self._numbers = Numbers()
        self._client = library("websockets.sync.client")
        self._errors: tuple[type[Exception], ...] = (OSError, library("websockets.exceptions").WebSocketException)
        config_ = self.config
        self._patience = Patience(first=config_.first_wait_seconds, longest=config_.longest_wait_seconds, seed=seed)
        if self.config.url and not self.config.url.startswith(("ws://", "wss://")):
            raise SettingsError("url", "an address that begins with ws:// or wss://", self.config.url, where=_WHERE)

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Connect, yield what comes, and connect again."""
        while not stop.is_set():
            try:
                yield from self._listen(stop)
                reason = f"silent for {self.config.silence_seconds:g} s"
            except self._errors as error:
                reason = type(error).__name__
            if stop.is_set():
                return
            wait = self._patience.fail()
            self.refused["connection lost"] += 1
            _log.warning("connection lost venue=%s reason=%s wait_seconds=%.2f", self.config.venue, reason, wait)
            until = time.monotonic() + wait
            while not stop.is_set() and (left := until - time.monotonic()) > 0.0:
                yield Batch()
                stop.wait(min(left, _NAP_SECONDS))

    def _listen(self, stop: threading.Event) -> Iterator[Batch]:
        address = self._venue.address(self.config.url, self.config.symbols)
        with self._client.connect(
            address, open_timeout=_CONNECT_SECONDS, close_timeout=1, max_size=_MAX_BYTES
        ) as stream:
            request = self._venue.request(self.config.symbols)
            if request:
                stream.send(request)
            heard = time.monotonic()
            while not stop.is_set() and time.monotonic() - heard < self.config.silence_seconds:
                messages = self._gather(stream)
                if messages:
                    heard = time.monotonic()
                    self._patience.succeed()
                yield Batch(self._arrivals(messages))

    def _arrivals(self, messages: list[Any]) -> list[Arrival]:
        now = time.time_ns() // 1_000_000
        found = []
        for message in messages:
            try:
                tick = self._venue.read(message, received_ms=now)
            except UnfitError as error:
                self.refused[f"{self.config.venue} {error}"] += 1
                continue
            if tick is not None and not (isinstance(tick, Trade) and self._is_again(tick)):
                found.append(Arrival(record_of(tick)))
        return found

    def _is_again(self, trade: Trade) -> bool:
        seen = self._numbers.see(trade)
        if seen.missed:
            self.missed[trade.symbol] += seen.missed
            self.refused[f"{trade.symbol}: trades missed"] += seen.missed
            _log.warning("gap symbol=%s missed=%d before=%d", trade.symbol, seen.missed, trade.sequence)
        if seen.is_again:
            self.refused[f"{trade.symbol}: trades that came before"] += 1
        return seen.is_again

    def _gather(self, stream: Any) -> list[Any]:
        """Take the messages that are there, after a wait for the first of them; raises where there is none to come."""
        found: list[Any] = []
        try:
            found.append(stream.recv(timeout=_NAP_SECONDS))
            while len(found) < _MOST:
                found.append(stream.recv(timeout=0))
        except TimeoutError:
            pass
        except self._errors:
            if not found:  # else what came before the end is taken first; the next call meets the end again
                raise
        return found
