"""The simulated market shows what it announces on ``truth``, and nothing impossible."""

from itertools import takewhile

import msgspec
import numpy as np
import pandas as pd
import pytest

from producers.market import Market
from stream.errors import SettingsError
from stream.wire.events import Quote, Shock, Trade

START = 1_735_689_600_000
HOUR_MS = 3_600_000
CALM: dict[str, object] = {
    "symbols": ["A", "B", "C"],
    "decimals": 6,  # so fine that rounding does not matter
    "jumps": {"per_day": 0},
    "volatility_shocks": {"per_day": 0},
    "withdrawals": {"per_day": 0},
}


def some_hours(config: dict[str, object], *, hours: float = 3.0, seed: int = 1) -> tuple[pd.DataFrame, list[Shock]]:
    """Quotes with their mid and relative spread, in order, and the shocks."""
    until = START + hours * HOUR_MS
    records = takewhile(lambda r: r.event.at < until, Market(seed=seed, config=config).records())  # type: ignore[attr-defined]
    events = [record.event for record in records]
    quotes = pd.DataFrame([msgspec.to_builtins(event) for event in events if isinstance(event, Quote)])
    quotes["mid"] = (quotes["bid"] + quotes["ask"]) / 2
    quotes["spread"] = (quotes["ask"] - quotes["bid"]) / quotes["mid"]
    return quotes, [event for event in events if isinstance(event, Shock)]


def mids(quotes: pd.DataFrame, *, every: str) -> pd.DataFrame:
    """Last mid of each symbol on a grid."""
    stamped = quotes.set_index(pd.to_datetime(quotes["at"], unit="ms"))
    return stamped.groupby("symbol")["mid"].resample(every).last().unstack(0).ffill().dropna()  # noqa: PD010


def test_event_time_never_falls_over_stretches() -> None:
    """Half an hour is six stretches, drawn one after the other."""
    until = START + HOUR_MS / 2
    records = takewhile(lambda r: r.event.at < until, Market(seed=2).records())  # type: ignore[attr-defined]
    at = [record.event.at for record in records]  # type: ignore[attr-defined]

    assert len(at) > 5 * 8 * 1_800 * 0.9  # five ticks a second of each of eight symbols
    assert at == sorted(at)


def test_a_book_is_never_crossed_and_trades_happen_at_the_touch() -> None:
    """Each trade is at the ask of the last quote for a buy, at its bid for a sell, if one came in the same step."""
    last: dict[str, Quote] = {}
    checked = 0
    for record in takewhile(lambda r: r.event.at < START + HOUR_MS / 4, Market(seed=3).records()):  # type: ignore[attr-defined]
        event = record.event
        if isinstance(event, Quote):
            assert 0 < event.bid < event.ask
            assert min(event.bid_size, event.ask_size) >= 1
            last[event.symbol] = event
        elif isinstance(event, Trade) and event.symbol in last and event.at // 250 == last[event.symbol].at // 250:
            quote = last[event.symbol]
            assert event.price == (quote.ask if event.side == "buy" else quote.bid)
            checked += 1

    assert checked > 5_000


def test_mids_move_with_the_configured_volatility_and_correlation() -> None:
    """Without clustering, on a grid of 10 s: deviation within 5 %, correlation within four standard errors."""
    config = CALM | {"alpha": 0.0, "beta": 0.5, "degrees": 50, "correlation": 0.6, "daily_volatility": 0.04}
    quotes, _ = some_hours(config, hours=6)
    moves = mids(quotes, every="10s").pct_change().dropna()

    n = len(moves)
    assert moves.std().to_numpy() == pytest.approx(0.04 / np.sqrt(8_640), rel=0.05)
    between = moves.corr().to_numpy()[np.triu_indices(3, 1)]
    assert (np.abs(between - 0.6) < 4 * (1 - 0.6**2) / np.sqrt(n) + 0.03).all()  # quotes are not of the same instant


def test_calm_quotes_have_the_configured_spread_and_size() -> None:
    """The median of the lognormal noise is 1."""
    quotes, _ = some_hours(CALM | {"alpha": 0.0, "spread_bps": 5.0, "size": 900}, hours=0.5)

    assert quotes["spread"].median() == pytest.approx(5e-4, rel=0.03)
    assert quotes["bid_size"].median() == pytest.approx(900, rel=0.05)


