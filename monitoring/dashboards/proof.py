"""How models prove: by the verdicts so far, before any, against what they learnt from, and between groups."""

from monitoring.dashboards.board import Curves, Number, Row, above, at_least, from_on

_CHOSEN = 'detector=~"$detector"'


def _by_group(title: str, about: str, metric: str) -> Curves:
    return Curves(
        title=title,
        about=f"{about}, by the groups of monitor.groups; groups with too few payments known are left out.",
        unit="percentunit",
        queries={"{{group}}": f"max by (group) ({metric})"},
        span=6,
        empty="no groups",
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
