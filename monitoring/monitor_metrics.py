"""What ``weir monitor`` tells: how good the alerts are by the verdicts so far, what is expected, and what has moved."""

import math
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, disable_created_metrics

from monitoring.health import Progress
from stream.drift.estimate import Estimated
from stream.drift.groups import gap
from stream.drift.monitor import Figures
from stream.drift.outcomes import Live
from stream.drift.watch import State


class MonitorMetrics:
    """A scrape may come at any time, and sees the last figures shown. A figure that is not known is absent.

    registry  a fresh one: process metrics are added to it
    """

    def __init__(self, registry: CollectorRegistry, *, steady: Callable[[], float] = time.monotonic) -> None:
        disable_created_metrics()  # a second series beside every counter, which nobody asks for
        self.registry, self._steady = registry, steady
        self._began = self._heard = steady()
        self._opened: float | None = None
        self._live = {
            "precision": self._gauge("live_precision_ratio", "Right alerts over alerts with a verdict", "subject"),
            "recall": self._gauge("live_recall_ratio", "Frauds found over frauds known", "subject"),
            "false_alarms_per_1000": self._gauge(
                "live_false_alarms_per_1000_genuine", "False alarms per 1,000 genuine payments", "subject"
            ),
            "alerts": self._gauge("live_judged_alerts", "Alerts with a verdict", "subject"),
            "frauds": self._gauge("live_known_frauds", "Frauds known", "subject"),
        }
        self._by_delay = self._gauge(
            "live_recall_by_delay_ratio", "Recall of frauds whose verdict came within so many days", "subject", "days"
        )
        self._caught = self._gauge("live_caught_currency", "Amount of frauds told, currency units")
        self._saved = self._gauge("live_saved_currency", "The same, less what the reviews of alerts cost")
        self._verdicts = self._gauge("live_verdicts", "Verdicts read since the start")
        self._unmatched = self._gauge("live_unmatched_verdicts", "Of them, about payments that are not known here")
        self._kept = self._gauge("live_kept_payments", "Payments in memory that wait for a verdict", "drawer")
        self._weight = self._gauge("live_kept_weight_payments", "Payments that each of these stands for", "drawer")
        self._expected = {
            "precision": self._gauge("estimated_precision_ratio", "Precision expected before verdicts", "detector"),
            "recall": self._gauge("estimated_recall_ratio", "Recall expected before verdicts", "detector"),
            "frauds": self._gauge("estimated_frauds", "Frauds expected among the payments", "detector"),
        }
        self._over_real = self._gauge(
            "live_expected_over_real_ratio", "Expected frauds over real, of days with their verdicts", "detector"
        )
        self._rates = {
            "alert_rate": self._gauge("group_alert_ratio", "Judged payments of a group that were told", "group"),
            "false_alarm_rate": self._gauge("group_false_alarm_ratio", "Genuine ones of a group so told", "group"),
            "recall": self._gauge("group_recall_ratio", "Frauds against a group that were told", "group"),
        }
        self._gap = self._gauge("group_gap_ratio", "Largest rate of a group less the smallest", "rate")
        self._psi = self._gauge("drift_psi_nats", "Population stability index against training", "column")
        self._ks = self._gauge("drift_ks_ratio", "Kolmogorov-Smirnov distance against training", "column")
        self._creep = self._gauge("drift_creep_ratio", "Page-Hinkley of the scores; 1 is an alarm", "column")
        self._rows = self._gauge("drift_window_payments", "Payments that are held to the reference")
        self._quantile = self._gauge(
            "drift_score_quantile_ratio", "Quantile of the scores now over that in training", "detector", "quantile"
        )
        self._at = self._gauge("monitor_newest_event_timestamp_seconds", "Event time of the newest score read")
        ProcessCollector(registry=registry)

    def show(self, figures: Figures) -> None:
        """Take the figures as they are now; also a sign of life."""
        self._heard = self._steady()
        self._opened = self._opened or self._heard
        self._at.set(figures.at / 1000)
        for live in figures.live:
            self._show_live(live)
        self._caught.set(figures.money.caught / 100)
        self._saved.set(figures.money.saved / 100)
        self._verdicts.set(figures.verdicts)
        self._unmatched.set(figures.unmatched)
        for drawer, (kept, weight) in figures.kept.items():
            self._kept.labels(drawer).set(kept)
            self._weight.labels(drawer).set(weight)
        for estimated in figures.estimated:
            self._show_estimated(estimated)
        for detector, ratio in figures.expected_over_real.items():
            _put(self._over_real, ratio, detector)
        for rate, gauge in self._rates.items():
            for group in figures.groups:
                _put(gauge, getattr(group, rate), group.group)
            _put(self._gap, gap(figures.groups, rate), rate)
        newest = max(figures.drift.values(), key=lambda state: state.at, default=None)
        if newest is not None:
            self._show_drift(newest)

    def progress(self) -> Progress:
        """What health and readiness are judged by: ready once what stands on the topics is read."""
        return Progress(
            now=self._steady(),
            closed_at=self._began,
            recovered_at=self._opened,
            opened_at=self._opened,
            partitions=1,
            heard=self._heard,
        )

    def _show_live(self, live: Live) -> None:
        for field, gauge in self._live.items():
            _put(gauge, getattr(live, field), live.subject)
        for days, recall in live.recall_by_days.items():
            _put(self._by_delay, recall, live.subject, str(days))

    def _show_estimated(self, estimated: Estimated) -> None:
        for field, gauge in self._expected.items():
            _put(gauge, getattr(estimated, field), estimated.detector)

    def _show_drift(self, state: State) -> None:
        self._rows.set(state.rows)
        for gauge, values in ((self._psi, state.psi), (self._ks, state.ks), (self._creep, state.creep)):
            gauge.clear()  # a model with other columns leaves none behind
            for column, value in values.items():
                gauge.labels(column).set(value)
        self._quantile.clear()
        for detector, quantiles in state.quantiles.items():
            for level, (now, usual) in quantiles.items():
                _put(self._quantile, now / usual if usual else None, detector, level)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"weir_{name}", about, labels, registry=self.registry)


def _put(gauge: Gauge, value: float | None, *labels: str) -> None:
    if value is not None and math.isfinite(value):
        gauge.labels(*labels).set(value)
