"""What Binance and Coinbase publish of their markets, as ticks: the public spot streams, which need no key.

Sources: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams (trade, bookTicker, combined
streams) and https://docs.cdp.coinbase.com/exchange/websocket-feed/channels (matches, ticker, heartbeat).
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import msgspec

from producers.adapters.posted import UnfitError
from stream.wire.events import Quote, Trade

_OF_TAKER = {"buy": "sell", "sell": "buy"}  # Coinbase names the side of the order that stood in the book


class Venue(Protocol):
    """One exchange: where its stream is, what to ask for, and what its messages mean."""

    def address(self, url: str, symbols: Sequence[str]) -> str:
        """Where to connect; ``url`` "" is the exchange's own."""
        ...

    def request(self, symbols: Sequence[str]) -> str:
        """What to send first; "": nothing."""
        ...

    def read(self, message: str | bytes, *, received_ms: int) -> Trade | Quote | None:
        """A tick of a message, None for one that is none; raises UnfitError for one that can't be read."""
        ...


class Binance:
    """Combined streams of trades and of the top of the book."""

    def address(self, url: str, symbols: Sequence[str]) -> str:
        """All streams on one connection, named in the address."""
        streams = "/".join(f"{symbol.lower()}@{kind}" for symbol in symbols for kind in ("trade", "bookTicker"))
        return f"{url or 'wss://stream.binance.com:9443'}/stream?streams={quote(streams, safe='/@')}"

    def request(self, symbols: Sequence[str]) -> str:  # noqa: ARG002  # the address says it
        """Nothing."""
        return ""

    def read(self, message: str | bytes, *, received_ms: int) -> Trade | Quote | None:
        """Read one; a top of the book bears no time, so it is of the moment at which it came."""
        body = _object(message).get("data", {})
        if not isinstance(body, dict):
            raise UnfitError("data", "an object")
        if body.get("e") == "trade":
            side = "sell" if body.get("m") else "buy"  # m: the buyer's order stood in the book
            number = body.get("t")
            fields = {"symbol": body.get("s"), "at": body.get("T"), "price": body.get("p"), "size": body.get("q")}
            return _tick(Trade, {**fields, "side": side, "id": str(number), "sequence": number})
        if "u" in body and "b" in body:
            sides = {"bid": body.get("b"), "ask": body.get("a"), "bid_size": body.get("B"), "ask_size": body.get("A")}
            return _tick(Quote, {**sides, "symbol": body.get("s"), "at": received_ms, "id": str(body["u"])})
        return None


class Coinbase:
    """The channels matches (every trade) and ticker (the top of the book at each trade), with heartbeats."""

    def address(self, url: str, symbols: Sequence[str]) -> str:  # noqa: ARG002  # the request says it
        """One address for all."""
        return url or "wss://ws-feed.exchange.coinbase.com"

    def request(self, symbols: Sequence[str]) -> str:
        """Subscribe within five seconds, or be disconnected."""
        channels = ["matches", "ticker", "heartbeat"]
        return msgspec.json.encode({"type": "subscribe", "product_ids": list(symbols), "channels": channels}).decode()

    def read(self, message: str | bytes, *, received_ms: int) -> Trade | Quote | None:  # noqa: ARG002  # each bears its time
        """Read one. ``last_match`` is the trade before the subscription, which may have come before."""
        body = _object(message)
        kind = body.get("type")
        if kind == "error":
            raise UnfitError("subscription", "one that Coinbase takes")
        if kind not in ("match", "last_match", "ticker"):
            return None
        at = _millis(body.get("time"))
        if kind == "ticker":
            sides = {"bid": body.get("best_bid"), "ask": body.get("best_ask")}
            sizes = {"bid_size": body.get("best_bid_size", 0), "ask_size": body.get("best_ask_size", 0)}
            named = {"symbol": body.get("product_id"), "at": at, "id": str(body.get("sequence", ""))}
            return _tick(Quote, {**sides, **sizes, **named})
        number = body.get("trade_id")
        fields = {"symbol": body.get("product_id"), "at": at, "price": body.get("price"), "size": body.get("size")}
        side = _OF_TAKER.get(str(body.get("side")), "")
        return _tick(Trade, {**fields, "side": side, "id": str(number), "sequence": number})


VENUES: dict[str, Venue] = {"binance": Binance(), "coinbase": Coinbase()}


class Seen(NamedTuple):
    """What a trade's number says: how many were missed before it, or that it came before."""

    missed: int
    is_again: bool


class Numbers:
    """The last number of each symbol's trades, which an exchange counts without a gap."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def see(self, trade: Trade) -> Seen:
        """Take note of a trade."""
        last = self._last.get(trade.symbol)
        if last is not None and trade.sequence <= last:
            return Seen(0, is_again=True)
        self._last[trade.symbol] = trade.sequence
        return Seen(0 if last is None else trade.sequence - last - 1, is_again=False)


def _object(message: str | bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(message, type=dict[str, Any])
    except msgspec.DecodeError:
        raise UnfitError("message", "a JSON object") from None


def _tick(kind: type[Any], fields: dict[str, Any]) -> Any:
    try:
        return msgspec.convert({"type": kind.__struct_config__.tag, **fields}, kind, strict=False)
    except msgspec.ValidationError as error:
        place = str(error).rpartition("`$.")[2].rstrip("`")
        raise UnfitError(f"{kind.__name__.lower()} {place}", "a value of its kind") from None


def _millis(time: object) -> int:
    try:
        return int(dt.datetime.fromisoformat(str(time)).timestamp() * 1000)
    except ValueError:
        raise UnfitError("time", "ISO 8601") from None
