"""How a board becomes a Grafana dashboard: layout, links to the other boards, variables and annotations."""

from typing import Any

from grafana_foundation_sdk.builders import common, heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.builders import prometheus as prom
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heat_looks
from grafana_foundation_sdk.models import prometheus as formats

from monitoring.dashboards.board import PLAIN, Board, Choice, Curves, Heat, Listing, Number, Panel

TAG = "weir"
DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_NEW = "unless count by ({labels}) ({metric} offset 2m)"  # shown for two minutes, so that no step of a query skips it


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
        .link(_others())
    )
    for choice in board.choices:
        made.with_variable(_choice(choice))
    if board.spans:
        made.with_variable(_spans(board.spans))
    for annotation in _annotations(board):
        made.annotation(annotation)
    ids = iter(range(1, 1000))
    for row in board.rows:
        made.with_row(grafana.Row(row.title).id(next(ids)))
        for panel in row.panels:
            made.with_panel(_panel(panel).id(next(ids)))
    return made.build()


def annotated(board: Board) -> dict[str, str]:
    """What is marked on every curve of a board: name → PromQL."""
    whose = "" if board.is_all else f', board="{board.uid}"'
    return {
        "Rules that fire": f'ALERTS{{alertstate="firing"{whose}}}',
        "New version or settings": _new("version, config", "weir_build_info"),
        "New model": _new("detector, version", "weir_model_info"),
    }


def _new(labels: str, metric: str) -> str:
    return f"count by ({labels}) ({metric}) {_NEW.format(labels=labels, metric=metric)}"


_MARKS = {  # name → colour, title and text
    "Rules that fire": ("red", "{{alertname}}", "{{severity}} {{slo}} {{instance}} {{topic}} {{sink}}"),
    "New version or settings": ("blue", "Weir {{version}}", "settings {{config}}"),
    "New model": ("purple", "{{detector}} {{version}}", "a detector or a version of one began to judge"),
}


def _annotations(board: Board) -> list[Any]:
    made = []
    for name, expression in annotated(board).items():
        color, title, text = _MARKS[name]
        asked = prom.Dataquery().ref_id("Anno").datasource(DATASOURCE).expr(expression).interval("30s")
        query = grafana.AnnotationQuery().name(name).datasource(DATASOURCE).enable(enable=True).icon_color(color)
        made.append(query.target(asked).title_format(title).text_format(text))
    return made


def _others() -> Any:
    return (
        grafana.DashboardLink("Weir boards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=True)
        .tooltip("The other boards, at the same time")
        .icon("external link")
        .placement(models.DashboardLinkPlacement.IN_CONTROLS_MENU)
        .keep_time(True)
        .include_vars(True)
    )


def _choice(choice: Choice) -> Any:
    return (
        grafana.QueryVariable(choice.label)
        .label(choice.label.capitalize())
        .datasource(DATASOURCE)
        .query(f"label_values({choice.metric}, {choice.label})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(text="All", value="$__all"))
    )


def _spans(spans: tuple[str, ...]) -> Any:
    options = [models.VariableOption(text=span, value=span, selected=place == 0) for place, span in enumerate(spans)]
    return (
        grafana.CustomVariable("span")
        .label("Sums of the last")
        .values(",".join(spans))
        .options(options)
        .current(options[0])
    )


def _panel(panel: Panel) -> Any:
    match panel:
        case Number():
            made = _number(panel)
        case Curves():
            made = _curves(panel)
        case Heat():
            made = _heat()
        case Listing():
            made = _listing(panel)
        case _:
            raise TypeError(f"a panel that has no look: {type(panel).__name__}")
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
    if panel.leads_to:
        _link(made, panel)
    for query in _queries(panel):
        made.with_target(query)
    return made


def _link(made: Any, panel: Panel) -> None:
    url = f"/d/{panel.leads_to}?${{__url_time_range}}&${{datasource:queryparam}}"
    made.links([grafana.DashboardLink("Say more").type(models.DashboardLinkType.LINK).url(url)])
    if panel.carries:
        chosen = f"{url}&var-{panel.carries}=${{__field.labels.{panel.carries}}}"
        title = f"This {panel.carries} alone"
        made.data_links([grafana.DashboardLink(title).type(models.DashboardLinkType.LINK).url(chosen)])


def _queries(panel: Panel) -> list[Any]:
    made = []
    for place, (legend, expression) in enumerate(panel.queries.items()):
        query = prom.Dataquery().ref_id("ABCDEFGH"[place]).datasource(DATASOURCE).expr(expression).legend_format(legend)
        if isinstance(panel, Heat):
            query = query.format(formats.PromQueryFormat.HEATMAP)
        elif isinstance(panel, Listing):
            query = query.format(formats.PromQueryFormat.TABLE)
        is_now = isinstance(panel, Listing) or (isinstance(panel, Number) and panel.is_named)
        made.append(query.instant() if is_now else query.range())
    return made


def _number(panel: Number) -> Any:
    made = stat.Panel() if panel.decimals is None else stat.Panel().decimals(panel.decimals)
    if panel.words:
        options = {value: models.ValueMappingResult(text=text) for value, text in panel.words.items()}
        made.mappings([models.ValueMap(options=options)])
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


def _heat() -> Any:
    palette = heatmap.HeatmapColorOptions().mode(heat_looks.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    return heatmap.Panel().calculate(calculate=False).color(palette).hide_legend()


def _listing(panel: Listing) -> Any:
    hidden = {name: True for name in ("Time", "Value", "__name__", "alertstate", "job") if name not in panel.columns}
    order = {name: place for place, name in enumerate(panel.columns)}
    organize = models.DataTransformerConfig(
        id_val="organize", options={"excludeByName": hidden, "indexByName": order, "renameByName": {}}
    )
    worst_first = common.TableSortByFieldState().display_name(panel.columns[0])
    return table.Panel().with_transformation(organize).sort_by([worst_first])
