"""Draws the boards from a running Prometheus, for the README and for review: a preview, not Grafana."""

import json
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import click
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from monitoring.dashboards.board import build
from monitoring.render import BOARDS, dashboard_text

Course = dict[str, tuple[list[float], list[float]]]  # legend → seconds ago, values
_PAPER, _CARD, _INK, _FAINT = "#111217", "#181b1f", "#ccccdc", "#6e7079"
_COLORS = {
    "green": "#56a64b",
    "orange": "#ff9830",
    "red": "#e02f44",
    "text": _CARD,
    "yellow": "#fade2a",
    "dark-red": "#a50e1f",
}
_WIDTH, _UNIT = 16.0, 0.40  # inches: of a board, of one row of its grid
_STEPS = 150


def preview(address: str, board: dict[str, Any], *, seconds: int) -> Figure:
    """Draw a board as it stands.

    address  http://host:port of Prometheus
    board    as rendered
    seconds  of the past to show
    """
    rows = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in board["panels"]) + 2
    figure = plt.figure(figsize=(_WIDTH, rows * _UNIT), facecolor=_PAPER)
    say = f"{board['title']}    preview drawn by matplotlib from a real Prometheus, not Grafana"
    figure.text(0.008, 1 - 0.8 / rows, say, color=_INK, fontsize=11, va="center")
    for panel in board["panels"]:
        place = panel["gridPos"]
        bottom = 1 - (place["y"] + place["h"] + 1.6) / rows
        box = (place["x"] / 24 + 0.004, bottom + 0.1 / rows, place["w"] / 24 - 0.008, (place["h"] - 0.2) / rows)
        if panel["type"] == "row":
            figure.text(0.008, bottom + 0.5 / rows, f"▾ {panel['title']}", color=_INK, fontsize=10, va="center")
            continue
        card = figure.add_axes(box, facecolor=_CARD)
        card.set(xticks=[], yticks=[])
        plt.setp(card.spines.values(), color="#2a2d33")
        course = _course(address, panel, seconds)
        (_draw_number if panel["type"] == "stat" else _draw_curves)(figure, card, box, panel, course)
    return figure


def _course(address: str, panel: dict[str, Any], seconds: int) -> Course:
    end = time.time()
    found: Course = {}
    for target in panel["targets"]:
        expression = target["expr"].replace("$__rate_interval", "20s").replace("$symbol", ".*")
        asked = {"query": expression, "start": end - seconds, "end": end, "step": seconds / _STEPS}
        url = f"{address}/api/v1/query_range?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # the address is the caller's own
            series = json.load(answer)["data"]["result"]
        for one in series:
            legend = target["legendFormat"]
            for label, value in one["metric"].items():
                legend = legend.replace(f"{{{{{label}}}}}", value)
            points = [(at - end, float(value)) for at, value in one["values"]]
            found[legend] = ([at for at, _ in points], [value for _, value in points])
    return dict(sorted(found.items()))


def _draw_number(
    figure: Figure, card: Axes, box: tuple[float, float, float, float], panel: dict[str, Any], course: Course
) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    decimals = panel["fieldConfig"]["defaults"].get("decimals")
    instant = panel["targets"][0].get("instant")
    values = {legend: points for legend, (at, points) in course.items() if not instant or at[-1] > -1.0}
    last = {
        legend: points[-1] if decimals is None else round(points[-1], decimals)
        for legend, points in values.items()
        if np.isfinite(points[-1])
    }
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    worst = max(last.values(), default=None)
    color = "text"
    for step in steps if worst is not None else ():
        color = step["color"] if step["value"] is None or worst >= step["value"] else color
    card.set_facecolor(_COLORS[color])
    card.text(0.03, 0.9, panel["title"], color="white", fontsize=8, va="top", transform=card.transAxes)
    named = "{{" in panel["targets"][0]["legendFormat"]
    for place, (legend, value) in enumerate(last.items()):
        x = (place + 0.5) / len(last)
        card.text(
            x, 0.42, _say(value, unit), color="white", fontsize=17, ha="center", va="center", transform=card.transAxes
        )
        if named:
            card.text(x, 0.14, legend, color=_INK, fontsize=7, ha="center", va="center", transform=card.transAxes)
    if not last:
        empty = panel["fieldConfig"]["defaults"]["noValue"]
        card.text(0.5, 0.42, empty, color=_FAINT, fontsize=13, ha="center", va="center", transform=card.transAxes)
    for points in values.values() if not named else ():
        spark = figure.add_axes((box[0], box[1], box[2], box[3] * 0.28))
        spark.fill_between(range(len(points)), points, color="white", alpha=0.25, lw=0)
        spark.axis("off")


