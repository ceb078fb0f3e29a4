"""The gates before a step: what a model must show, what it showed, and by how much it fell short."""

import time
from collections.abc import Sequence

import msgspec
import numpy as np

from models.detector import Detector
from models.registry.duel import Comparison, gap
from models.registry.states import Action
from stream.core.names import FEATURES
from stream.settings import Registry

_BATCH = 4096  # a full slice
_TRIES = 7  # the best of them: others use the machine too
_SIGMAS = 2.0  # chance alone makes this much of a difference between expected and real frauds


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One condition, and whether it holds."""

    name: str
    holds: bool
    says: str  # what was asked and what was found, in words


def gates(found: Comparison, action: Action, limits: Registry, payments_per_second: float) -> list[Gate]:
    """Judge a challenger before a step.

    action  ``shadow`` asks that it may be better than the champion, any other that it is
    limits  of the settings
    """
    return [
        _evidence(found, limits),
        _better(found, action, limits),
        _calibrated(found, limits),
        _fair(found, limits),
        _fast(payments_per_second, limits),
    ]


def failed(all_gates: Sequence[Gate]) -> list[Gate]:
    """Those that do not hold."""
    return [gate for gate in all_gates if not gate.holds]


def speed(detectors: Sequence[Detector], seed: int = 7) -> float:
    """Payments a second that all of them together score, on this core, a full slice at a time."""
    x = np.exp(np.random.default_rng(seed).normal(2.0, 1.0, (_BATCH, len(FEATURES))))
    views = [np.ascontiguousarray(x[:, [FEATURES.index(name) for name in one.features]]) for one in detectors]
    best = np.inf
    for _ in range(_TRIES):
        began = time.perf_counter()
        for one, view in zip(detectors, views, strict=True):
            one.score(view)
        best = min(best, time.perf_counter() - began)
    return _BATCH / best


def _evidence(found: Comparison, limits: Registry) -> Gate:
    return Gate(
        name="evidence",
        holds=found.frauds >= limits.least_frauds,
        says=f"{found.frauds:,} frauds among {found.rows_judged:,} payments with their verdict in; "
        f"asked are {limits.least_frauds:,}",
    )


def _better(found: Comparison, action: Action, limits: Registry) -> Gate:
    may = action == "shadow"
    asked = f"the interval's {'upper' if may else 'lower'} end above {limits.least_gain:+.3f}"
    if found.gain is None or found.gain_95 is None:
        return Gate(name="better", holds=False, says=f"asked is {asked}; there is no fraud to tell by")
    end = found.gain_95[1 if may else 0]
    low, high = found.gain_95
    lacks = "" if end > limits.least_gain else f"; {limits.least_gain - end:.3f} short"
    said = f"average precision {found.gain:+.3f}, 95 % from {low:+.3f} to {high:+.3f}; asked is {asked}{lacks}"
    return Gate(name="better", holds=end > limits.least_gain, says=said)


def _calibrated(found: Comparison, limits: Registry) -> Gate:
    one = found.challenger
    if one.expected_over_real is None or one.expected_error is None:
        return Gate(name="calibrated", holds=False, says="no probability, or no fraud to hold it to")
    most = limits.most_miscalibration + _SIGMAS * one.expected_error
    off = abs(one.expected_over_real - 1.0)
    said = (
        f"expected over real frauds {one.expected_over_real:.3f}; asked is within {most:.3f} of 1 "
        f"({limits.most_miscalibration:g}, and {_SIGMAS:g} deviations of {one.expected_error:.3f} by chance)"
    )
    return Gate(name="calibrated", holds=off <= most, says=said + ("" if off <= most else f"; {off - most:.3f} over"))


def _fair(found: Comparison, limits: Registry) -> Gate:
    rates = found.challenger.genuine_alert_ratio_by_group
    apart = gap(rates)
    if apart is None:
        return Gate(name="fair", holds=True, says="not asked: no groups were given (--groups)")
    shown = ", ".join(f"{name} {rate:.3%}" for name, rate in rates.items())
    over = "" if apart <= limits.most_gap else f"; {apart - limits.most_gap:.3%} over"
    said = f"genuine payments alerted on: {shown}; they are {apart:.3%} apart, asked is at most {limits.most_gap:.3%}"
    return Gate(name="fair", holds=apart <= limits.most_gap, says=said + over)


def _fast(payments_per_second: float, limits: Registry) -> Gate:
    lacks = limits.least_payments_per_second - payments_per_second
    said = f"{payments_per_second:,.0f} payments/s on one core; asked are {limits.least_payments_per_second:,.0f}"
    return Gate(name="fast", holds=lacks <= 0, says=said + ("" if lacks <= 0 else f"; {lacks:,.0f} short"))
