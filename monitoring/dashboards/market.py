"""Market risk: what could be lost, what has been, and whether the feed behind these figures can be trusted."""

from monitoring.dashboards.board import Board, Choice, Curves, Heat, Number, Row, above, at_least
from monitoring.dashboards.burning import budgets, burn, burning, well

_UID = "weir-market"
_SCORED = 'weir_scored_events_total{kind="ticks"}'
_CHOSEN = 'symbol=~"$symbol"'

ANSWER = Row(
    title="What could be lost, can the feed be trusted, and what burns?",
    panels=(
        well(_UID, leads_to="weir-pipeline"),
        Number(
            title="Worst value at risk",
            about="The largest 99 % value at risk of the next bar among the chosen symbols: a share of the position.",
            unit="percentunit",
            queries={"{{symbol}}": f'topk(1, weir_symbol_value_at_risk_ratio{{level="0.99", {_CHOSEN}}})'},
            steps=above(0.01, 0.03),
            empty="no history",
            leads_to="weir-market",
            carries="symbol",
        ),
        Number(
            title="Worst drawdown",
            about="The largest loss from a running peak among the chosen symbols. A breach is told from 5 % on.",
            unit="percentunit",
            queries={"{{symbol}}": f"topk(1, weir_symbol_drawdown_ratio{{{_CHOSEN}}})"},
            steps=above(0.025, 0.05),
            empty="no history",
            leads_to="weir-market",
            carries="symbol",
        ),
        Number(
            title="Market alerts",
            about="Market, liquidity and feed alerts told in the chosen span.",
            unit="short",
            queries={"alerts": 'sum(increase(weir_alerts_total{kind=~"market|liquidity|feed"}[$span]))'},
            steps=above(1, 50),
            decimals=0,
        ),
        Number(
            title="Age of the newest figures",
            about="Since any symbol's figures last came. Stale figures look calm: they no longer move.",
            unit="s",
            queries={"age": "time() - max(weir_symbol_updated_timestamp_seconds)"},
            steps=above(60, 300),
            empty="no figures",
        ),
        Number(
            title="Latency, 99 of 100",
            about="Record timestamp of a tick to its score. 99 of 100 are to take at most 100 ms.",
            unit="s",
            queries={
                "p99": "histogram_quantile(0.99, sum by (le) "
                '(rate(weir_scored_latency_seconds_bucket{kind="ticks"}[$__rate_interval])))'
            },
            steps=above(0.1, 0.25),
            empty="no ticks",
            leads_to="weir-pipeline",
        ),
        burning(_UID),
        budgets(_UID, span=6),
        burn(_UID, span=6),
    ),
)

RISK = Row(
    title="What could be lost",
    panels=(
        Curves(
            title="Value at risk, 99 %",
            about="Loss of the next bar that is not exceeded in 99 of 100 bars; filtered historical simulation.",
            unit="percentunit",
            queries={"{{symbol}}": f'max by (symbol) (weir_symbol_value_at_risk_ratio{{level="0.99", {_CHOSEN}}})'},
        ),
        Curves(
            title="Expected shortfall, 97.5 %",
            about="Mean loss of the next bar over the worst 2.5 of 100 bars.",
            unit="percentunit",
            queries={
                "{{symbol}}": f'max by (symbol) (weir_symbol_expected_shortfall_ratio{{level="0.975", {_CHOSEN}}})'
            },
        ),
        Curves(
            title="Drawdown",
            about="Loss from the running peak; dashed: half of the limit, and the limit.",
            unit="percentunit",
            queries={"{{symbol}}": f"max by (symbol) (weir_symbol_drawdown_ratio{{{_CHOSEN}}})"},
            steps=above(0.025, 0.05),
        ),
        Curves(
            title="Volatility now",
            about="Deviation of one bar's return, exponentially weighted with 0.94.",
            unit="percentunit",
            queries={"{{symbol}}": f'max by (symbol) (weir_symbol_volatility_ratio{{window="ewma", {_CHOSEN}}})'},
        ),
        Curves(
            title="Realised volatility, 30 minutes",
            about="Root of the summed squared returns of the last half hour.",
            unit="percentunit",
            queries={"{{symbol}}": f'max by (symbol) (weir_symbol_volatility_ratio{{window="30m", {_CHOSEN}}})'},
        ),
        Curves(
            title="Bars beyond the value at risk",
            about="Of the last 250 bars; 2 or 3 are expected at 99 %. Beyond 4 the model is in doubt, beyond 9 wrong "
            "(the zones of Basel's traffic light).",
            unit="short",
            queries={"{{symbol}}": f"max by (symbol) (weir_symbol_exceedances{{{_CHOSEN}}})"},
            steps=above(5, 10),
        ),
    ),
)

