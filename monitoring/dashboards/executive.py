"""Executive: is Weir keeping what it promises, what did it find, and what could be lost, in a dozen numbers."""

from monitoring.dashboards.board import Board, Curves, Number, Row, above, at_least, from_on
from monitoring.dashboards.burning import budgets, burn, burning, well
from monitoring.slo import BAD

_SCORED = 'weir_scored_events_total{kind="payments"}'
_TOLD = "weir_alerts_total"
_MARKET = 'kind=~"market|liquidity|feed"'

ANSWER = Row(
    title="Does Weir keep what it promises, and what burns?",
    panels=(
        well("", leads_to="weir-pipeline"),
        Number(
            title="Watching, share of the time",
            about="Of the chosen span: a worker was ready, nothing waited for its commit, and risk figures moved.",
            unit="percentunit",
            queries={"watching": f'1 - avg_over_time({BAD}{{slo="fresh"}}[$span])'},
            steps=from_on(red=0.95, orange=0.99, green=0.999),
            leads_to="weir-pipeline",
        ),
        Number(
            title="Payments judged",
            about="In the chosen span, all workers.",
            unit="short",
            queries={"payments": f"sum(increase({_SCORED}[$span]))"},
            decimals=0,
            leads_to="weir-fraud",
        ),
        Number(
            title="Fraud alerts told",
            about="In the chosen span; what a cooldown held back is not in it.",
            unit="short",
            queries={"alerts": f'sum(increase({_TOLD}{{kind="fraud"}}[$span]))'},
            decimals=0,
            leads_to="weir-fraud",
        ),
        Number(
            title="Market alerts told",
            about="Market, liquidity and feed alerts in the chosen span.",
            unit="short",
            queries={"alerts": f"sum(increase({_TOLD}{{{_MARKET}}}[$span]))"},
            decimals=0,
            leads_to="weir-market",
        ),
        Number(
            title="Worst value at risk",
            about="The largest 99 % value at risk of the next bar of any symbol: a share of the position.",
            unit="percentunit",
            queries={"{{symbol}}": 'topk(1, weir_symbol_value_at_risk_ratio{level="0.99"})'},
            steps=above(0.01, 0.03),
            empty="no history",
            leads_to="weir-market",
            carries="symbol",
        ),
        burning(""),
        budgets("", span=12),
    ),
)

FOUND = Row(
    title="What it found",
    panels=(
        Curves(
            title="Alerts by kind",
            about="Told per second: fraud on payments; market, liquidity and feed on prices.",
            unit="ops",
            queries={"{{kind}}": f"sum by (kind) (rate({_TOLD}[$__rate_interval]))"},
            stacked=True,
            leads_to="weir-fraud",
        ),
        Number(
            title="By severity",
            about="Alerts of all kinds told in the chosen span.",
            unit="short",
            queries={"{{severity}}": f"sum by (severity) (increase({_TOLD}[$span]))"},
            decimals=0,
            span=8,
            height=8,
            leads_to="weir-fraud",
        ),
        Curves(
            title="Value at risk, the five worst",
            about="99 % value at risk of the next bar, a share of the position.",
            unit="percentunit",
            queries={"{{symbol}}": 'topk(5, max by (symbol) (weir_symbol_value_at_risk_ratio{level="0.99"}))'},
            empty="no history",
            leads_to="weir-market",
            carries="symbol",
        ),
    ),
)

PROMISES = Row(
    title="What it promised",
    panels=(
        burn("", span=12),
        Number(
            title="Workers ready",
            about="Processes that score; one is enough for the flow of an ordinary day.",
            unit="short",
            queries={"ready": "sum(weir_ready)"},
            steps=at_least(1),
            empty="none",
            height=8,
            leads_to="weir-pipeline",
        ),
        Number(
            title="Alerts given up",
            about="Alerts of the chosen span that no try brought to their sink.",
            unit="short",
            queries={"given up": "sum(increase(weir_notify_undelivered_alerts_total[$span])) or vector(0)"},
            steps=(("green", None), ("red", 1)),
            decimals=0,
            height=8,
            leads_to="weir-fraud",
        ),
        Number(
            title="In service",
            about="Version of Weir and of the settings that decide alerts: two only during a roll-out.",
            unit="short",
            queries={"{{version}} settings {{config}}": "count by (version, config) (weir_build_info)"},
            height=8,
            leads_to="weir-models",
        ),
    ),
)

EXECUTIVE = Board(
    uid="weir-executive",
    title="Weir: executive",
    about="Does Weir keep what it promises, what did it find, and what could be lost?",
    rows=(ANSWER, FOUND, PROMISES),
    spans=("1d", "7d", "30d"),
    is_all=True,
)
