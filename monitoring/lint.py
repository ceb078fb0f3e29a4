"""What every board and rule must keep: names, units, words, places, and metrics that exist."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from monitoring.processes import PROCESSES, samples
from monitoring.slo import recording_groups

_OURS = re.compile(r"(?<![\w:])(?:weir_|process_|python_|slo:)[a-zA-Z0-9_:]*")
_RATE = re.compile(r"\b(?:rate|irate)\([^()]*\[([^\]]+)\]")
_LINKED = re.compile(r"^/d/([a-z-]+)\?")
_CARRIED = re.compile(r"&var-([a-z_]+)=")
_DATASOURCE = "${datasource}"


@cache
def declared() -> frozenset[str]:
    """Names of all samples a process of ours may show."""
    return frozenset(name for process in PROCESSES for name in samples(process))


@cache
def recorded() -> frozenset[str]:
    """Names that recording rules give."""
    return frozenset(rule["record"] for group in recording_groups() for rule in group["rules"])


def undeclared(expression: str) -> list[str]:
    """Metrics in a PromQL expression that nobody shows or records."""
    return sorted(set(_OURS.findall(expression)) - declared() - recorded())


def lint_links(dashboards: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Say which panels lead to a board that is none of these, or hand it a choice that it does not have."""
    boards = {board["uid"]: {variable["name"] for variable in board["templating"]["list"]} for board in dashboards}
    for board in dashboards:
        for panel in board["panels"]:
            links = [*panel.get("links", ()), *panel.get("fieldConfig", {}).get("defaults", {}).get("links", ())]
            for url in (link["url"] for link in links):
                led = _LINKED.match(url)
                if led is None or led.group(1) not in boards:
                    yield f"{board['uid']}, {panel['title']}: leads to no board of ours: {url}"
                elif set(_CARRIED.findall(url)) - boards[led.group(1)]:
                    yield f"{board['uid']}, {panel['title']}: {led.group(1)} has no such choice: {url}"


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
    asked = " ".join(target["expr"] for panel in panels for target in panel.get("targets", ()))
    yield from (
        f"the choice {name} changes no query" for name in variables if name not in ("datasource", *_used(asked))
    )
    yield from (f"${name} stands in a query and can't be chosen" for name in _used(asked) if name not in variables)
    yield from _lint_annotations(dashboard["annotations"]["list"])
    if [panel["type"] for panel in panels[:2]] != ["row", "stat"] or panels[1].get("title") != "Is all well?":
        yield "the board does not open with the answer"
    ids = [panel["id"] for panel in panels]
    if len(set(ids)) < len(ids):
        yield "panel ids are not unique"
    yield from _overlaps(panels)
    for panel in panels:
        if panel["type"] != "row":
            yield from _lint_panel(panel)


def _used(asked: str) -> list[str]:
    return sorted(set(re.findall(r"\$([a-z]+)\b", asked)))


def _lint_annotations(annotations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    names = []
    for annotation in annotations:
        names.append(annotation["name"])
        if annotation.get("datasource", {}).get("uid") != _DATASOURCE:
            yield f"annotation {annotation['name']}: datasource is not the variable"
        yield from (
            f"annotation {annotation['name']}: {name} is declared by no metric"
            for name in undeclared(annotation["target"]["expr"])
        )
    if not {"Rules that fire", "New version or settings", "New model"} <= set(names):
        yield "firing rules, versions or models are not marked on the curves"


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


def lint_rules(rules: Mapping[str, Any], runbook: str, boards: Iterable[str]) -> Iterator[str]:
    """Say what is wrong with the rendered rules.

    runbook  the text they point into
    boards   uids, of which each rule names the one to look at
    """
    sections = {line.removeprefix("## ").strip() for line in runbook.splitlines() if line.startswith("## ")}
    every = [rule for group in rules["groups"] for rule in group["rules"]]
    told, known = [rule for rule in every if "alert" in rule], set(boards)
    names = {rule["alert"] for rule in told}
    if len({(rule["alert"], rule["labels"]["severity"]) for rule in told}) < len(told):
        yield "two rules have one name and one severity"
    for rule in every:
        name = rule.get("alert", rule.get("record"))
        yield from (f"{name}: {metric} is declared by no metric" for metric in undeclared(rule["expr"]))
        if rule.get("labels", {}).get("board", next(iter(known))) not in known:
            yield f"{name}: no board has the uid {rule['labels']['board']}"
    for rule in told:
        if not all(rule["annotations"].get(key) for key in ("summary", "description", "runbook_url")):
            yield f"{rule['alert']}: summary, description or runbook_url is missing"
    yield from (f"{name}: no section in the runbook" for name in sorted(names - sections))
    yield from (f"{name}: a section of the runbook without a rule" for name in sorted(sections - names))
