"""Risk figures per symbol as gauges: at most ``MOST_SYMBOLS`` get labels, any more are counted, never lost unseen."""

from collections.abc import Callable, Iterable, Mapping
from math import isnan
from threading import Lock

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

MOST_SYMBOLS = 200
_ABOUT = {
    "weir_symbol_price": "Last mid, or last trade where there is no quote, in price units",
    "weir_symbol_value_at_risk_ratio": "Loss of the next bar not exceeded at the level, positive is a loss",
    "weir_symbol_expected_shortfall_ratio": "Mean loss of the next bar beyond the level, positive is a loss",
    "weir_symbol_volatility_ratio": "Deviation of returns: EWMA of one bar, or realised over the window",
    "weir_symbol_drawdown_ratio": "Loss from the running peak, positive is a loss",
    "weir_symbol_spread_ratio": "Quoted spread over mid, now and as usual for the symbol",
    "weir_symbol_bad_ticks_ratio": "Share of about the last 64 ticks that the screen refused",
    "weir_symbol_untrusted_reasons": "Faults of the feed behind the figures; 0: nothing speaks against them",
    "weir_symbol_exceedances": "Of the last 250 bars, those whose loss exceeded the 99 % value at risk known before",
}
EXPORTED: dict[str, tuple[str, str, str]] = {  # figure → metric, its label besides ``symbol``, the label's value
    "mid": ("weir_symbol_price", "", ""),
    **{
        f"{figure}_{percent}": (f"weir_symbol_{figure}_ratio", "level", level)
        for figure in ("value_at_risk", "expected_shortfall")
        for percent, level in (("95", "0.95"), ("975", "0.975"), ("99", "0.99"))
    },
    "volatility_ewma": ("weir_symbol_volatility_ratio", "window", "ewma"),
    **{
        f"realised_volatility_{window}": ("weir_symbol_volatility_ratio", "window", window)
        for window in ("5m", "30m", "1d")
    },
    "drawdown": ("weir_symbol_drawdown_ratio", "", ""),
    "quoted_spread_ratio": ("weir_symbol_spread_ratio", "spread", "quoted"),
    "usual_spread_ratio": ("weir_symbol_spread_ratio", "spread", "usual"),
    "bad_tick_ratio": ("weir_symbol_bad_ticks_ratio", "", ""),
    "exceedances_250": ("weir_symbol_exceedances", "", ""),
    "untrusted": ("weir_symbol_untrusted_reasons", "", ""),
}
Figures = Mapping[str, float | None]


class SymbolFigures(Collector):
    """The latest figures of each symbol, first come, first labelled.

    clock  epoch seconds, for the age of the figures
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._figures: dict[str, Figures] = {}
        self._updated: dict[str, float] = {}
        self._unlabelled: set[str] = set()
        self._lock = Lock()

    def update(self, figures: Mapping[str, Figures]) -> None:
        """Take the latest snapshots, symbol → figure → value; None and nan mean "not enough history"."""
        now = self._clock()
        with self._lock:
            for symbol, latest in figures.items():
                if symbol in self._figures or len(self._figures) < MOST_SYMBOLS:
                    self._figures[symbol] = latest
                    self._updated[symbol] = now
                else:
                    self._unlabelled.add(symbol)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield every gauge; a figure without history has no sample."""
        families = {
            name: GaugeMetricFamily(name, about, labels=["symbol", *_extra_label(name)])
            for name, about in _ABOUT.items()
        }
        updated = GaugeMetricFamily(
            "weir_symbol_updated_timestamp_seconds", "When the figures last came, epoch seconds", labels=["symbol"]
        )
        with self._lock:
            for symbol, latest in self._figures.items():
                updated.add_metric([symbol], self._updated[symbol])
                for figure, (name, label, value) in EXPORTED.items():
                    reading = latest.get(figure)
                    if figure == "mid" and (reading is None or isnan(reading)):
                        reading = latest.get("last")
                    if reading is not None and not isnan(reading):
                        families[name].add_metric([symbol, value] if label else [symbol], reading)
            beyond = len(self._unlabelled)
        yield from families.values()
        yield updated
        about = f"Symbols beyond the first {MOST_SYMBOLS}: on the topic risk, not on these gauges"
        yield GaugeMetricFamily("weir_symbols_unlabelled", about, value=beyond)


def _extra_label(metric: str) -> list[str]:
    return sorted({label for name, label, _ in EXPORTED.values() if name == metric and label})
