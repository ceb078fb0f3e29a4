"""How a Weir board looks: what a panel is made of, and how rows of them become a Grafana dashboard."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import common, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.builders import prometheus as prom
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models

TAG = "weir"
DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
Steps = tuple[tuple[str, float | None], ...]  # colour from a value on; the first has none

CALM: Steps = (("green", None),)
PLAIN: Steps = (("text", None),)


def above(orange: float, red: float) -> Steps:
    """Green below ``orange``."""
    return (("green", None), ("orange", orange), ("red", red))


def at_least(green: float) -> Steps:
    """Red below ``green``."""
    return (("red", None), ("green", green))


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question with its answer; 24 spans are a board's width.

    queries  legend → PromQL
    unit     Grafana's name of it
    steps    colours; on a curve drawn as dashed lines
    colors   legend → colour, where a colour has a meaning
    empty    shown where there is no data, said so that nobody takes it for zero
    """

    title: str
    about: str
    unit: str
    queries: dict[str, str]
    steps: Steps = PLAIN
    colors: dict[str, str] = field(default_factory=dict)
    span: int = 8
    height: int = 8
    empty: str = "no data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Panel):
    """A single number with its recent course behind it: what a board opens with.

    Where a label names the numbers they are those of now alone, without a course: what is no more is not shown.
    """

    span: int = 4
    height: int = 4
    decimals: int | None = None

    @property
    def is_named(self) -> bool:
        """Whether labels name the numbers."""
        return any("{{" in legend for legend in self.queries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves(Panel):
    """Values over time.

    stacked    added up
    from_zero  False where only the change matters
    """

    stacked: bool = False
    from_zero: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under a headline."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard; ``label``, where given, is a metric label to choose values of: ``(label, metric that has it)``."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    label: tuple[str, str] | None = None


def build(board: Board) -> models.Dashboard:
    """Lay out a board: ids count from 1 in reading order, so that a render changes only what the code changed."""
    made = (
        grafana.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags([TAG])
        .time("now-30m", "now")
        .refresh("5s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(grafana.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .link(
            grafana.DashboardLink("Weir boards")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .tooltip("The other boards, at the same time")
            .icon("external link")
            .placement(models.DashboardLinkPlacement.IN_CONTROLS_MENU)
            .keep_time(True)
            .include_vars(True)
        )
    )
    if board.label is not None:
        made.with_variable(_choice(*board.label))
    ids = iter(range(1, 1000))
    for row in board.rows:
        made.with_row(grafana.Row(row.title).id(next(ids)))
        for panel in row.panels:
            made.with_panel(_panel(panel).id(next(ids)))
    return made.build()


def expressions(board: Board) -> Iterator[tuple[str, str]]:
    """Every query of a board, as ``(panel title, PromQL)``."""
    for row in board.rows:
        for panel in row.panels:
            for expression in panel.queries.values():
                yield panel.title, expression


def _choice(label: str, metric: str) -> Any:
    return (
        grafana.QueryVariable(label)
        .label(label.capitalize())
        .datasource(DATASOURCE)
        .query(f"label_values({metric}, {label})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(text="All", value="$__all"))
    )


def _panel(panel: Panel) -> Any:
    if isinstance(panel, Number):
        made = _number(panel)
    else:
        assert isinstance(panel, Curves)
        made = _curves(panel)
    made = (
        made.title(panel.title)
        .description(panel.about)
        .datasource(DATASOURCE)
        .unit(panel.unit)
        .no_value(panel.empty)
        .span(panel.span)
        .height(panel.height)
        .thresholds(
            grafana.ThresholdsConfig()
            .mode(models.ThresholdsMode.ABSOLUTE)
            .steps([models.Threshold(color=color, value=value) for color, value in panel.steps])
        )
    )
    for legend, color in panel.colors.items():
        fixed = models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color})
        made.override_by_name(legend, [fixed])
    for place, (legend, expression) in enumerate(panel.queries.items()):
        query = prom.Dataquery().ref_id("ABCDEFGH"[place]).datasource(DATASOURCE).expr(expression).legend_format(legend)
        made.with_target(query.instant() if isinstance(panel, Number) and panel.is_named else query.range())
    return made


def _number(panel: Number) -> Any:
    made = stat.Panel() if panel.decimals is None else stat.Panel().decimals(panel.decimals)
    return (
        made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_mode(looks.BigValueColorMode.NONE if panel.steps == PLAIN else looks.BigValueColorMode.BACKGROUND)
        .graph_mode(looks.BigValueGraphMode.NONE if panel.is_named else looks.BigValueGraphMode.AREA)
        .text_mode(looks.BigValueTextMode.VALUE_AND_NAME if panel.is_named else looks.BigValueTextMode.VALUE)
    )


def _curves(panel: Curves) -> Any:
    has_lines = any(value is not None for _, value in panel.steps)
    mode = looks.GraphThresholdsStyleMode.DASHED if has_lines else looks.GraphThresholdsStyleMode.OFF
    stacking = looks.StackingMode.NORMAL if panel.stacked else looks.StackingMode.NONE
    made = (
        timeseries.Panel()
        .fill_opacity(40 if panel.stacked else 8)
        .line_width(1)
        .show_points(looks.VisibilityMode.NEVER)
        .stacking(common.StackingConfig().mode(stacking))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(mode))
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
        .legend(
            common.VizLegendOptions()
            .display_mode(looks.LegendDisplayMode.TABLE)
            .placement(looks.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
    )
    return made.min(0) if panel.from_zero else made
