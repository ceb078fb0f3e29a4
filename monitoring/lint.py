"""What every board and rule must keep: names, units, words, places, and metrics that exist."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry

from monitoring.metrics import Metrics
from monitoring.notify_metrics import NotifyMetrics
from stream.core.triage import Triage

_OURS = re.compile(r"\b(?:weir|process|python)_[a-z0-9_]+\b")
_RATE = re.compile(r"\b(?:rate|irate)\([^()]*\[([^\]]+)\]")
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
_DATASOURCE = "${datasource}"


@cache
def declared() -> frozenset[str]:
    """Names of all samples a worker or ``weir notify`` may show."""
    shown = (Metrics(CollectorRegistry()), NotifyMetrics(CollectorRegistry(), sinks=("any",), triage=Triage()))
    families = [family for metrics in shown for family in metrics.registry.collect()]
    return frozenset(family.name + suffix for family in families for suffix in _SUFFIXES.get(family.type, ("",)))


def undeclared(expression: str) -> list[str]:
    """Metrics in a PromQL expression that nobody shows."""
    return sorted(set(_OURS.findall(expression)) - declared())


def lint_dashboard(dashboard: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with a rendered dashboard, one sentence each."""
    if not dashboard.get("uid") or not dashboard.get("title") or not dashboard.get("description"):
        yield "uid, title or description of the board is missing"
    variables = {variable["name"]: variable["type"] for variable in dashboard["templating"]["list"]}
    if variables.get("datasource") != "datasource":
        yield "there is no variable to choose the datasource"
    if not dashboard.get("links"):
        yield "there is no link to the other boards"
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    if len(set(ids)) < len(ids):
        yield "panel ids are not unique"
    yield from _overlaps(panels)
    for panel in panels:
        if panel["type"] != "row":
            yield from _lint_panel(panel)


def _lint_panel(panel: Mapping[str, Any]) -> Iterator[str]:
    title = panel.get("title") or f"panel {panel['id']}"
    if not panel.get("title") or not panel.get("description"):
        yield f"{title}: title or description is missing"
    if not panel["fieldConfig"]["defaults"].get("unit"):
        yield f"{title}: unit is missing"
    if panel.get("datasource", {}).get("uid") != _DATASOURCE:
        yield f"{title}: datasource is not the variable"
    targets = panel.get("targets", [])
    if not targets or len({target.get("refId") for target in targets}) < len(targets):
        yield f"{title}: no query, or two of one refId"
    for target in targets:
        if target.get("datasource", {}).get("uid") != _DATASOURCE:
            yield f"{title}: datasource of a query is not the variable"
        yield from (f"{title}: {name} is declared by no metric" for name in undeclared(target["expr"]))
        for window in _RATE.findall(target["expr"]):
            if window != "$__rate_interval":
                yield f"{title}: rate over [{window}] instead of [$__rate_interval]"


def _overlaps(panels: list[Mapping[str, Any]]) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{panel['title']}: wider than the board"
        cells = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
        for other in sorted({taken[cell] for cell in cells & taken.keys()}):
            yield f"{panel['title']}: overlaps {other}"
        taken.update(dict.fromkeys(cells, panel["title"]))


def lint_rules(rules: Mapping[str, Any], runbook: str) -> Iterator[str]:
    """Say what is wrong with the rendered rules; ``runbook`` is the text they point into."""
    sections = {line.removeprefix("## ").strip() for line in runbook.splitlines() if line.startswith("## ")}
    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    if len(set(names)) < len(names):
        yield "names of rules are not unique"
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield from (f"{rule['alert']}: {name} is declared by no metric" for name in undeclared(rule["expr"]))
            if not all(rule["annotations"].get(key) for key in ("summary", "description", "runbook_url")):
                yield f"{rule['alert']}: summary, description or runbook_url is missing"
    yield from (f"{name}: no section in the runbook" for name in names if name not in sections)
    yield from (f"{name}: a section of the runbook without a rule" for name in sorted(sections - set(names)))
