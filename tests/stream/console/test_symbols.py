"""Figures by symbol: the last so many snapshots of a partition, whichever symbols they are of."""

from stream.console.symbols import Symbols
from stream.wire.codec import encode
from stream.wire.events import RiskSnapshot, SourceRef
from tests.stream.some_alert import NOON


def a_snapshot(symbol: str, at: int) -> bytes:
    """One as it stands on ``risk``."""
    return encode(
        RiskSnapshot(
            id=f"{symbol}-{at}",
            symbol=symbol,
            at=at,
            cause="cadence",
            figures={"last": float(at)},
            source=SourceRef(topic="ticks", partition=0, offset=at),
        )
    )


def test_memory_is_bounded_by_partition_not_by_symbol() -> None:
    """Four are kept: a symbol that fell silent goes once others have filled its place."""
    symbols = Symbols(4)
    for symbol, at in (("A", 1), ("B", 2), ("A", 3), ("C", 4), ("C", 5), ("C", 6)):
        symbols.take(0, a_snapshot(symbol, NOON + at))
    symbols.take(1, a_snapshot("Z", NOON))

    assert [one.at - NOON for one in symbols.of("C")] == [4, 5, 6]
    assert [one.at - NOON for one in symbols.of("A")] == [3]
    assert symbols.of("B") == []
    assert [one.symbol for one in symbols.latest()] == ["A", "C", "Z"]
