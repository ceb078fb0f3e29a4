"""Draws one panel of a board by matplotlib: numbers, curves, heat maps and listings, nearly as Grafana shows them."""

from datetime import UTC, datetime
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

Course = dict[str, tuple[list[float], list[float]]]  # legend → seconds ago, values
Box = tuple[float, float, float, float]  # left, bottom, width, height: shares of the figure
PAPER, CARD, INK, FAINT, LINE = "#111217", "#181b1f", "#ccccdc", "#6e7079", "#2a2d33"
COLORS = {
    "green": "#56a64b",
    "orange": "#ff9830",
    "red": "#e02f44",
    "text": CARD,
    "yellow": "#fade2a",
    "dark-red": "#a50e1f",
}
_LEGENDS = 8


def draw_number(figure: Figure, card: Axes, box: Box, panel: dict[str, Any], course: Course) -> None:
    """Draw the last value of each curve, large, in the colour of the worst."""
    defaults = panel["fieldConfig"]["defaults"]
    is_instant = panel["targets"][0].get("instant")
    values = {legend: points for legend, (at, points) in course.items() if not is_instant or at[-1] > -1.0}
    decimals = defaults.get("decimals")
    last = {
        legend: points[-1] if decimals is None else round(points[-1], decimals)
        for legend, points in values.items()
        if np.isfinite(points[-1])
    }
    card.set_facecolor(COLORS[_worst(defaults["thresholds"]["steps"], list(last.values()))])
    _title(card, panel, color="white")
    words = {key: result["text"] for one in defaults.get("mappings", ()) for key, result in one["options"].items()}
    is_named = "{{" in panel["targets"][0]["legendFormat"]
    size = 17 if len(last) * 2 <= panel["gridPos"]["w"] else 12
    for place, (legend, value) in enumerate(last.items()):
        x, said = (place + 0.5) / len(last), words.get(f"{value:g}", say(value, defaults["unit"]))
        centred: dict[str, Any] = {"ha": "center", "va": "center", "transform": card.transAxes}
        card.text(x, 0.45, said, color="white", fontsize=size, **centred)
        if is_named:
            card.text(x, 0.14, _short(legend), color=INK, fontsize=7, **centred)
    if not last:
        card.text(0.5, 0.42, defaults["noValue"], color=FAINT, fontsize=12, ha="center", transform=card.transAxes)
    for points in values.values() if not is_named else ():
        spark = figure.add_axes((box[0], box[1], box[2], box[3] * 0.28))
        spark.fill_between(range(len(points)), points, color="white", alpha=0.25, lw=0)
        spark.axis("off")


def draw_curves(figure: Figure, card: Axes, box: Box, panel: dict[str, Any], course: Course) -> None:
    """Draw every curve, or their sum, with thresholds dashed."""
    defaults = panel["fieldConfig"]["defaults"]
    _title(card, panel)
    plot = _plot(figure, box)
    if not course:
        plot.text(0.5, 0.5, defaults["noValue"], color=FAINT, ha="center", transform=plot.transAxes)
    fixed = {
        override["matcher"]["options"]: COLORS[override["properties"][0]["value"]["fixedColor"]]
        for override in panel["fieldConfig"]["overrides"]
    }
    is_stacked = defaults["custom"].get("stacking", {}).get("mode") == "normal"
    floor = None
    for place, (legend, (at, values)) in enumerate(course.items()):
        points, color = np.array(values), fixed.get(legend, f"C{place}")
        if is_stacked:
            base = np.zeros(points.size) if floor is None or floor.size != points.size else floor
            plot.fill_between(at, base, base + points, alpha=0.5, lw=0, label=legend, color=color)
            floor = base + points
        else:
            plot.plot(at, points, lw=1, label=legend, color=color)
    top = plot.get_ylim()[1]
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is not None and step["value"] < 1.5 * top:
            plot.axhline(step["value"], color=COLORS[step["color"]], ls="--", lw=0.8)
    if defaults.get("min") == 0:
        plot.set_ylim(bottom=0)
    plot.yaxis.set_major_locator(MaxNLocator(4))
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: say(value, defaults["unit"])))
    handles, names = plot.get_legend_handles_labels()
    if handles:
        shown: dict[str, Any] = {"loc": "lower center", "ncol": 4, "fontsize": 6.5, "frameon": False}
        names = [_short(name) for name in names[:_LEGENDS]]
        card.legend(handles[:_LEGENDS], names, labelcolor=INK, handlelength=1.2, columnspacing=1.0, **shown)


