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
