import copy
import json
from typing import Any

import pytest

from monitoring.boards import BOARDS
from monitoring.dashboards.build import build
from monitoring.dashboards.fraud import FRAUD
from monitoring.lint import declared, lint_dashboard, lint_links, lint_rules, undeclared
from monitoring.render import dashboard_text
from monitoring.rules import rule_file

UIDS = [board.uid for board in BOARDS]
GOOD: dict[str, Any] = json.loads(dashboard_text(build(FRAUD)))


def broken(*path: str | int, value: object) -> list[str]:
    """Say what the lint finds once the value at ``path`` of a good board is replaced."""
    board = copy.deepcopy(GOOD)
    place = board
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]  # JSON: keys and places
    place[path[-1]] = value  # type: ignore[index]  # likewise
    return list(lint_dashboard(board))


def test_a_good_board_has_nothing_to_complain_of() -> None:
    """The rest of these tests break it in one place each."""
    assert list(lint_dashboard(GOOD)) == []


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("description",), "", "uid, title or description of the board is missing"),
        (("templating", "list"), [], "there is no variable to choose the datasource"),
        (("links",), [], "there is no link to the other boards"),
        (("templating", "list", 2, "name"), "shop", "the choice shop changes no query"),
        (("templating", "list", 2, "name"), "shop", "$sink stands in a query and can't be chosen"),
        (("annotations", "list"), [], "firing rules, versions or models are not marked on the curves"),
        (
            ("annotations", "list", 1, "target", "expr"),
            "weir_builds",
            "annotation New version or settings: weir_builds is declared by no metric",
        ),
        (("panels", 1, "title"), "Busy?", "the board does not open with the answer"),
        (("panels", 1, "id"), 3, "panel ids are not unique"),
        (("panels", 1, "description"), "", "Is all well?: title or description is missing"),
        (("panels", 1, "fieldConfig", "defaults"), {}, "Is all well?: unit is missing"),
        (("panels", 1, "datasource"), {"uid": "prometheus"}, "Is all well?: datasource is not the variable"),
        (("panels", 1, "targets"), [], "Is all well?: no query, or two of one refId"),
        (("panels", 2, "gridPos", "x"), 3, "Payments judged: overlaps Is all well?"),
        (("panels", 6, "gridPos", "w"), 5, "Oldest alert untold: wider than the board"),
        (
            ("panels", 1, "targets", 0, "expr"),
            "sum(rate(weir_scored_total[$__rate_interval]))",
            "Is all well?: weir_scored_total is declared by no metric",
        ),
        (
            ("panels", 1, "targets", 0, "expr"),
            "sum(rate(weir_events_in_total[5m]))",
            "Is all well?: rate over [5m] instead of [$__rate_interval]",
        ),
    ],
)
def test_each_promise_of_a_board_is_held(path: tuple[str | int, ...], value: object, complaint: str) -> None:
    """One thing broken, one complaint that names the panel."""
    assert complaint in broken(*path, value=value)


def test_the_names_of_a_metric_are_those_prometheus_knows() -> None:
    """A counter ends in _total, a histogram has three names, an info gauge has its own."""
    assert {
        "weir_alerts_total",
        "weir_scored_latency_seconds_bucket",
        "weir_model_info",
        "process_start_time_seconds",
        "weir_symbol_price",
    } <= declared()
    assert undeclared("sum(weir_alerts) / weir_commit_seconds_count") == ["weir_alerts"]


def test_a_rule_needs_its_section_in_the_runbook_and_a_section_its_rule() -> None:
    """Who is woken by a rule finds what to do; nobody reads of a rule that is gone."""
    names = [rule["alert"] for group in rule_file()["groups"] for rule in group["rules"] if "alert" in rule]
    runbook = "".join(f"## {name}\n" for name in set(names[1:])) + "## WeirGone\n"

    assert list(lint_rules(rule_file(), runbook, UIDS)) == [
        f"{names[0]}: no section in the runbook",
        "WeirGone: a section of the runbook without a rule",
    ]


def test_a_rule_on_an_unknown_metric_is_named() -> None:
    """A rule on a metric that nobody shows would be silent for ever."""
    rules = rule_file()
    rules["groups"][0]["rules"][1]["expr"] = "weir_workers_down > 0"
    found = list(lint_rules(rules, "", UIDS))

    assert "slo:weir_bad:rate: weir_workers_down is declared by no metric" in found


def test_a_rule_names_a_board_that_there_is() -> None:
    """Who is woken looks at it first."""
    found = list(lint_rules(rule_file(), "", [uid for uid in UIDS if uid != "weir-market"]))

    assert "WeirRiskFeedStale: no board has the uid weir-market" in found


def test_a_link_leads_to_a_board_that_there_is_and_can_choose() -> None:
    """Without the board of market risk, and without its choice of symbols, each link to it is named."""
    boards = [json.loads(dashboard_text(build(board))) for board in BOARDS]
    chosen = copy.deepcopy(boards)
    for board in chosen:
        board["templating"]["list"] = [v for v in board["templating"]["list"] if v["name"] != "symbol"]

    assert list(lint_links(boards)) == []
    assert any("leads to no board" in wrong for wrong in lint_links(boards[:2]))
    assert any("weir-market has no such choice" in wrong for wrong in lint_links(chosen))