def draw_heat(figure: Figure, card: Axes, box: Box, panel: dict[str, Any], course: Course) -> None:
    """Draw the buckets of a histogram, whose curves count all up to their bound, over time."""
    _title(card, panel)
    plot = _plot(figure, box)
    by_bound = sorted((float(bound), curve) for bound, curve in course.items())
    if not by_bound:
        plot.text(
            0.5, 0.5, panel["fieldConfig"]["defaults"]["noValue"], color=FAINT, ha="center", transform=plot.transAxes
        )
        return
    at = max((curve[0] for _, curve in by_bound), key=len)
    counts = np.array([values for _, (when, values) in by_bound if len(when) == len(at)])
    own = np.diff(counts, axis=0, prepend=0.0)
    own[own <= 0] = np.nan
    plot.pcolormesh(at, np.arange(len(own)), own, cmap="Oranges", shading="nearest")
    bounds = [bound for bound, (when, _) in by_bound if len(when) == len(at)]
    marked = range(0, len(bounds), 4)
    plot.set_yticks(list(marked), [say(bounds[place], "s") for place in marked])


def draw_listing(card: Axes, panel: dict[str, Any], lines: list[dict[str, str]]) -> None:
    """Draw a line for each sample, labels in the order of the panel."""
    _title(card, panel)
    order = panel["transformations"][0]["options"]["indexByName"]
    shown = sorted(lines, key=lambda line: line.get("severity", ""))[:6]
    names = [name for name in sorted(order, key=order.__getitem__) if any(name in line for line in lines)]
    if not lines:
        empty = panel["fieldConfig"]["defaults"]["noValue"]
        card.text(0.5, 0.45, empty, color=FAINT, fontsize=12, ha="center", transform=card.transAxes)
    for column, name in enumerate(names):
        x = 0.02 + column / max(len(names), 1)
        for row, said in enumerate([name, *(line.get(name, "") for line in shown)]):
            color = INK if row else FAINT
            card.text(x, 0.78 - 0.12 * row, said, color=color, fontsize=7.5, va="center", transform=card.transAxes)


def say(value: float, unit: str) -> str:
    """A value as Grafana would write it, nearly."""
    if not np.isfinite(value):
        return "∞"
    if unit == "s":
        return f"{1000 * value:.3g} ms" if 0 < abs(value) < 1 else f"{value:.3g} s"
    if unit == "dateTimeAsIso":
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M}"
    if unit == "percentunit":
        return f"{100 * value:.3g}%"
    scale, letter = next(((s, x) for s, x in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if abs(value) >= s), (1.0, ""))
    tail = {"eps": " /s", "ops": " /s", "bytes": "B"}.get(unit, "")
    return f"{value / scale:.3g}{' ' if letter and unit == 'bytes' else ''}{letter}{tail}"


def _worst(steps: list[dict[str, Any]], values: list[float]) -> str:
    """Colour of the worst value: that of the step that stands first in the order of harm."""
    found = {"text"} if not values else set()
    for value in values:
        reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
        found.add(reached[-1] if reached else "text")
    return next(color for color in ("dark-red", "red", "orange", "yellow", "green", "text") if color in found)


def _short(words: str, most: int = 30) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _title(card: Axes, panel: dict[str, Any], color: str = INK) -> None:
    size = 8 if panel["type"] == "stat" else 8.5
    card.text(0.02, 0.955, panel["title"], color=color, fontsize=size, va="top", transform=card.transAxes)


def _plot(figure: Figure, box: Box) -> Axes:
    place = (box[0] + 0.12 * box[2], box[1] + 0.24 * box[3], 0.86 * box[2], 0.64 * box[3])
    plot = figure.add_axes(place, facecolor=CARD)
    plot.xaxis.set_major_locator(MaxNLocator(5))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} s"))
    plot.tick_params(colors=FAINT, labelsize=6.5, length=0)
    plot.grid(color=LINE, lw=0.5)
    plt.setp(plot.spines.values(), visible=False)
    return plot
