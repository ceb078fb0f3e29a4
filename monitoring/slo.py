"""What Weir promises those who rely on it, how much of each promise is used up, and how fast it burns.

Windows and burn rates are those of Google's Site Reliability Workbook (2018), chapter 5, for a period of 30 days: 14.4
times the allowed rate over an hour is 2 % of the month's budget gone, 6 times over six hours 5 %, 3 times over a day
and 1 time over three days 10 %. A short window beside each long one lets an alert clear soon after the cause is mended.
"""

from dataclasses import dataclass
from typing import Any

PERIOD = "30d"
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_NOW_SECONDS = 15  # between two looks at what happens now
LATENCY_SECONDS = 0.1  # a bound of ``monitoring.latency.BUCKETS``
COMMIT_SECONDS, FIGURES_SECONDS = 10, 60
BAD, ALL = "slo:weir_bad:rate", "slo:weir_all:rate"
BUDGET = "slo:weir_budget_left:ratio"
OBJECTIVE = "slo:weir_objective:ratio"
FAST = (("1h", "5m", 14.4), ("6h", "30m", 6.0))  # long window, short window, burn rate: somebody is woken
SLOW = (("1d", "2h", 3.0), ("3d", "6h", 1.0))  # likewise: for the day
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_TICKS = 'sum(rate(weir_scored_events_total{kind="ticks"}[5m])) > 0'
_OURS = 'reason=~"crashed_stage|detector_failed"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One promise.

    name    value of the label ``slo``
    share   (0, 1) of all that must be good
    about   what is promised, in words
    bad     PromQL: what broke the promise, per second; where it is about time, 1 while it is broken, or a share
    all     PromQL: what it is a share of, per second; "" where that is all the time
    board   uid of the board that shows where it comes from
    """

    name: str
    share: float
    about: str
    bad: str
    all: str
    board: str


def _latency(kind: str, board: str) -> Objective:
    histogram, chosen = "weir_scored_latency_seconds", f'kind="{kind}"'
    scored = f"sum(rate({histogram}_count{{{chosen}}}[2m]))"
    return Objective(
        name=f"{kind}_in_time",
        share=0.99,
        about=f"{kind} are scored within {round(1000 * LATENCY_SECONDS)} ms of their record's timestamp",
        bad=f'{scored} - sum(rate({histogram}_bucket{{{chosen}, le="{LATENCY_SECONDS}"}}[2m]))',
        all=scored,
        board=board,
    )


OBJECTIVES = (
    _latency("payments", "weir-fraud"),
    _latency("ticks", "weir-market"),
    Objective(
        name="fresh",
        share=0.999,
        about=f"of the time, a worker is ready, nothing waits longer than {COMMIT_SECONDS} s for its commit, and risk "
        f"figures are younger than {FIGURES_SECONDS} s while ticks come",
        bad="clamp_max("
        "((sum(weir_ready) == bool 0) or vector(1))"
        f" + ((max(weir_commit_age_seconds) > bool {COMMIT_SECONDS}) or vector(0))"
        f" + (((time() - max(weir_symbol_updated_timestamp_seconds) > bool {FIGURES_SECONDS}) and on () {_TICKS})"
        " or vector(0)), 1)",
        all="",
        board="weir-pipeline",
    ),
    Objective(
        name="none_lost",
        share=0.9999,
        about="of the records taken are scored, or refused for a reason of their own, not by a fault of ours",
        bad=f"sum(rate(weir_dead_lettered_events_total{{{_OURS}}}[2m]))",
        all="sum(rate(weir_events_in_total[2m]))",
        board="weir-pipeline",
    ),
    Objective(
        name="alerts_delivered",
        share=0.999,
        about="of the alerts that a route names reach their sink",
        bad="sum(rate(weir_notify_undelivered_alerts_total[2m]))",
        all="sum(rate(weir_notify_undelivered_alerts_total[2m])) + sum(rate(weir_notify_told_alerts_total[2m]))",
        board="weir-fraud",
    ),
    Objective(
        name="few_false_alarms",
        share=0.995,
        about="of the genuine payments with a verdict raised no alert that was told, in the last 30 days",
        bad='max(weir_live_false_alarms_per_1000_genuine{subject="told"}) / 1000',
        all="",
        board="weir-models",
    ),
)


def bad_share(window: str) -> str:
    """Name of the record of how much was bad in a window."""
    return f"slo:weir_bad:ratio_{window}"


def burns(pairs: tuple[tuple[str, str, float], ...]) -> str:
    """PromQL with a sample for each promise whose budget burns as fast as one of ``pairs`` says."""
    return " or ".join(f"({_above(long, rate)} and {_above(short, rate)})" for long, short, rate in pairs)


def _above(window: str, rate: float) -> str:
    return f"{bad_share(window)} > {rate:g} * (1 - {OBJECTIVE})"


def recording_groups() -> list[dict[str, Any]]:
    """Groups of recording rules: what happens now, its share of each window, what is left of the budgets."""
    now = [
        _record(name, expression, objective)
        for objective in OBJECTIVES
        for name, expression in (
            (OBJECTIVE, f"vector({objective.share})"),
            (BAD, objective.bad),
            (ALL, objective.all),
        )
        if expression
    ]
    shares = [{"record": bad_share(window), "expr": _share(window)} for window in WINDOWS]
    budget = {"record": BUDGET, "expr": f"1 - ({_share(PERIOD)}) / (1 - {OBJECTIVE})"}
    return [
        {"name": "weir-slo-now", "interval": f"{_NOW_SECONDS}s", "rules": now},
        {"name": "weir-slo-shares", "interval": "30s", "rules": shares},
        {"name": "weir-slo-budget", "interval": "1m", "rules": [budget]},
    ]


def _record(name: str, expression: str, objective: Objective) -> dict[str, Any]:
    return {"record": name, "expr": expression, "labels": {"slo": objective.name, "board": objective.board}}


def _share(window: str) -> str:
    """PromQL of what was bad in a window, of all in it; time that nobody looked at was not bad.

    So that the first minute of a young Prometheus, in which the workers start as well, is not its whole month.
    """
    looks = int(window[:-1]) * _SECONDS[window[-1]] // _NOW_SECONDS
    timed = "|".join(objective.name for objective in OBJECTIVES if not objective.all)
    bad = f"sum_over_time({BAD}[{window}])"
    return f'{bad} / sum_over_time({ALL}[{window}]) or sum_over_time({BAD}{{slo=~"{timed}"}}[{window}]) / {looks}'
