"""Fraud operations: whether payments are judged in time, and fraud reaches those who act, without drowning them."""

from monitoring.dashboards.board import Board, Choice, Curves, Heat, Number, Row, above, at_least
from monitoring.dashboards.burning import budgets, burn, burning, well
from monitoring.dashboards.quantiles import quantiles

_UID = "weir-fraud"
_SCORED = 'weir_scored_events_total{kind="payments"}'
_TOLD = 'weir_alerts_total{kind="fraud", severity=~"$severity"}'
_SINK = 'sink=~"$sink"'
_LATENCY = quantiles("weir_scored_latency_seconds", '{kind="payments"}')

ANSWER = Row(
    title="Are payments judged in time, does fraud reach those who act, and what burns?",
    panels=(
        well(_UID, leads_to="weir-pipeline"),
        Number(
            title="Payments judged",
            about="Payments scored per second, all workers.",
            unit="eps",
            queries={"scored": f"sum(rate({_SCORED}[$__rate_interval]))"},
            leads_to="weir-pipeline",
        ),
        Number(
            title="Latency, 99 of 100",
            about="Record timestamp to score. 99 of 100 are to take at most 100 ms.",
            unit="s",
            queries={"p99": _LATENCY["p99"]},
            steps=above(0.1, 0.25),
            empty="no payments",
            leads_to="weir-pipeline",
        ),
        Number(
            title="Critical or high",
            about="Fraud alerts of the two upper severities in the chosen span: look at these first.",
            unit="short",
            queries={"alerts": 'sum(increase(weir_alerts_total{kind="fraud", severity=~"critical|high"}[$span]))'},
            steps=above(1, 100),
            decimals=0,
        ),
        Number(
            title="Alerts per 1,000 payments",
            about="Fraud alerts told per 1,000 payments scored in the chosen span: what an analyst's day is made of.",
            unit="short",
            queries={"per 1,000": f"1000 * sum(increase({_TOLD}[$span])) / (sum(increase({_SCORED}[$span])) > 0)"},
            steps=above(10, 20),
            empty="no payments",
            leads_to="weir-models",
        ),
        Number(
            title="Oldest alert untold",
            about="How long the oldest alert has waited for its sink: nobody has been told of it there yet.",
            unit="s",
            queries={"age": f"max(weir_notify_oldest_waiting_seconds{{{_SINK}}})"},
            steps=above(60, 600),
            empty="weir notify is not scraped",
        ),
        burning(_UID),
        budgets(_UID, span=12),
    ),
)

ALERTS = Row(
    title="How much fraud is told",
    panels=(
        Curves(
            title="Fraud alerts by severity",
            about="Alerts told per second.",
            unit="ops",
            queries={"{{severity}}": f"sum by (severity) (rate({_TOLD}[$__rate_interval]))"},
            colors={"critical": "dark-red", "high": "red", "medium": "orange", "low": "yellow"},
            stacked=True,
        ),
        Curves(
            title="Told and held back",
            about="A cooldown tells one alert per customer or terminal and counts the others as held back.",
            unit="ops",
            queries={
                "told": f"sum(rate({_TOLD}[$__rate_interval]))",
                "held back": 'sum(rate(weir_held_back_alerts_total{kind="fraud"}[$__rate_interval]))',
            },
        ),
        burn(_UID, span=8),
    ),
)

PEOPLE = Row(
    title="Do those who act hear of it",
    panels=(
        Curves(
            title="Told, by sink",
            about="Alerts of all kinds that a sink of weir notify took; a notice may tell of several.",
            unit="ops",
            queries={
                "{{sink}}": f"sum by (sink) (rate(weir_notify_told_alerts_total{{{_SINK}}}[$__rate_interval]))",
                "{{sink}}, notices": f"sum by (sink) (rate(weir_notify_notices_total{{{_SINK}}}[$__rate_interval]))",
            },
            empty="weir notify is not scraped",
        ),
        Curves(
            title="Not told, and why",
            about="Held by a snooze, an acknowledgement, a cooldown or a budget; given up after the last try.",
            unit="ops",
            queries={
                "{{why}}": f"sum by (why) (rate(weir_notify_held_alerts_total{{{_SINK}}}[$__rate_interval]))",
                "given up": f"sum(rate(weir_notify_undelivered_alerts_total{{{_SINK}}}[$__rate_interval]))",
                "tries that failed": f"sum(rate(weir_notify_failures_total{{{_SINK}}}[$__rate_interval]))",
            },
            colors={"given up": "dark-red"},
            empty="weir notify is not scraped",
        ),
        Curves(
            title="Emitted to taken, 99 of 100",
            about="From an alert's publication until its sink took it; a cooldown or a wait of its route is in it.",
            unit="s",
            queries={
                "{{sink}}": "histogram_quantile(0.99, sum by (le, sink) "
                f"(rate(weir_notify_latency_seconds_bucket{{{_SINK}}}[$__rate_interval])))"
            },
            empty="nothing told",
        ),
        Number(
            title="Alerts that wait, by sink",
            about="In memory of weir notify, for their group, their turn or a sink that is away.",
            unit="short",
            queries={"{{sink}}": f"sum by (sink) (weir_notify_waiting_alerts{{{_SINK}}})"},
            steps=above(100, 1000),
            empty="weir notify is not scraped",
        ),
        Number(
            title="Sinks that fail",
            about="1 while the last try of a sink failed.",
            unit="short",
            queries={"{{sink}}": f"max by (sink) (weir_notify_failing{{{_SINK}}})"},
            steps=(("green", None), ("red", 1)),
            words={"0": "takes", "1": "fails"},
            empty="weir notify is not scraped",
        ),
        Number(
            title="Who tells",
            about="Processes of weir notify that tell each sink; others stand by.",
            unit="short",
            queries={"{{sink}}": f"sum by (sink) (weir_notify_active{{{_SINK}}})"},
            steps=at_least(1),
            empty="weir notify is not scraped",
        ),
        Number(
            title="Console: who looks",
            about="Pages of weir console that follow the alerts at present.",
            unit="short",
            queries={"pages": "sum(weir_console_pages)"},
            empty="no console scraped",
        ),
        Number(
            title="Console: alerts held",
            about="Alerts that the console has in memory to be asked for.",
            unit="short",
            queries={"alerts": "max(weir_console_alerts)"},
            empty="no console scraped",
        ),
        Number(
            title="Snoozes in force",
            about="What analysts do not want to hear of for now; weir triage list names owner and end of each.",
            unit="short",
            queries={"snoozes": "max(weir_snoozes)"},
            empty="weir notify is not scraped",
        ),
    ),
)

