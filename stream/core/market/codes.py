"""What may become of a tick, and what may be told of a symbol: small numbers for the kernels, names for people."""

SCORED, BAD_PRICE, OUTLIER, CROSSED, WIDE, SUPERSEDED, CLOSED_BAR, APPLIED, LATE, OVERFLOWED, REPEATED = range(11)
FILTERED = {
    BAD_PRICE: "price",  # zero, negative or not finite
    OUTLIER: "outlier",  # a trade that stands apart from those before it
    CROSSED: "crossed",  # bid above ask in one quote
    WIDE: "wide",  # a side that stands apart from those before it
    SUPERSEDED: "superseded",  # a quote older than the one that stands
    CLOSED_BAR: "closed_bar",  # of a bar that is already closed, but not late
    REPEATED: "repeated",  # a trade whose number came before
}

CADENCE, JUMP, DRAWDOWN, LOSS, SPREAD, STALE, BURST, GAP, REPEATS, CROSSES, SKEW = range(11)
CAUSES = (
    *("cadence", "jump", "drawdown", "value_at_risk", "liquidity", "stale", "bad_ticks"),
    *("gap", "repeated_ticks", "crossed_book", "clock_skew"),
)
MARKET, LIQUIDITY, FEED = range(3)  # positions in ``row.KINDS``
KIND_OF = (MARKET, MARKET, MARKET, MARKET, LIQUIDITY, *(FEED,) * 6)  # per cause; cadence is never told

SILENT, TOLD, HELD = 0, 1, 2  # a breach that is too small to tell, is told, or held back by a cooldown
