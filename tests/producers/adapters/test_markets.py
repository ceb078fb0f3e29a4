"""Exchanges' streams: both formats read right, connected again when dropped, gaps and repetitions noticed."""

import threading
import time
from typing import Any

import pytest

from deployment.local.needs import free_port
from producers.adapters.markets import Markets
from producers.adapters.patience import Patience
from producers.live import Arrival
from producers.live_contract import check_live
from stream.errors import SettingsError
from stream.wire.events import Quote, Trade
from tests.producers.adapters.exchange import exchange

AT = 1_740_819_600_123
ISO = "2025-03-01T09:00:00.123456Z"
QUICK = {"first_wait_seconds": 0.01, "longest_wait_seconds": 0.05}


def binance_trade(number: int, symbol: str = "BTCUSDT") -> dict[str, Any]:
    """As its documentation shows one, in a combined stream."""
    trade = {
        "e": "trade",
        "E": AT + 2,
        "s": symbol,
        "t": number,
        "p": "60000.10",
        "q": "0.5",
        "T": AT,
        "m": True,
        "M": True,
    }
    return {"stream": f"{symbol.lower()}@trade", "data": trade}


BOOK = {
    "stream": "btcusdt@bookTicker",
    "data": {"u": 400900217, "s": "BTCUSDT", "b": "59999.5", "B": "3.1", "a": "60000.5", "A": "4.2"},
}


def coinbase_match(number: int, kind: str = "match") -> dict[str, Any]:
    """As its documentation shows one."""
    match = {"type": kind, "trade_id": number, "sequence": 5 * number, "maker_order_id": "x", "taker_order_id": "y"}
    return match | {"time": ISO, "product_id": "BTC-USD", "size": "5.23", "price": "400.23", "side": "sell"}


TICKER = {
    "type": "ticker",
    "sequence": 77,
    "product_id": "BTC-USD",
    "price": "400.23",
    "time": ISO,
    "trade_id": 3,
    "best_bid": "400.10",
    "best_bid_size": "1.5",
    "best_ask": "400.40",
    "best_ask_size": "2",
}
HEARTBEAT = {"type": "heartbeat", "sequence": 90, "last_trade_id": 3, "product_id": "BTC-USD", "time": ISO}


def listen(config: dict[str, Any], *, ticks: int) -> tuple[Markets, list[Arrival]]:
    """What comes until there are so many ticks."""
    stop = threading.Event()
    source = Markets(config=QUICK | config)
    came: list[Arrival] = []
    deadline = time.monotonic() + 20
    for batch in source.batches(stop):
        came += batch.arrivals
        if len(came) >= ticks or time.monotonic() > deadline:
            stop.set()
    return source, came


def test_binance_is_read_as_its_documentation_says() -> None:
    """A sale (the buyer's order stood in the book) and a top of the book, which bears no time of its own."""
    with exchange([[{"result": None, "id": 1}, binance_trade(12345), BOOK]], asks=False) as here:
        before = time.time_ns() // 1_000_000
        _, came = listen({"venue": "binance", "symbols": ["BTCUSDT", "ETHUSDT"], "url": here.url}, ticks=2)
    trade, quote = (arrival.record.event for arrival in came)

    assert here.paths == ["/stream?streams=btcusdt@trade/btcusdt@bookTicker/ethusdt@trade/ethusdt@bookTicker"]
    assert trade == Trade(symbol="BTCUSDT", at=AT, price=60000.1, size=0.5, side="sell", id="12345", sequence=12345)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (59999.5, 3.1, 60000.5, 4.2)
    assert before <= quote.at <= time.time_ns() // 1_000_000


def test_coinbase_is_read_as_its_documentation_says() -> None:
    """The side is that of the order in the book, so its "sell" was a purchase."""
    with exchange(
        [[{"type": "subscriptions", "channels": []}, coinbase_match(10), TICKER, HEARTBEAT]], asks=True
    ) as here:
        _, came = listen({"venue": "coinbase", "symbols": ["BTC-USD"], "url": here.url}, ticks=2)

    assert here.requests == [
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["matches", "ticker", "heartbeat"]}
    ]
    assert [arrival.record.event for arrival in came] == [
        Trade(symbol="BTC-USD", at=AT, price=400.23, size=5.23, side="buy", id="10", sequence=10),
        Quote(symbol="BTC-USD", at=AT, bid=400.1, ask=400.4, bid_size=1.5, ask_size=2.0, id="77"),
    ]


