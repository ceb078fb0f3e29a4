"""What every board opens with: whether it is well, what burns, and how much of its promises is left."""

from monitoring.dashboards.board import Curves, Listing, Number, from_on
from monitoring.slo import BUDGET, bad_share

COLUMNS = ("severity", "alertname", "slo", "instance", "topic", "sink", "detector")


def well(uid: str, *, leads_to: str = "") -> Number:
    """Whether any alerting rule of a board fires; of all boards where ``uid`` is ""."""
    return Number(
        title="Is all well?",
        about="Alerting rules that fire now; the list below names them, docs/runbook.md says what to do about each.",
        unit="short",
        queries={"firing": f"count({_firing(uid)}) or vector(0)"},
        steps=(("green", None), ("red", 1)),
        words={"0": "all well"},
        decimals=0,
        leads_to=leads_to,
    )


def burning(uid: str, *, span: int = 12) -> Listing:
    """The rules that fire, a line each."""
    return Listing(
        title="What burns",
        about="Each rule that fires, worst first; its section of docs/runbook.md says what to do.",
        unit="short",
        queries={"firing": f"sort_desc({_firing(uid)})"},
        columns=COLUMNS,
        span=span,
        empty="nothing burns",
    )


def budgets(uid: str, *, span: int = 12) -> Number:
    """How much of the month's error budgets is left."""
    return Number(
        title="Budget left, 30 days",
        about="Share of what may go wrong in 30 days that has not gone wrong yet; below 0 a promise is broken, and "
        "-100 % is twice as much as may be, or more.",
        unit="percentunit",
        queries={"{{slo}}": f"clamp_min({_of(BUDGET, uid)}, -1)"},
        steps=from_on(red=0.0, orange=0.1, green=0.5),
        span=span,
        height=8,
        empty="no events yet",
    )


def burn(uid: str, *, span: int = 12) -> Curves:
    """How much of each promise is broken."""
    return Curves(
        title="Broken promises, last hour",
        about="Share of the last hour that was not as promised (monitoring/slo.py): late, stale, lost or undelivered.",
        unit="percentunit",
        queries={"{{slo}}": _of(bad_share("1h"), uid)},
        span=span,
        empty="no events yet",
    )


def _firing(uid: str) -> str:
    whose = f', board="{uid}"' if uid else ""
    return f'ALERTS{{alertstate="firing"{whose}}}'


def _of(record: str, uid: str) -> str:
    return f'{record}{{board="{uid}"}}' if uid else record