WAITING = Row(
    title="While the customer waits (weir score)",
    panels=(
        Curves(
            title="Answers, by decision",
            about="Payments answered over HTTP per second, and questions that had been answered before.",
            unit="reqps",
            queries={
                "{{decision}}": "sum by (decision) (rate(weir_score_answers_total[$__rate_interval]))",
                "repeats": "sum(rate(weir_score_repeats_total[$__rate_interval]))",
            },
            empty="weir score is not scraped",
        ),
        Curves(
            title="Request to answer",
            about="99 of 100 are to take at most 20 ms; refused and failed requests apart.",
            unit="s",
            queries={
                "{{status}} p99": "histogram_quantile(0.99, "
                "sum by (le, status) (rate(weir_score_seconds_bucket[$__rate_interval]))) > 0"
            },
            steps=above(0.02, 0.1),
            empty="weir score is not scraped",
        ),
        Curves(
            title="Age of what answers rest on",
            about="How old the customers' state may be, and how long ago a worker last wrote a checkpoint.",
            unit="s",
            queries={
                "state": "max(weir_score_state_age_seconds)",
                "checkpoint": "max(weir_score_checkpoint_age_seconds)",
            },
            steps=above(5, 60),
            empty="weir score is not scraped",
        ),
        Number(
            title="Known to weir score",
            about="Customers and terminals whose history it has.",
            unit="short",
            queries={"{{stage}}": "max by (stage) (weir_score_rows)"},
            span=24,
            empty="weir score is not scraped",
        ),
    ),
)

LATENCY = Row(
    title="How long it takes",
    panels=(
        Curves(
            title="Produced to scored",
            about="From the record timestamp of a payment to its score; dashed: what is promised, and p99.9's budget.",
            unit="s",
            queries=_LATENCY,
            steps=above(0.1, 0.25),
        ),
        Heat(
            title="Payments by latency",
            about="How many payments took how long, per second: two bands are two ways, one of them slow.",
            unit="s",
            queries={
                "{{le}}": 'sum by (le) (rate(weir_scored_latency_seconds_bucket{kind="payments"}[$__rate_interval]))'
            },
        ),
        Curves(
            title="Produced to alert",
            about="From the record timestamp of the cause to its alert, queued for publication; payments and ticks.",
            unit="s",
            queries=quantiles("weir_alert_latency_seconds"),
            steps=above(0.1, 0.25),
            empty="no alerts",
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
            leads_to="weir-pipeline",
        ),
        Curves(
            title="Refused, by reason",
            about="Records that became dead letters, ticks included: the topic dead-letters says where each stands.",
            unit="eps",
            queries={"{{reason}}": "sum by (reason) (rate(weir_dead_lettered_events_total[$__rate_interval])) > 0"},
            empty="none refused",
            leads_to="weir-pipeline",
        ),
        Curves(
            title="Duplicates",
            about="Payments delivered before (same id, time, amount and terminal): dropped, not scored again.",
            unit="eps",
            queries={"duplicates": "sum(rate(weir_duplicate_events_total[$__rate_interval]))"},
        ),
    ),
)

FRAUD = Board(
    uid=_UID,
    title="Weir: fraud operations",
    about="Are payments judged in time, and does fraud reach those who act, without drowning them?",
    rows=(ANSWER, ALERTS, PEOPLE, WAITING, LATENCY, FLOW),
    choices=(
        Choice(label="severity", metric="weir_alerts_total"),
        Choice(label="sink", metric="weir_notify_told_alerts_total"),
    ),
    spans=("1h", "6h", "1d", "7d"),
)