def test_a_dropped_connection_is_made_again_and_what_was_missed_is_known() -> None:
    """Trades 1 and 2, a drop, then 2 again and 5: two were missed, one came twice; no tick of it is sent twice."""
    lives = [[coinbase_match(1), coinbase_match(2)], [], [coinbase_match(2, "last_match"), coinbase_match(5)]]
    with exchange(lives, asks=True) as here:
        source, came = listen({"venue": "coinbase", "symbols": ["BTC-USD"], "url": here.url}, ticks=3)
    numbers = [arrival.record.event.sequence for arrival in came if isinstance(arrival.record.event, Trade)]

    assert numbers == [1, 2, 5]
    assert source.missed == {"BTC-USD": 2}
    assert source.refused["BTC-USD: trades that came before"] == 1
    assert source.refused["connection lost"] == 2
    assert len(here.requests) == 3


def test_what_is_no_message_of_the_exchange_is_set_aside() -> None:
    """Garbage, a trade without a price, a refused subscription: named by field, and the stream goes on."""
    priceless = binance_trade(1)
    del priceless["data"]["p"]
    with exchange([["{", "[]", priceless, {"data": 5}, binance_trade(2)]], asks=False) as here:
        source, came = listen({"venue": "binance", "symbols": ["BTCUSDT"], "url": here.url}, ticks=1)

    assert len(came) == 1
    assert source.refused == {
        "binance message: expected a JSON object": 2,
        "binance trade price: expected a value of its kind": 1,
        "binance data: expected an object": 1,
    }


def test_a_silent_connection_is_taken_for_dead() -> None:
    """The first one says nothing; the second one does."""
    with exchange([[], [binance_trade(1)]], asks=False) as here:
        config = {"venue": "binance", "symbols": ["BTCUSDT"], "url": here.url, "silence_seconds": 0.3}
        source, came = listen(config, ticks=1)

    assert len(came) == 1
    assert source.refused["connection lost"] >= 1


def test_it_keeps_the_contract_of_live_sources() -> None:
    """Each life is a new connection."""
    with exchange([[binance_trade(1), BOOK], [binance_trade(1), BOOK]], asks=False) as here:
        config = {"venue": "binance", "symbols": ["BTCUSDT"], "url": here.url, **QUICK}
        check_live(Markets, config=config, arrive=lambda: None, expect=2)


def test_an_exchange_that_is_away_is_asked_less_and_less_often() -> None:
    """Half a second, then twice as long each time up to the bound; chance shortens each wait, at most by half."""
    patience = Patience(first=0.5, longest=4.0, seed=1)
    waits = [patience.fail() for _ in range(6)]

    for wait, most in zip(waits, (0.5, 1.0, 2.0, 4.0, 4.0, 4.0), strict=True):
        assert most / 2 <= wait <= most
    patience.succeed()
    assert patience.fail() <= 0.5


def test_nobody_there_ends_at_a_stop() -> None:
    """It waits between tries, and the stop ends the wait."""
    stop = threading.Event()
    source = Markets(config={"venue": "binance", "symbols": ["A"], "url": f"ws://127.0.0.1:{free_port(0)}"})
    batches = source.batches(stop)
    next(batches)
    stop.set()

    assert list(batches) == []
    assert source.refused == {"connection lost": 1}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"venue": "kraken", "symbols": ["A"]}, "venue"),
        ({"venue": "binance", "symbols": []}, "symbols"),
        ({"venue": "binance", "symbols": ["A"], "url": "https://example.org"}, "ws://"),
        ({"venue": "binance", "symbols": ["A"], "symbol": "B"}, "symbol: expected no such field"),
    ],
)
def test_wrong_settings_are_refused_by_name(config: dict[str, object], said: str) -> None:
    """Before anything is connected."""
    with pytest.raises(SettingsError, match=said):
        Markets(config=config)
