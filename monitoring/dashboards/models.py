"""Models: which detectors judge, whether they answer, and whether what they say still fits what comes in."""

from monitoring.dashboards.board import Board, Choice, Curves, Number, Row, above, at_least
from monitoring.dashboards.burning import budgets, burning, well
from monitoring.dashboards.proof import DRIFT, GROUPS, VERDICTS

_UID = "weir-models"
_CHOSEN = 'detector=~"$detector"'
_SCORED = 'weir_scored_events_total{kind="payments"}'
_TOLD = 'weir_alerts_total{kind="fraud"}'
_FAILURES = f"weir_detector_failures_total{{{_CHOSEN}}}"

ANSWER = Row(
    title="Do the detectors judge, does what they say still fit, and what burns?",
    panels=(
        well(_UID, leads_to="weir-pipeline"),
        Number(
            title="Detectors that judge",
            about="Detectors in service on any worker; without one, payments get features and no score.",
            unit="short",
            queries={"detectors": f"count(count by (detector) (weir_model_info{{{_CHOSEN}}}))"},
            steps=at_least(1),
            empty="no detector",
        ),
        Number(
            title="Versions at odds",
            about="Detectors that judge in two versions at once: only while a swap or a roll-out is under way.",
            unit="short",
            queries={
                "at odds": f"count(count by (detector) (count by (detector, version) (weir_model_info{{{_CHOSEN}}}))"
                " > 1) or vector(0)"
            },
            steps=above(1, 2),
        ),
        Number(
            title="Failures",
            about="Times a detector raised, or gave no finite score, in the chosen span.",
            unit="short",
            queries={"failures": f"sum(increase({_FAILURES}[$span]))"},
            steps=(("green", None), ("red", 1)),
            decimals=0,
            leads_to="weir-pipeline",
            empty="no detector",
        ),
        Number(
            title="Alerts per 1,000 payments",
            about="Fraud alerts told per 1,000 payments scored in the chosen span. A model that no longer fits "
            "tells far more, or hardly any.",
            unit="short",
            queries={"per 1,000": f"1000 * sum(increase({_TOLD}[$span])) / (sum(increase({_SCORED}[$span])) > 0)"},
            steps=above(10, 20),
            empty="no payments",
            leads_to="weir-fraud",
        ),
        Number(
            title="Verdicts taken in",
            about="Labels in the chosen span: what the models are judged by, and learn from.",
            unit="short",
            queries={"labels": 'sum(increase(weir_scored_events_total{kind="labels"}[$span]))'},
            steps=at_least(1),
            decimals=0,
        ),
        burning(_UID),
        Number(
            title="Who judges",
            about="Workers that score with each detector and version; two versions of one only during a swap.",
            unit="short",
            queries={"{{detector}} {{version}}": f"sum by (detector, version) (weir_model_info{{{_CHOSEN}}})"},
            span=6,
            height=8,
            empty="no detector",
        ),
        budgets(_UID, span=6),
    ),
)


def _by_group(title: str, about: str, metric: str) -> Curves:
    return Curves(
        title=title,
        about=f"{about}, by the groups of monitor.groups; groups with too few payments known are left out.",
        unit="percentunit",
        queries={"{{group}}": f"max by (group) ({metric})"},
        span=6,
        empty="no groups",
    )


GROUPS = Row(
    title="Are groups of customers treated alike",
    panels=(
        _by_group("Told, by group", "Share of a group's judged payments that were told", "weir_group_alert_ratio"),
        _by_group("Told wrongly, by group", "Share of the genuine ones so told", "weir_group_false_alarm_ratio"),
        _by_group("Found, by group", "Share of the frauds against a group that were told", "weir_group_recall_ratio"),
        Curves(
            title="Gap between groups",
            about="The largest rate of a group less the smallest.",
            unit="percentunit",
            queries={"{{rate}}": "max by (rate) (weir_group_gap_ratio)"},
            span=6,
            empty="no groups",
        ),
    ),
)

TELLING = Row(
    title="What they tell",
    panels=(
        Curves(
            title="Alerts per 1,000 payments, by severity",
            about="Of the last quarter of an hour at each point: a step when a model was changed is that model's.",
            unit="short",
            queries={
                "{{severity}}": f"1000 * sum by (severity) (increase({_TOLD}[15m]))"
                f" / on () group_left () (sum(increase({_SCORED}[15m])) > 0)"
            },
            colors={"critical": "dark-red", "high": "red", "medium": "orange", "low": "yellow"},
            stacked=True,
            span=12,
            empty="no payments",
            leads_to="weir-fraud",
        ),
        Curves(
            title="Judged, and judged by people",
            about="Payments scored, and verdicts that came in, per second: verdicts come days late, and of a few.",
            unit="eps",
            queries={
                "payments": f"sum(rate({_SCORED}[$__rate_interval]))",
                "verdicts": 'sum(rate(weir_scored_events_total{kind="labels"}[$__rate_interval]))',
            },
            span=12,
        ),
    ),
)

