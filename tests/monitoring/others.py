"""What the processes beside the worker would tell: notify, console, monitor and score, with a figure for everything."""

import asyncio
import time

import msgspec
from prometheus_client import CollectorRegistry

from monitoring.console_metrics import ConsoleMetrics
from monitoring.health import Progress
from monitoring.monitor_metrics import MonitorMetrics
from monitoring.notify_metrics import NotifyMetrics
from monitoring.score_metrics import ANSWERS, Scope, ScoreMetrics
from stream.core.triage import Triage
from stream.drift.estimate import Estimated
from stream.drift.groups import Group
from stream.drift.monitor import Figures
from stream.drift.outcomes import Live, Money
from stream.drift.watch import State
from stream.wire.triage import Delivery


class Rows:
    """What ``weir score`` rests on, and what it shows."""

    customers = ("c1", "c2")
    terminals = ("m1",)

    def __init__(self) -> None:
        self.committed_at = time.time()
        self.registry = CollectorRegistry()
        self.metrics = ScoreMetrics(self.registry, self)

    def age_ms(self) -> int:
        """How old it may be."""
        return 900

    def progress(self) -> Progress:
        """Well."""
        return Progress(now=0.0, closed_at=0.0, opened_at=0.0)

    def answer(self) -> None:
        """Answer one payment of each kind, and one again."""
        for decision in (*ANSWERS, ANSWERS[0]):
            self.metrics.answered(decision, is_repeat=False)
        self.metrics.answered(ANSWERS[0], is_repeat=True)
        asyncio.run(self._ask())

    async def _ask(self) -> None:
        async def app(_scope: Scope, _receive: object, send: object) -> None:
            assert callable(send)
            await send({"type": "http.response.start", "status": 200})

        async def gone(_message: object) -> None:
            """Nobody listens."""

        await self.metrics.timed(app)({"type": "http", "path": "/v1/score"}, None, gone)


class Page:
    """What ``weir console`` shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ConsoleMetrics(self.registry, book=lambda: 12, pages=lambda: 2)

    def progress(self) -> Progress:
        """Well."""
        return Progress(now=0.0, closed_at=0.0, opened_at=0.0)


class Others:
    """All four, told of more each time."""

    def __init__(self) -> None:
        self.notify = NotifyMetrics(CollectorRegistry(), sinks=("desk",), triage=Triage())
        self.monitor = MonitorMetrics(CollectorRegistry())
        self.score = Rows()
        self.console = Page()

    def tell(self) -> None:
        """Three alerts told and one held, the figures of a month, five questions answered."""
        now = time.time_ns() // 1_000_000
        self.notify.opened("desk", is_active=True)
        told = Delivery(id="n1", at=now, sink="desk", route="all", group="", outcome="told", alerts=("a", "b", "c"))
        self.notify.settled(told, emitted_at=[now - 400] * 3)
        self.notify.settled(msgspec.structs.replace(told, id="d", outcome="held", why="cooldown"), emitted_at=[])
        self.notify.waiting("desk", alerts=1, since=now)
        self.monitor.show(figures(now))
        self.score.answer()


def figures(at: int) -> Figures:
    """Of a month in which most alerts were right."""
    known = {"alerts": 40.0, "frauds": 50.0, "genuine": 20_000.0, "precision": 0.75, "recall": 0.6}
    live = [
        Live(subject=subject, recall_by_days={1: 0.7, 7: 0.6}, false_alarms_per_1000=0.5, **known)
        for subject in ("told", "any", "amounts")
    ]
    drift = State(at=at, rows=900, psi={"amount": 0.03}, ks={"amount": 0.02}, creep={"amounts": 0.1})
    drift.quantiles["amounts"] = {"0.99": (3.1, 3.0)}
    return Figures(
        at=at,
        live=live,
        money=Money(caught=120_000.0, reviews=20_000.0),
        estimated=[Estimated(detector="amounts", payments=20_000, frauds=52.0, precision=0.7, recall=0.62)],
        expected_over_real={"amounts": 1.04},
        verdicts=21_000,
        unmatched=12,
        kept={"flagged": (40, 1), "passed": (9_000, 2)},
        drift={"1": drift},
        groups=[
            Group(group=group, payments=9_000.0, alert_rate=rate, false_alarm_rate=rate / 2, recall=0.6)
            for group, rate in (("north", 0.002), ("south", 0.003))
        ],
    )
