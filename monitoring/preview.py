"""Draws the boards from a running Prometheus, for the documentation and for review: a preview, not Grafana."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from monitoring.boards import BOARDS
from monitoring.dashboards.build import build
from monitoring.drawing import CARD, INK, LINE, PAPER, Course, draw_curves, draw_heat, draw_listing, draw_number
from monitoring.render import dashboard_text

_WIDTH, _UNIT = 16.0, 0.40  # inches: of a board, of one row of its grid
_STEPS = 150


def preview(address: str, board: dict[str, Any], *, seconds: int) -> Figure:
    """Draw a board as it stands.

    address  http://host:port of Prometheus
    board    as rendered
    seconds  of the past to show; sums reach as far
    """
    rows = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in board["panels"]) + 2
    figure = plt.figure(figsize=(_WIDTH, rows * _UNIT), facecolor=PAPER)
    say = f"{board['title']}    preview drawn by matplotlib from a real Prometheus, not Grafana"
    figure.text(0.008, 1 - 0.8 / rows, say, color=INK, fontsize=11, va="center")
    for panel in board["panels"]:
        place = panel["gridPos"]
        bottom = 1 - (place["y"] + place["h"] + 1.6) / rows
        box = (place["x"] / 24 + 0.004, bottom + 0.1 / rows, place["w"] / 24 - 0.008, (place["h"] - 0.2) / rows)
        if panel["type"] == "row":
            figure.text(0.008, bottom + 0.5 / rows, f"▾ {panel['title']}", color=INK, fontsize=10, va="center")
            continue
        card = figure.add_axes(box, facecolor=CARD)
        card.set(xticks=[], yticks=[])
        plt.setp(card.spines.values(), color=LINE)
        if panel["type"] == "table":
            draw_listing(card, panel, _lines(address, panel, seconds))
            continue
        draw = {"stat": draw_number, "timeseries": draw_curves, "heatmap": draw_heat}[panel["type"]]
        draw(figure, card, box, panel, _course(address, panel, seconds))
    return figure


def asked(expression: str, *, rate: str, span: str) -> str:
    """A query as Grafana would send it: everything chosen, rates over ``rate``, sums over ``span``."""
    for name, value in (("__rate_interval", rate), ("span", span)):
        expression = expression.replace(f"${name}", value)
    for name in ("symbol", "severity", "sink", "instance", "detector"):
        expression = expression.replace(f'"${name}"', '".*"')
    return expression


def _course(address: str, panel: dict[str, Any], seconds: int) -> Course:
    end = time.time()
    found: Course = {}
    for target in panel["targets"]:
        expression = asked(target["expr"], rate="20s", span=f"{seconds}s")
        series = _get(address, "query_range", query=expression, start=end - seconds, end=end, step=seconds / _STEPS)
        for one in series:
            legend = target["legendFormat"]
            for label, value in one["metric"].items():
                legend = legend.replace(f"{{{{{label}}}}}", value)
            points = [(at - end, float(value)) for at, value in one["values"]]
            found[legend] = ([at for at, _ in points], [value for _, value in points])
    return dict(sorted(found.items()))


def _lines(address: str, panel: dict[str, Any], seconds: int) -> list[dict[str, str]]:
    expression = asked(panel["targets"][0]["expr"], rate="20s", span=f"{seconds}s")
    return [one["metric"] for one in _get(address, "query", query=expression)]


def _get(address: str, page: str, **parameters: object) -> list[Mapping[str, Any]]:
    url = f"{address}/api/v1/{page}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # the address is the caller's own
        found: list[Mapping[str, Any]] = json.load(answer)["data"]["result"]
        return found


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
        plt.close(figure)
        click.echo(folder / f"{board.uid}.png")


if __name__ == "__main__":
    main()
