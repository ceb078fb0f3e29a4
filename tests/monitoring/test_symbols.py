from prometheus_client import CollectorRegistry

from monitoring.symbols import EXPORTED, MOST_SYMBOLS, SymbolFigures
from stream.core.market.figures import FIGURES
from tests.monitoring.scrape import scrape, value


def shown(updates: list[dict[str, dict[str, float | None]]]) -> CollectorRegistry:
    """A registry after some snapshots at second 1,000."""
    registry = CollectorRegistry()
    figures = SymbolFigures(lambda: 1000.0)
    registry.register(figures)
    for update in updates:
        figures.update(update)
    return registry


def test_every_exported_figure_is_one_the_market_stage_makes() -> None:
    """A figure renamed there would otherwise vanish from the board without a word."""
    assert set(EXPORTED) <= {*FIGURES, "untrusted"}  # which the stage puts beside the figures, as their health


def test_the_latest_figure_of_a_symbol_is_shown_with_its_level() -> None:
    """A later snapshot replaces an earlier one."""
    registry = shown([{"ACME": {"value_at_risk_975": 0.01}}, {"ACME": {"value_at_risk_975": 0.02}}])

    assert value(registry, "weir_symbol_value_at_risk_ratio", symbol="ACME", level="0.975") == 0.02
    assert value(registry, "weir_symbol_updated_timestamp_seconds", symbol="ACME") == 1000.0


def test_a_figure_without_history_has_no_sample() -> None:
    """Neither None nor nan becomes a zero that looks like calm."""
    registry = shown([{"ACME": {"drawdown": None, "mid": float("nan"), "volatility_ewma": 0.001}}])

    names = {name for name, labels in scrape(registry) if ("symbol", "ACME") in labels}
    assert names == {"weir_symbol_volatility_ratio", "weir_symbol_updated_timestamp_seconds"}


def test_a_symbol_without_quotes_shows_its_last_trade_as_price() -> None:
    """Equity bars and crypto trades come without a mid."""
    assert value(shown([{"BTC": {"mid": None, "last": 5.0}}]), "weir_symbol_price", symbol="BTC") == 5.0


def test_symbols_beyond_the_bound_are_counted() -> None:
    """The 201st symbol gets no labels and raises the count; the first 200 go on being updated."""
    many: dict[str, dict[str, float | None]] = {f"s{i}": {"drawdown": 0.1} for i in range(MOST_SYMBOLS + 3)}
    registry = shown([many, {"s0": {"drawdown": 0.2}, f"s{MOST_SYMBOLS}": {"drawdown": 0.2}}])

    drawdowns = [labels for name, labels in scrape(registry) if name == "weir_symbol_drawdown_ratio"]
    assert len(drawdowns) == MOST_SYMBOLS
    assert value(registry, "weir_symbols_unlabelled") == 3.0
    assert value(registry, "weir_symbol_drawdown_ratio", symbol="s0") == 0.2