def test_every_jump_is_found_where_truth_says() -> None:
    """Between the last quote before a jump and the next one the mid moves by the size announced."""
    quotes, shocks = some_hours(CALM | {"jumps": {"per_day": 100, "size": 0.02}})
    of_symbol = dict(list(quotes.groupby("symbol")))

    assert len(shocks) > 15
    for shock in shocks:
        mine = of_symbol[shock.symbol]
        after = int(np.searchsorted(mine["at"], shock.at))
        moved = mine["mid"].iloc[after] / mine["mid"].iloc[after - 1] - 1
        assert shock.kind == "jump"
        assert abs(shock.size) >= 0.6 * 0.02
        assert moved == pytest.approx(shock.size, abs=0.001)  # ten deviations of an ordinary move


def test_no_move_as_large_as_a_jump_is_left_unannounced() -> None:
    """Moves of over 1 % within a quarter of a second are as many as the jumps on truth."""
    quotes, shocks = some_hours(CALM | {"jumps": {"per_day": 100, "size": 0.02}})
    moves = quotes.groupby("symbol")["mid"].pct_change().abs()

    assert int((moves > 0.01).sum()) == len(shocks)


def test_volatility_shocks_multiply_moves_while_they_last() -> None:
    """Within the announced times a 1 s move deviates four times as much."""
    quotes, shocks = some_hours(CALM | {"alpha": 0.0, "volatility_shocks": {"per_day": 48, "factor": 4, "minutes": 15}})
    moves = mids(quotes, every="1s").pct_change().dropna()
    at = moves.index.astype("datetime64[ms]").astype(np.int64)
    wild = pd.DataFrame(False, index=moves.index, columns=moves.columns)
    for shock in shocks:
        wild.loc[(at >= shock.at) & (at < shock.until), shock.symbol] = True

    assert {shock.kind for shock in shocks} == {"volatility"}
    assert np.nanstd(moves[wild]) / np.nanstd(moves[~wild]) == pytest.approx(4.0, rel=0.1)


def test_a_withdrawal_widens_the_spread_and_dries_up_sizes_while_it_lasts() -> None:
    """Twelve times the spread, a twelfth of the sizes, from the announcement to its end."""
    quotes, shocks = some_hours(CALM | {"withdrawals": {"per_day": 48, "factor": 12, "minutes": 5}})
    thin = np.zeros(len(quotes), bool)
    for shock in shocks:
        thin |= (quotes["symbol"] == shock.symbol) & (quotes["at"] >= shock.at) & (quotes["at"] < shock.until)
    inside, outside = quotes[thin].median(numeric_only=True), quotes[~thin].median(numeric_only=True)

    assert all((shock.kind, shock.until - shock.at) == ("liquidity", 300_000) for shock in shocks)
    assert inside["spread"] / outside["spread"] == pytest.approx(12, rel=0.1)
    assert outside["ask_size"] / inside["ask_size"] == pytest.approx(12, rel=0.1)


def test_shocks_come_as_often_as_configured() -> None:
    """Poisson: 3 symbols, 12 h, 48 jumps a day make 72, within five deviations."""
    _, shocks = some_hours(CALM | {"jumps": {"per_day": 48, "size": 0.01}, "quote_share": 0.05}, hours=12)

    assert abs(len(shocks) - 72) < 5 * np.sqrt(72)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"simbols": ["A"]}, "simbols"),
        ({"jumps": {"often": 1}}, "jumps.often"),
        ({"alpha": 0.5, "beta": 0.6}, "alpha, beta"),
        ({"symbols": ["A", "A"]}, "symbols"),
        ({"symbols": ["A", "B"], "correlation": [[1.0]]}, "correlation"),
        ({"symbols": ["A", "B"], "correlation": [[1.0, 1.2], [1.2, 1.0]]}, "correlation"),
        ({"degrees": 2}, "degrees"),
    ],
)
def test_a_bad_setting_is_refused_by_name(config: dict[str, object], field: str) -> None:
    """Unknown fields, and numbers that make no market."""
    with pytest.raises(SettingsError) as refused:
        Market(seed=0, config=config)

    assert refused.value.field == field