def _draw_curves(
    figure: Figure, card: Axes, box: tuple[float, float, float, float], panel: dict[str, Any], course: Course
) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    card.text(0.01, 0.975, panel["title"], color=_INK, fontsize=8.5, va="top", transform=card.transAxes)
    plot = figure.add_axes(
        (box[0] + 0.12 * box[2], box[1] + 0.24 * box[3], 0.86 * box[2], 0.64 * box[3]), facecolor=_CARD
    )
    if not course:
        plot.text(0.5, 0.5, defaults["noValue"], color=_FAINT, ha="center", transform=plot.transAxes)
    fixed = {
        override["matcher"]["options"]: _COLORS[override["properties"][0]["value"]["fixedColor"]]
        for override in panel["fieldConfig"]["overrides"]
    }
    cycle = iter(f"C{i}" for i in range(1000))
    floor = None
    for legend, (at, values) in course.items():
        points = np.array(values)
        if defaults["custom"].get("stacking", {}).get("mode") == "normal":
            base = np.zeros(points.size) if floor is None or floor.size != points.size else floor
            plot.fill_between(
                at, base, base + points, alpha=0.5, lw=0, label=legend, color=fixed.get(legend, next(cycle))
            )
            floor = base + points
        else:
            plot.plot(at, points, lw=1, label=legend)
    top = plot.get_ylim()[1]
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is not None and step["value"] < 1.5 * top:
            plot.axhline(step["value"], color=_COLORS[step["color"]], ls="--", lw=0.8)
    if defaults.get("min") == 0:
        plot.set_ylim(bottom=0)
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _say(value, defaults["unit"])))
    plot.yaxis.set_major_locator(MaxNLocator(4))
    plot.xaxis.set_major_locator(MaxNLocator(5))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} s"))
    plot.tick_params(colors=_FAINT, labelsize=6.5, length=0)
    plot.grid(color="#2a2d33", lw=0.5)
    plt.setp(plot.spines.values(), visible=False)
    legends = dict(zip(*reversed(plot.get_legend_handles_labels()), strict=True))
    shown = list(legends.items())[:8]
    if shown:
        card.legend(
            [handle for _, handle in shown],
            [name for name, _ in shown],
            loc="lower center",
            ncol=4,
            fontsize=6.5,
            frameon=False,
            labelcolor=_INK,
            handlelength=1.2,
            columnspacing=1.0,
        )


def _say(value: float, unit: str) -> str:
    """A value as Grafana would write it, nearly."""
    if unit == "s":
        return f"{1000 * value:.3g} ms" if 0 < abs(value) < 1 else f"{value:.3g} s"
    if unit == "percentunit":
        return f"{100 * value:.3g}%"
    scale, letter = next(((s, x) for s, x in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if abs(value) >= s), (1.0, ""))
    tail = {"eps": " /s", "ops": " /s", "bytes": "B"}.get(unit, "")
    return f"{value / scale:.3g}{' ' if letter and unit == 'bytes' else ''}{letter}{tail}"


@click.command()
@click.argument("address")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seconds", default=300, show_default=True, help="How much of the past to draw.")
def main(address: str, folder: Path, *, seconds: int) -> None:
    """Draw every board from the Prometheus at ADDRESS (http://host:port) into FOLDER."""
    mpl.use("agg")
    folder.mkdir(parents=True, exist_ok=True)
    for board in BOARDS:
        figure = preview(address, json.loads(dashboard_text(build(board))), seconds=seconds)
        figure.savefig(folder / f"{board.uid}.png", dpi=80)
        click.echo(folder / f"{board.uid}.png")


if __name__ == "__main__":
    main()
