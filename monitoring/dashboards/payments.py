"""Payments: whether they are scored in time, and fraud is told without drowning whoever reads the alerts."""

from monitoring.dashboards.board import CALM, Board, Curves, Number, Row, above

_SCORED = 'weir_scored_events_total{kind="payments"}'
_TOLD = 'weir_alerts_total{kind="fraud"}'


def _quantiles(histogram: str, selector: str = "") -> dict[str, str]:
    return {
        f"p{name}": f"histogram_quantile({q}, sum by (le) (rate({histogram}_bucket{selector}[$__rate_interval])))"
        for name, q in (("50", "0.5"), ("99", "0.99"), ("99.9", "0.999"))
    }


_LATENCY = _quantiles("weir_scored_latency_seconds", '{kind="payments"}')
_TO_ALERT = _quantiles("weir_alert_latency_seconds")

ANSWER = Row(
    title="Are payments scored in time, and how much burns?",
    panels=(
        Number(
            title="Payments scored",
            about="Payments judged per second, all workers.",
            unit="eps",
            queries={"scored": f"sum(rate({_SCORED}[$__rate_interval]))"},
        ),
        Number(
            title="Latency, 99 of 100",
            about="Record timestamp to score. The budget is 50 ms at p99.",
            unit="s",
            queries={"p99": _LATENCY["p99"]},
            steps=above(0.05, 0.25),
            empty="no payments",
        ),
        Number(
            title="Payments that wait",
            about="Consumer lag on transactions: records on Kafka that no worker has taken.",
            unit="short",
            queries={"waiting": 'sum(weir_consumer_lag_records{topic="transactions"})'},
            steps=above(10_000, 100_000),
        ),
        Number(
            title="Fraud alerts, last hour",
            about="Alerts told in the last hour; what a cooldown held back is not in it.",
            unit="short",
            queries={"alerts": f"sum(increase({_TOLD}[1h]))"},
            decimals=0,
        ),
        Number(
            title="Alerts per 1,000 payments",
            about="Fraud alerts told per 1,000 payments scored in the last hour: what an analyst's day is made of.",
            unit="short",
            queries={"per 1,000": f"1000 * sum(increase({_TOLD}[1h])) / (sum(increase({_SCORED}[1h])) > 0)"},
            steps=above(10, 20),
            empty="no payments",
        ),
        Number(
            title="Critical or high, last hour",
            about="Fraud alerts of the two upper severities: look at these first.",
            unit="short",
            queries={"alerts": 'sum(increase(weir_alerts_total{kind="fraud", severity=~"critical|high"}[1h]))'},
            steps=above(1, 100),
            decimals=0,
        ),
    ),
)

ALERTS = Row(
    title="What burns",
    panels=(
        Curves(
            title="Fraud alerts by severity",
            about="Alerts told per second.",
            unit="ops",
            queries={"{{severity}}": f"sum by (severity) (rate({_TOLD}[$__rate_interval]))"},
            colors={"critical": "dark-red", "high": "red", "medium": "orange", "low": "yellow"},
            stacked=True,
            span=12,
        ),
        Curves(
            title="Told and held back",
            about="A cooldown tells one alert per customer or terminal and counts the others as held back.",
            unit="ops",
            queries={
                "told": f"sum(rate({_TOLD}[$__rate_interval]))",
                "held back": 'sum(rate(weir_held_back_alerts_total{kind="fraud"}[$__rate_interval]))',
            },
            span=12,
        ),
    ),
)

LATENCY = Row(
    title="How long it takes",
    panels=(
        Curves(
            title="Produced to scored",
            about="From the record timestamp of a payment to its score; dashed: the budgets of p99 and p99.9.",
            unit="s",
            queries=_LATENCY,
            steps=above(0.05, 0.25),
            span=12,
        ),
        Curves(
            title="Produced to alert",
            about="From the record timestamp of the cause to its alert, queued for publication; payments and ticks.",
            unit="s",
            queries=_TO_ALERT,
            steps=above(0.05, 0.25),
            span=12,
        ),
    ),
)

FLOW = Row(
    title="What comes in",
    panels=(
        Curves(
            title="Payments and labels in",
            about="Records taken from the input topics, and payments scored: the two should lie on each other.",
            unit="eps",
            queries={
                "{{topic}} in": (
                    'sum by (topic) (rate(weir_events_in_total{topic=~"transactions|labels"}[$__rate_interval]))'
                ),
                "payments scored": f"sum(rate({_SCORED}[$__rate_interval]))",
            },
        ),
        Curves(
            title="Refused, by reason",
            about="Records that became dead letters, ticks included: the topic dead-letters says where each stands.",
            unit="eps",
            queries={"{{reason}}": "sum by (reason) (rate(weir_dead_lettered_events_total[$__rate_interval])) > 0"},
            empty="none refused",
        ),
        Curves(
            title="Duplicates",
            about="Payments delivered before (same id, time, amount and terminal): dropped, not scored again.",
            unit="eps",
            queries={"duplicates": "sum(rate(weir_duplicate_events_total[$__rate_interval]))"},
        ),
    ),
)

MODELS = Row(
    title="What judges",
    panels=(
        Number(
            title="Detectors in service",
            about="Workers that score with each detector and version; two versions of one only during a swap.",
            unit="short",
            queries={"{{detector}} {{version}}": "sum by (detector, version) (weir_model_info)"},
            steps=CALM,
            span=12,
            empty="no detector",
        ),
        Number(
            title="Customers and terminals remembered",
            about="Keys with state, all partitions.",
            unit="short",
            queries={"{{table}}": 'sum by (table) (weir_state_keys{table=~"customers|terminals"})'},
            span=12,
        ),
    ),
)

PAYMENTS = Board(
    uid="weir-payments",
    title="Weir: payments",
    about="Are payments scored in time, and is fraud told without drowning whoever reads the alerts?",
    rows=(ANSWER, ALERTS, LATENCY, FLOW, MODELS),
)
