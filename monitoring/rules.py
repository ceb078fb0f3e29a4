"""The alerting rules for whoever keeps Weir running; fraud and market alerts are events, and travel on Kafka."""

from dataclasses import dataclass
from typing import Any

from monitoring.slo import FAST, SLOW, burns, recording_groups

_JOB = 'job="weir-worker"'  # of deployment/prometheus/prometheus.yml
_FRAUD = 'weir_alerts_total{kind="fraud"}'
_PAYMENTS = 'weir_scored_events_total{kind="payments"}'
RUNBOOK = "docs/runbook.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alerting rule.

    name      also the headline of its section in the runbook
    expr      PromQL that has samples where something is wrong
    wait      how long that must last
    severity  "critical" wakes somebody, "warning" is for the day, "info" for the next look
    summary   one line, may hold Prometheus templates
    about     what it means for those who rely on the alerts
    board     uid of the board to look at; "" where the samples bring the label with them
    """

    name: str
    expr: str
    wait: str
    severity: str
    summary: str
    about: str
    board: str


WORKERS = (
    Rule(
        name="WeirWorkerDown",
        expr=f"up{{{_JOB}}} == 0",
        wait="1m",
        severity="critical",
        summary="Worker {{ $labels.instance }} does not answer",
        about="Its partitions go to the other workers; without one, nothing is scored.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirNoWorker",
        expr=f"absent(up{{{_JOB}}})",
        wait="1m",
        severity="critical",
        summary="There is no worker to scrape",
        about="Nothing is scored and no alert is told; Kafka keeps the events.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirProcessDown",
        expr=f'up{{job=~"weir-.+", {_JOB.replace("=", "!=", 1)}}} == 0',
        wait="5m",
        severity="warning",
        summary="{{ $labels.job }} at {{ $labels.instance }} does not answer",
        about="What it does is not done: telling of alerts, answers over HTTP, the console, or live figures.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirDescriptorsRunOut",
        expr='predict_linear(process_open_fds{job=~"weir-.+"}[1h], 4 * 3600) > process_max_fds{job=~"weir-.+"}'
        ' and process_open_fds{job=~"weir-.+"} > 0.25 * process_max_fds{job=~"weir-.+"}',
        wait="15m",
        severity="warning",
        summary="{{ $labels.instance }} will have no file descriptors left within four hours",
        about="Then it can open no connection, and ends. A restart frees them; what leaks is ours to mend.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirWorkerNotReady",
        expr="weir_ready == 0",
        wait="5m",
        severity="warning",
        summary="Worker {{ $labels.instance }} has had no partitions with their state for 5 minutes",
        about="It is reading back state or can't join its group; its partitions wait.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirWorkerRestarting",
        expr=f"changes(process_start_time_seconds{{{_JOB}}}[15m]) > 2",
        wait="0m",
        severity="warning",
        summary="Worker {{ $labels.instance }} started {{ $value }} times in 15 minutes",
        about="Each start costs a rebalance and a recovery, during which its partitions wait.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirCommitStalled",
        expr="max by (instance) (weir_commit_age_seconds) > 30",
        wait="30s",
        severity="critical",
        summary="{{ $labels.instance }} has work that was not committed for {{ $value | humanizeDuration }}",
        about="Kafka or a stage does not answer; alerts may be held up, and a crash would do that work again.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirLagGrowing",
        expr="sum by (topic) (weir_consumer_lag_records) > 10000"
        " and sum by (topic) (deriv(weir_consumer_lag_records[10m])) > 0",
        wait="10m",
        severity="warning",
        summary="{{ $value }} records of {{ $labels.topic }} wait, and it becomes more",
        about="Alerts come late, and ever later.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirLatencyHigh",
        expr="histogram_quantile(0.99, sum by (le, kind) (rate(weir_scored_latency_seconds_bucket[5m]))) > 0.25",
        wait="10m",
        severity="warning",
        summary="1 in 100 {{ $labels.kind }} takes longer than {{ $value | humanizeDuration }} to be scored",
        about="The budget is 50 ms at p99.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirClockAhead",
        expr="sum(rate(weir_ahead_of_clock_events_total[5m])) > 0.01 * sum(rate(weir_scored_events_total[5m]))",
        wait="10m",
        severity="info",
        summary="{{ $value }} events a second are stamped later than the worker's clock",
        about="A producer's clock runs ahead of the worker's, or the worker's behind: latency figures are too small.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirUndeclaredCount",
        expr="sum by (count) (increase(weir_unknown_counts_total[15m])) > 0",
        wait="0m",
        severity="info",
        summary="A stage counts {{ $labels.count }} in a way that no metric is declared for",
        about="The boards lack something that the workers know: ours to mend.",
        board="weir-pipeline",
    ),
)
EVENTS = (
    Rule(
        name="WeirNoEvents",
        expr='sum by (topic) (increase(weir_events_in_total{topic!="labels"}[10m])) == 0'
        " and sum by (topic) (increase(weir_events_in_total[6h])) > 0",
        wait="5m",
        severity="warning",
        summary="Nothing has come on {{ $labels.topic }} for 15 minutes",
        about="A producer or its way to Kafka is broken: no alert does not mean that all is well.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirDeadLetters",
        expr="sum(rate(weir_dead_lettered_events_total[5m])) / sum(rate(weir_events_in_total[5m])) > 0.01",
        wait="5m",
        severity="warning",
        summary="{{ $value | humanizePercentage }} of all events are refused",
        about="What is refused is not scored. The topic dead-letters names reason, partition and offset of each.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirStageCrashing",
        expr='sum(increase(weir_dead_lettered_events_total{reason="crashed_stage"}[15m])) > 0',
        wait="0m",
        severity="critical",
        summary="A stage fails on {{ $value }} records",
        about="A fault of ours: these events are kept, but not scored until they are replayed.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirDetectorFailing",
        expr="sum by (detector, call) (increase(weir_detector_failures_total[15m])) > 0",
        wait="0m",
        severity="critical",
        summary="Detector {{ $labels.detector }} failed {{ $value | humanize }} times at: {{ $labels.call }}",
        about="What a detector can't score is a dead letter; what it can't explain is an alert without reasons.",
        board="weir-models",
    ),
    Rule(
        name="WeirAlertStorm",
        expr=f"1000 * sum(increase({_FRAUD}[15m])) / sum(increase({_PAYMENTS}[15m])) > 20"
        f" and sum(increase({_FRAUD}[15m])) > 20",
        wait="5m",
        severity="warning",
        summary="{{ $value }} fraud alerts per 1,000 payments",
        about="An attack under way, or a model that no longer fits what it sees; analysts can't follow either.",
        board="weir-fraud",
    ),
    Rule(
        name="WeirKeysOverflow",
        expr="sum by (table) (rate(weir_overflowed_keys_total[15m])) > 1",
        wait="15m",
        severity="info",
        summary="{{ $value }} histories a second outgrow their bound in table {{ $labels.table }}",
        about="Windows of very busy keys are cut short: their counts and means are those of the newest events only.",
        board="weir-pipeline",
    ),
    Rule(
        name="WeirRiskFeedStale",
        expr="time() - max(weir_symbol_updated_timestamp_seconds) > 300"
        ' and sum(increase(weir_scored_events_total{kind="ticks"}[1h])) > 0',
        wait="1m",
        severity="warning",
        summary="No risk figure has moved for {{ $value | humanizeDuration }}",
        about="The figures shown are those of the past; limits are not watched while no tick comes.",
        board="weir-market",
    ),
)
MODELS = (
    Rule(
        name="WeirModelDrifts",
        expr="max by (column) (weir_drift_psi_nats) > 0.25 and on () max(weir_drift_window_payments) >= 500",
        wait="1h",
        severity="warning",
        summary="{{ $labels.column }} no longer looks as learnt: stability index {{ $value | humanize }}",
        about="Scores mean something else than they did: alerts may be missing, or too many.",
        board="weir-models",
    ),
)
NOTIFY = (
    Rule(
        name="WeirSinkFailing",
        expr="max by (sink) (weir_notify_failing) == 1",
        wait="10m",
        severity="warning",
        summary="Sink {{ $labels.sink }} has taken no notice for 10 minutes",
        about="Its alerts wait on Kafka and are tried again; after notify.tries each becomes a dead letter.",
        board="weir-fraud",
    ),
    Rule(
        name="WeirAlertsUndelivered",
        expr="sum by (sink) (increase(weir_notify_undelivered_alerts_total[15m])) > 0",
        wait="0m",
        severity="critical",
        summary="{{ $value | humanize }} alerts did not reach {{ $labels.sink }}",
        about="Nobody is told of them there any more, until somebody tells the sink again.",
        board="weir-fraud",
    ),
)
PROMISES = (
    Rule(
        name="WeirBudgetBurns",
        expr=burns(FAST),
        wait="0m",
        severity="critical",
        summary="{{ $labels.slo }}: at this rate the month's budget is gone within days",
        about="A promise of monitoring/slo.py is broken many times faster than it may be, and still is.",
        board="",
    ),
    Rule(
        name="WeirBudgetBurns",
        expr=burns(SLOW),
        wait="0m",
        severity="warning",
        summary="{{ $labels.slo }}: the month's budget will not last",
        about="A promise of monitoring/slo.py is broken faster than it may be; not urgent, but it won't end by itself.",
        board="",
    ),
)
GROUPS: dict[str, tuple[Rule, ...]] = {
    "weir-workers": WORKERS,
    "weir-events": EVENTS,
    "weir-models": MODELS,
    "weir-notify": NOTIFY,
    "weir-promises": PROMISES,
}


def rule_file() -> dict[str, Any]:
    """All groups in Prometheus' own form: what is recorded, then what is told."""
    told = [{"name": name, "rules": [_rendered(rule) for rule in rules]} for name, rules in GROUPS.items()]
    return {"groups": [*recording_groups(), *told]}


def _rendered(rule: Rule) -> dict[str, Any]:
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": rule.wait,
        "labels": {"severity": rule.severity, **({"board": rule.board} if rule.board else {})},
        "annotations": {
            "summary": rule.summary,
            "description": rule.about,
            "runbook_url": f"{RUNBOOK}#{rule.name.lower()}",
        },
    }