TELLING = Row(
    title="What they tell",
    panels=(
        Curves(
            title="Alerts per 1,000 payments, by severity",
            about="Of the last quarter of an hour at each point: a step when a model was changed is that model's.",
            unit="short",
            queries={
                "{{severity}}": f"1000 * sum by (severity) (increase({_TOLD}[15m]))"
                f" / on () group_left () (sum(increase({_SCORED}[15m])) > 0)"
            },
            colors={"critical": "dark-red", "high": "red", "medium": "orange", "low": "yellow"},
            stacked=True,
            span=12,
            empty="no payments",
            leads_to="weir-fraud",
        ),
        Curves(
            title="Judged, and judged by people",
            about="Payments scored, and verdicts that came in, per second: verdicts come days late, and of a few.",
            unit="eps",
            queries={
                "payments": f"sum(rate({_SCORED}[$__rate_interval]))",
                "verdicts": 'sum(rate(weir_scored_events_total{kind="labels"}[$__rate_interval]))',
            },
            span=12,
        ),
    ),
)

VERDICTS = Row(
    title="Were they right: by the verdicts so far",
    panels=(
        Number(
            title="Precision of what was told",
            about="Right alerts over alerts told that have a verdict, of the last 30 days (docs/drift.md).",
            unit="percentunit",
            queries={"told": 'max(weir_live_precision_ratio{subject="told"})'},
            steps=from_on(red=0.1, orange=0.25, green=0.5),
            empty="no verdicts yet",
        ),
        Number(
            title="Recall of what was told",
            about="Frauds told, over frauds known; verdicts come late, so the newest days are hardly in it.",
            unit="percentunit",
            queries={"told": 'max(weir_live_recall_ratio{subject="told"})'},
            steps=from_on(red=0.1, orange=0.25, green=0.5),
            empty="no verdicts yet",
        ),
        Number(
            title="False alarms per 1,000",
            about="Genuine payments that raised an alert, per 1,000 with a verdict. Promised are at most 5.",
            unit="short",
            queries={"told": 'max(weir_live_false_alarms_per_1000_genuine{subject="told"})'},
            steps=above(2.5, 5),
            empty="no verdicts yet",
        ),
        Number(
            title="Expected over real frauds",
            about="1 is calibrated: as many frauds as the probabilities say, on days with their verdicts.",
            unit="short",
            queries={"{{detector}}": f"max by (detector) (weir_live_expected_over_real_ratio{{{_CHOSEN}}})"},
            empty="no day complete",
        ),
        Number(
            title="Caught, and after reviews",
            about="Amounts of frauds told, in units of currency; and the same less what looking into alerts cost.",
            unit="short",
            queries={"caught": "max(weir_live_caught_currency)", "after reviews": "max(weir_live_saved_currency)"},
            empty="weir monitor is not scraped",
        ),
        Number(
            title="Verdicts read, unmatched",
            about="Verdicts since the monitor started; unmatched ones are about payments it no longer knows.",
            unit="short",
            queries={"read": "max(weir_live_verdicts)", "unmatched": "max(weir_live_unmatched_verdicts)"},
            empty="weir monitor is not scraped",
        ),
        Curves(
            title="Precision, by verdicts and expected",
            about="By subject: each detector, any of them, and told; expected: from calibrated probabilities, at once.",
            unit="percentunit",
            queries={
                "{{subject}}": "max by (subject) (weir_live_precision_ratio)",
                "{{detector}}, expected": f"max by (detector) (weir_estimated_precision_ratio{{{_CHOSEN}}})",
            },
            empty="no verdicts yet",
        ),
        Curves(
            title="Recall, by verdicts and expected",
            about="Likewise: frauds found over frauds known.",
            unit="percentunit",
            queries={
                "{{subject}}": "max by (subject) (weir_live_recall_ratio)",
                "{{detector}}, expected": f"max by (detector) (weir_estimated_recall_ratio{{{_CHOSEN}}})",
            },
            empty="no verdicts yet",
        ),
        Curves(
            title="Recall, by days until the verdict",
            about="Of what was told: frauds whose verdict came within so many days. A late one is often a harder one.",
            unit="percentunit",
            queries={"{{days}} days": 'max by (days) (weir_live_recall_by_delay_ratio{subject="told"})'},
            empty="no verdicts yet",
        ),
        Number(
            title="What these rest on",
            about="Alerts told that have a verdict, frauds known, and frauds expected by each detector.",
            unit="short",
            queries={
                "{{subject}} judged": 'max by (subject) (weir_live_judged_alerts{subject="told"})',
                "{{subject}}: frauds known": 'max by (subject) (weir_live_known_frauds{subject="told"})',
                "{{detector}}: expected": f"max by (detector) (weir_estimated_frauds{{{_CHOSEN}}})",
            },
            span=12,
            empty="no verdicts yet",
        ),
        Number(
            title="Payments that wait for a verdict",
            about="In the monitor's memory, and how many payments each stands for: more than 1 is a sample.",
            unit="short",
            queries={
                "{{drawer}}": "max by (drawer) (weir_live_kept_payments)",
                "{{drawer}}, each for": "max by (drawer) (weir_live_kept_weight_payments)",
            },
            span=12,
            empty="weir monitor is not scraped",
        ),
    ),
)

