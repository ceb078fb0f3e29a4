"""The reference of all metrics, promises and rules as a page, written from the code that declares them."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from monitoring.boards import BOARDS
from monitoring.dashboards.board import Board, expressions
from monitoring.processes import PROCESSES, Process, samples
from monitoring.rules import GROUPS
from monitoring.slo import BAD, OBJECTIVES, PERIOD, recording_groups

_UNITS = {  # last word of a name, without ``_total`` → unit, where it is not that word itself
    "ratio": "share, 1 is all",
    "info": "always 1",
    "price": "price units",
    "unlabelled": "symbols",
    "ready": "0 or 1",
    "failing": "0 or 1",
    "active": "0 or 1",
}
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_HEAD = """# Metrics

Written from the code by `make render`; `make render-check` fails where it differs. What to watch and what is easily
misread stands in [Watching Weir](monitoring.md), what to do when a rule fires in the [runbook](runbook.md). Prometheus
adds `job` and `instance` to every metric. Counters are named as Prometheus shows them, with `_total`.
"""


class Metric(NamedTuple):
    """One metric as the page shows it; ``names`` are those its samples have."""

    name: str
    kind: str
    labels: tuple[str, ...]
    about: str
    names: frozenset[str]

    @property
    def unit(self) -> str:
        """Said by the last word of its name."""
        if self.name.endswith("_timestamp_seconds"):
            return "epoch seconds"
        word = self.name.removesuffix("_total").rpartition("_")[2]
        return _UNITS.get(word, word)


def metrics(process: Process) -> Iterator[Metric]:
    """Yield every metric of ours that a process declares, in the order of its code."""
    registry: CollectorRegistry = process.show()
    for collector in registry._collector_to_names:  # noqa: SLF001  # the library lists its collectors nowhere else
        for family in collector.collect():
            if not family.name.startswith("weir_"):
                continue  # the library's own, of the process
            labels = tuple(getattr(collector, "_labelnames", None) or getattr(family, "_labelnames", ()) or ())
            names = frozenset(name for name, owner in samples(process).items() if owner == family.name)
            shown = f"{family.name}_total" if family.type == "counter" else family.name
            yield Metric(shown, family.type, labels, family.documentation, names)


def shown_on(names: frozenset[str]) -> list[Board]:
    """Boards with a panel that asks for one of these samples, by itself or as what a promise is judged by."""
    return [board for board in BOARDS if names & _shown_by(board)]


def _shown_by(board: Board) -> set[str]:
    asked = {name for _, expression in expressions(board) for name in _asked(expression)}
    if asked & {rule["record"] for group in recording_groups() for rule in group["rules"]}:
        judged = (one for one in OBJECTIVES if board.is_all or one.board == board.uid)
        asked |= {name for one in judged for name in _asked(f"{one.bad} {one.all}")}
    return asked


def _asked(expression: str) -> set[str]:
    return set(_NAME.findall(expression))


def reference() -> str:
    """The page."""
    parts = [_HEAD]
    for process in PROCESSES:
        head = f"## `{process.name}`\nAt port {process.port} unless told otherwise, job `{process.job}`.\n\n"
        lines = [_line(metric) for metric in metrics(process)]
        parts.append(head + _table(("metric", "type", "labels", "unit", "what it is", "board"), lines))
    promises = [
        (f"`{one.name}`", f"{100 * one.share:g} %", one.about, f"`{one.board}`", _cell(_source_names(one.bad)))
        for one in OBJECTIVES
    ]
    about = (
        f"## Promises\nOver {PERIOD.removesuffix('d')} days. `{BAD}` and its kin carry them as label `slo`; "
        "`WeirBudgetBurns` watches them.\n\n"
    )
    parts.append(about + _table(("promise", "share", "what is promised", "board", "from"), promises))
    recorded = [(f"`{name}`", what) for name, what in _RECORDED.items()]
    parts.append("## Recorded\n" + _table(("record", "what it is"), recorded))
    rules = [
        (f"[{rule.name}](runbook.md#{rule.name.lower()})", rule.severity, rule.wait, rule.summary)
        for group in GROUPS.values()
        for rule in group
    ]
    parts.append("## Rules\n" + _table(("rule", "severity", "must last", "what it tells"), rules))
    return "\n".join(parts)


_RECORDED = {
    "slo:weir_bad:rate": "what broke a promise, per second; of `fresh`: 1 while it is broken",
    "slo:weir_all:rate": "what that is a share of",
    "slo:weir_bad:ratio_5m": "share that was bad in 5 minutes; likewise `30m`, `1h`, `2h`, `6h`, `1d`, `3d`",
    "slo:weir_objective:ratio": "the share promised",
    "slo:weir_budget_left:ratio": "share of the period's error budget that is left; below 0 the promise is broken",
}


def _source_names(expression: str) -> list[str]:
    return sorted(name for name in _asked(expression) if name.startswith("weir_"))


def _line(metric: Metric) -> tuple[str, ...]:
    boards = [board.uid for board in shown_on(metric.names)]
    return f"`{metric.name}`", metric.kind, _cell(metric.labels), metric.unit, metric.about, _cell(boards)


def _cell(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "–"


def _table(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    rows = [head, tuple("---" for _ in head), *lines]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)
