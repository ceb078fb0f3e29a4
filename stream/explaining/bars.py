"""Contributions as a bar plot, the value and the usual one beside each: a PNG, or HTML that needs nothing else."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from stream.errors import MachineError, SettingsError
from stream.explanation import Explanation
from stream.show import number

_SHOWN = 12
_LEAST = 0.005  # share of the largest bar: less can't be seen
_UP, _DOWN = "#b3261e", "#2f6f4f"
_WIDTH = 420  # of the bars, pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One feature: its part of the score, and its value beside the usual one, in words."""

    feature: str
    contribution: float
    value: str
    usual: str


def bars_of(explained: Explanation) -> list[Bar]:
    """Take the features that weigh most, by size, the rest as one bar, so that all bars add up to the score."""
    ranked = sorted(explained.features.items(), key=lambda item: -abs(item[1][2]))
    largest = abs(ranked[0][1][2]) if ranked else 0.0
    shown = [item for item in ranked[:_SHOWN] if abs(item[1][2]) >= _LEAST * largest]
    rest = sum(share for _, (_, _, share) in ranked[len(shown) :])
    bars = [
        Bar(feature=name, contribution=share, value=_known(value), usual=_known(usual))
        for name, (value, usual, share) in shown
    ]
    if len(ranked) > len(shown):
        bars.append(Bar(feature=f"{len(ranked) - len(shown)} others", contribution=rest, value="", usual=""))
    return bars


def write_plot(explained: Explanation, path: Path) -> None:
    """Write the plot; the end of the name says how.

    Raises SettingsError for another end than ``.png`` and ``.html``, MachineError where matplotlib is missing.
    """
    if path.suffix == ".html":
        page = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(_title(explained))}</title>"
        path.write_text(f"{page}<body>{html_bars(explained)}</body></html>\n", encoding="utf-8")
    elif path.suffix == ".png":
        _write_png(explained, path)
    else:
        raise SettingsError("--plot", "a file that ends in .png or .html", path.name, where="explain")


def html_bars(explained: Explanation) -> str:
    """Draw the bars as one SVG with its text, for a page of anybody's."""
    bars = bars_of(explained)
    reach = max((abs(bar.contribution) for bar in bars), default=1.0) or 1.0
    rows = []
    for i, bar in enumerate(bars):
        width = max(_WIDTH * abs(bar.contribution) / reach, 1.0)
        y, colour = 34 + 26 * i, _UP if bar.contribution >= 0 else _DOWN
        beside = f"{bar.value} (usually {bar.usual})" if bar.value else ""
        rows.append(
            f'<text x="240" y="{y + 14}" text-anchor="end">{escape(bar.feature)}</text>'
            f'<rect x="250" y="{y}" width="{width:.1f}" height="18" fill="{colour}"/>'
            f'<text x="{256 + width:.1f}" y="{y + 14}">{bar.contribution:+.3g}'
            f'<tspan fill="#555">  {escape(beside)}</tspan></text>'
        )
    title, height = escape(_title(explained)), 44 + 26 * len(bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 960 {height}" width="960" '
        f'font-family="sans-serif" font-size="13"><title>{title}</title>'
        f'<text x="10" y="20" font-weight="bold">{title}</text>{"".join(rows)}</svg>'
    )


def _write_png(explained: Explanation, path: Path) -> None:
    try:
        import matplotlib as mpl  # noqa: PLC0415  # in the extra ``train``; HTML needs none
    except ModuleNotFoundError:
        raise MachineError("a PNG needs matplotlib", "Install it: uv sync --extra train, or write .html") from None
    mpl.use("Agg")
    from matplotlib.figure import Figure  # noqa: PLC0415

    bars = bars_of(explained)[::-1]  # the largest on top
    figure = Figure(figsize=(10.0, 1.2 + 0.34 * len(bars)), layout="constrained")
    axes: Any = figure.subplots()
    parts = [bar.contribution for bar in bars]
    axes.barh([bar.feature for bar in bars], parts, color=[_UP if part >= 0 else _DOWN for part in parts])
    for i, bar in enumerate(bars):
        beside = f"{bar.value} (usually {bar.usual})" if bar.value else ""
        axes.annotate(
            f" {bar.contribution:+.3g}  {beside}",
            (max(bar.contribution, 0.0), i),
            va="center",
            fontsize=8,
            color="#333",
        )
    axes.axvline(0.0, color="#555", linewidth=0.8)
    low, high = min(*parts, 0.0), max(*parts, 0.0)
    axes.set_xlim(low * 1.05, high + 0.55 * (high - low or 1.0))
    axes.set(title=_title(explained), xlabel="part of the score")
    figure.savefig(path, dpi=90, metadata={"Software": ""})


def _title(explained: Explanation) -> str:
    alert = explained.alert
    return (
        f"{alert.detector.name} {alert.detector.version}: score {explained.score:.4g}, "
        f"threshold {alert.threshold:.4g} (alert {alert.id})"
    )


def _known(value: float) -> str:
    return number(None if value != value else value)  # noqa: PLR0124  # nan