DRIFT = Row(
    title="Does what comes in still look as learnt",
    panels=(
        Curves(
            title="Stability index, the ten that moved most",
            about="Population stability index of features and scores against training; over 0.25 is told.",
            unit="short",
            queries={"{{column}}": "topk(10, max by (column) (weir_drift_psi_nats))"},
            steps=above(0.1, 0.25),
            empty="no window full yet",
        ),
        Curves(
            title="Distance, the ten largest",
            about="Kolmogorov-Smirnov distance of features and scores against training.",
            unit="short",
            queries={"{{column}}": "topk(10, max by (column) (weir_drift_ks_ratio))"},
            empty="no window full yet",
        ),
        Curves(
            title="Scores that creep",
            about="Page-Hinkley of the mean rank of the scores; 1 is told.",
            unit="short",
            queries={"{{column}}": "max by (column) (weir_drift_creep_ratio)"},
            steps=above(0.5, 1),
            empty="no window full yet",
        ),
        Curves(
            title="Quantiles of scores over those in training",
            about="1 is as learnt.",
            unit="short",
            queries={
                "{{detector}} {{quantile}}": "max by (detector, quantile) "
                f"(weir_drift_score_quantile_ratio{{{_CHOSEN}}})"
            },
            span=12,
            empty="no window full yet",
        ),
        Number(
            title="Payments compared",
            about="Payments of the window that is held to the reference.",
            unit="short",
            queries={"payments": "max(weir_drift_window_payments)"},
            steps=at_least(500),
            span=6,
            height=8,
            empty="weir monitor is not scraped",
        ),
        Number(
            title="Newest score read",
            about="Event time; a simulated stream has its own calendar.",
            unit="dateTimeAsIso",
            queries={"event time": "1000 * max(weir_monitor_newest_event_timestamp_seconds)"},
            span=6,
            height=8,
            empty="weir monitor is not scraped",
        ),
    ),
)

HEALTH = Row(
    title="Do they answer",
    panels=(
        Curves(
            title="Failures, by detector and call",
            about="batch: a whole batch, then asked one by one; score: one payment; explain, probability: the alert is "
            "told without.",
            unit="ops",
            queries={
                "{{detector}} {{call}}": f"sum by (detector, call) (rate({_FAILURES}[$__rate_interval]))",
            },
            span=12,
            empty="no detector",
        ),
        Curves(
            title="Payments without a score",
            about="Dead letters because a detector failed: replay them once it is mended.",
            unit="eps",
            queries={
                "detector_failed": 'sum(rate(weir_dead_lettered_events_total{reason="detector_failed"}'
                "[$__rate_interval]))"
            },
            span=12,
        ),
        Number(
            title="What the features remember",
            about="Customers and terminals with a history, all partitions; forgotten ones begin as new.",
            unit="short",
            queries={"{{table}}": 'sum by (table) (weir_state_keys{table=~"customers|terminals"})'},
            span=12,
        ),
        Curves(
            title="Histories cut short",
            about="Keys whose windows did not fit their bound, or that were forgotten: features see but a part.",
            unit="ops",
            queries={
                "{{table}} overflowed": "sum by (table) (rate(weir_overflowed_keys_total[$__rate_interval]))",
                "{{table}} evicted": "sum by (table) (rate(weir_evicted_keys_total[$__rate_interval]))",
            },
            span=12,
        ),
    ),
)

MODELS = Board(
    uid=_UID,
    title="Weir: models",
    about="Do the detectors judge, and does what they say still fit what comes in?",
    rows=(ANSWER, VERDICTS, DRIFT, GROUPS, TELLING, HEALTH),
    choices=(Choice(label="detector", metric="weir_model_info"),),
    spans=("1h", "6h", "1d", "7d"),
)
