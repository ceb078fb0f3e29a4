"""The limits in force, as the kernels take them: settings in milliseconds, and constants with their reasons."""

from typing import NamedTuple

from stream.settings import Market


class Limits(NamedTuple):
    """Numbers for the kernels; ratios are plain, times are event time in ms."""

    bar_ms: int
    snapshot_ms: int
    stale_ms: int
    late_ms: int
    break_ms: int
    cooldown_ms: int
    jump_sigmas: float
    max_drawdown: float
    spread_factor: float
    loss_factor: float
    skew_ms: int


def limits_of(market: Market) -> Limits:
    """Take the limits from the settings."""
    return Limits(
        bar_ms=1000 * market.bar_seconds,
        snapshot_ms=1000 * market.snapshot_seconds,
        stale_ms=1000 * market.stale_seconds,
        late_ms=1000 * market.max_late_seconds,
        break_ms=1000 * market.break_seconds,
        cooldown_ms=1000 * market.cooldown_seconds,
        jump_sigmas=market.jump_sigmas,
        max_drawdown=market.max_drawdown,
        spread_factor=market.spread_factor,
        loss_factor=market.loss_factor,
        skew_ms=1000 * market.max_skew_seconds,
    )