LIQUIDITY = Row(
    title="Could one get out",
    panels=(
        Curves(
            title="Spread over its usual",
            about="Quoted spread divided by the symbol's own usual one; withdrawn liquidity is told from 5 on.",
            unit="short",
            queries={
                "{{symbol}}": f'max by (symbol) (weir_symbol_spread_ratio{{spread="quoted", {_CHOSEN}}})'
                f' / max by (symbol) (weir_symbol_spread_ratio{{spread="usual", {_CHOSEN}}} > 0)'
            },
            steps=above(3, 5),
            empty="no quotes",
        ),
        Curves(
            title="Quoted spread",
            about="Ask less bid, over mid.",
            unit="percentunit",
            queries={"{{symbol}}": f'max by (symbol) (weir_symbol_spread_ratio{{spread="quoted", {_CHOSEN}}})'},
            empty="no quotes",
        ),
        Curves(
            title="Price",
            about="Mid, or the last trade where nothing is quoted; in units of price.",
            unit="short",
            queries={"{{symbol}}": f"max by (symbol) (weir_symbol_price{{{_CHOSEN}}})"},
            from_zero=False,
        ),
    ),
)

FEED = Row(
    title="Can the feed be trusted",
    panels=(
        Curves(
            title="Ticks scored",
            about="Trades and quotes judged per second, all workers, and what came in.",
            unit="eps",
            queries={
                "scored": f"sum(rate({_SCORED}[$__rate_interval]))",
                "in": 'sum(rate(weir_events_in_total{topic="ticks"}[$__rate_interval]))',
            },
            leads_to="weir-pipeline",
        ),
        Curves(
            title="Alerts by kind",
            about="Alerts told per second: market (jump, loss, drawdown), liquidity, feed (stale, bad ticks).",
            unit="ops",
            queries={
                "{{kind}}": 'sum by (kind) (rate(weir_alerts_total{kind=~"market|liquidity|feed"}[$__rate_interval]))'
            },
        ),
        Curves(
            title="Ticks kept out, by reason",
            about="Judged, but kept out of the figures: outliers, crossed quotes, zero prices, ticks out of order.",
            unit="eps",
            queries={"{{reason}}": "sum by (reason) (rate(weir_filtered_ticks_total[$__rate_interval]))"},
            stacked=True,
        ),
        Curves(
            title="Share of bad ticks",
            about="Of about the last 64 ticks of a symbol; told from a quarter on.",
            unit="percentunit",
            queries={"{{symbol}}": f"max by (symbol) (weir_symbol_bad_ticks_ratio{{{_CHOSEN}}})"},
            steps=above(0.05, 0.25),
        ),
        Heat(
            title="Ticks by latency",
            about="How many ticks took how long from record to score, per second.",
            unit="s",
            queries={
                "{{le}}": 'sum by (le) (rate(weir_scored_latency_seconds_bucket{kind="ticks"}[$__rate_interval]))'
            },
        ),
        Curves(
            title="Age of figures, by symbol",
            about="Since the figures of each symbol last came; a symbol that no longer trades grows old alone.",
            unit="s",
            queries={"{{symbol}}": f"time() - max by (symbol) (weir_symbol_updated_timestamp_seconds{{{_CHOSEN}}})"},
            steps=above(60, 300),
        ),
        Curves(
            title="Figures not to be trusted",
            about="Faults of the feed that these figures rest on (docs/feed-health.md names them); 0 is well.",
            unit="short",
            queries={"{{symbol}}": f"max by (symbol) (weir_symbol_untrusted_reasons{{{_CHOSEN}}})"},
            steps=above(1, 2),
        ),
        Number(
            title="Symbols with figures",
            about="Symbols shown on this board.",
            unit="short",
            queries={"symbols": "count(count by (symbol) (weir_symbol_updated_timestamp_seconds))"},
            steps=at_least(1),
            span=8,
            height=8,
        ),
        Number(
            title="Symbols not shown",
            about="A worker labels its first 200 symbols; the figures of any more are on the topic risk alone.",
            unit="short",
            queries={"symbols": "sum(weir_symbols_unlabelled)"},
            steps=above(1, 1000),
            span=8,
            height=8,
        ),
    ),
)

MARKET = Board(
    uid=_UID,
    title="Weir: market risk",
    about="What could be lost, what has been, and can the feed behind these figures be trusted?",
    rows=(ANSWER, RISK, LIQUIDITY, FEED),
    choices=(Choice(label="symbol", metric="weir_symbol_updated_timestamp_seconds"),),
    spans=("1h", "6h", "1d", "7d"),
)
