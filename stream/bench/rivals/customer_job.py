"""The job of the rivals: features of one payment from its customer's history, and the autoencoder's score of them.

An independent implementation of ``stream.core.names.CUSTOMER_FEATURES`` in plain Python, as one would write it into
the state of any framework, and of the autoencoder's forward pass for one row, compiled as Weir's is. It imports nothing
of Weir, because each rival runs in an environment that has none of it.
"""

import json
import math
import sys
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import njit

History: TypeAlias = tuple[list[int], list[int], list[str]]  # times (epoch ms, ascending), amounts (cents), terminals

HOUR, DAY = 3_600_000, 86_400_000
WINDOWS = {"1h": HOUR, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
FEATURES = (
    "amount",
    *(f"customer_{figure}_{window}" for figure in ("count", "sum", "mean", "std") for window in WINDOWS),
    *("amount_ratio", "amount_robust_z", "seconds_since_last", "distinct_terminals_30d"),
    *("hour_sin", "hour_cos", "weekday_sin", "weekday_cos"),
    *("amount_ratio_1d", "amount_ratio_7d", "amount_to_median_30d"),
    *("customer_peak_1d", "customer_peak_7d", "customer_peak_30d"),
)
THRESHOLD = 15.0  # nats from which the job alerts: what is far out of range has more, one payment in a hundred too
_LONGEST = 30 * DAY
_JUDGED_BY_30_DAYS = ("amount_ratio", "amount_robust_z", "amount_to_median_30d")
_BEHIND = dict.fromkeys(_JUDGED_BY_30_DAYS, "customer_count_30d")  # what vouches for what


class Job(NamedTuple):
    """Where to work; given to a program as JSON in its one argument.

    payments, alerts  topics, in full
    group             consumer group
    folder            takes what the framework writes
    model             artefact folder
    """

    bootstrap: str
    payments: str
    alerts: str
    group: str
    partitions: int
    folder: str
    model: str


def job_of_this_program() -> Job:
    """Read the job from the command line."""
    return Job(**json.loads(sys.argv[1]))


def features(history: Sequence[Any], at: int, amount: int) -> list[float]:
    """Compute a payment's features from what its customer did before ``at``, in the order of ``FEATURES``.

    history  a ``History``, perhaps as lists, as JSON gives it back
    """
    times, amounts, terminals = history
    now = bisect_left(times, at)
    counts, sums, means, deviations, ratios, peaks = [], [], [], [], [], []
    for window in WINDOWS.values():
        seen = amounts[bisect_left(times, at - window) : now]
        n, total = len(seen), sum(seen)
        counts.append(float(n))
        sums.append(total / 100)
        means.append(total / n / 100 if n else math.nan)
        squares = n * sum([a * a for a in seen]) - total * total  # of integers: exact
        deviations.append(math.sqrt(squares / (n * (n - 1))) / 100 if n > 1 else math.nan)
        ratios.append(amount * n / total if total else math.nan)
        peaks.append(float(max(seen)) if seen else math.nan)
    begin = bisect_left(times, at - _LONGEST)
    level = max(median(amounts[begin:now]), 1.0) if now > begin else math.nan
    return [
        amount / 100,
        *counts,
        *sums,
        *means,
        *deviations,
        ratios[-1],
        _robust_z(amount, amounts[begin:now]),
        (at - times[now - 1]) / 1000 if now > begin else math.nan,
        float(len(set(terminals[begin:now]))),
        *_clock(at),
        *ratios[1:3],
        amount / level,
        *(peak / level for peak in peaks[1:]),
    ]


def remember(history: Sequence[Any], at: int, amount: int, terminal: str) -> History:
    """Put a payment into its place, and forget what no window reaches any more."""
    times, amounts, terminals = history
    place = bisect_left(times, at)
    times.insert(place, at)
    amounts.insert(place, amount)
    terminals.insert(place, terminal)
    old = bisect_left(times, times[-1] - _LONGEST - HOUR)  # an hour of lateness
    return (times[old:], amounts[old:], terminals[old:]) if old else (times, amounts, terminals)


def _robust_z(amount: int, seen: list[int]) -> float:
    if not seen:
        return math.nan
    middle = median(seen)
    spread = 1.4826 * median([abs(a - middle) for a in seen])
    return (amount - middle) / max(spread, 0.01 * middle, 1.0)


def _clock(at: int) -> tuple[float, float, float, float]:
    day = math.tau * (at % DAY) / DAY
    week = math.tau * ((at // DAY + 3) % 7) / 7  # the epoch began on a Thursday; Monday is 0
    return math.sin(day), math.cos(day), math.sin(week), math.cos(week)


class Judge:
    """The autoencoder of an artefact, for one payment at a time, at a terminal as usual.

    threshold  of the job
    model      folder with ``manifest.json`` and ``weights.npz``
    """

    threshold = THRESHOLD

    def __init__(self, model: str) -> None:
        network = json.loads((Path(model) / "manifest.json").read_text())["network"]
        weights = np.load(Path(model) / "weights.npz", allow_pickle=False)
        names = network["features"]
        self._parameters = (
            np.array([FEATURES.index(name) if name in FEATURES else -1 for name in names]),
            np.array([math.nan if usual is None else usual for usual in network["usual"]]),
            *(weights[name].astype(np.float32) for name in ("root", "center", "inverse")),
            float(network["clip"]),
            np.array([names.index(_BEHIND[name]) if name in _BEHIND else -1 for name in names]),
            float(network["least_history"]),
            np.array(network["sizes"]),
            weights["weights"].astype(np.float32),
            np.array([names.index(name) for name in network["judged"]]),
            *(weights[name].astype(np.float64) for name in ("surprise_size", "surprise_nats")),
        )

    def score(self, customer: Sequence[float]) -> float:
        """Score a payment by its customer's features, in the order of ``FEATURES``."""
        return float(_score(np.array(customer), *self._parameters))


def suspicion(payment: Any, produced_at: int, score: float, threshold: float) -> dict[str, Any]:
    """Tell of a payment (a mapping) what an alert of a rival says.

    produced_at  the payment's record timestamp, epoch ms: latency counts from it
    """
    return {
        "transaction": payment["id"],
        "customer": payment["customer"],
        "at": payment["at"],
        "amount": payment["amount"],
        "produced_at": produced_at,
        "score": score,
        "threshold": threshold,
    }


@njit(cache=True)
def _score(
    customer: Any,
    places: Any,
    usual: Any,
    root: Any,
    center: Any,
    inverse: Any,
    clip: float,
    history: Any,
    least: float,
    sizes: Any,
    weights: Any,
    judged: Any,
    surprise_size: Any,
    surprise_nats: Any,
) -> float:
    """Forward one row; the arguments after ``places`` are those of ``models.forward``, in its order of summation."""
    d = places.size
    row = np.where(places < 0, usual, customer[places])
    inputs = np.zeros(d, np.float32)
    for j in range(d):
        value = np.float32(row[j])
        size = np.sqrt(np.abs(value))
        rooted = -size if value < 0 else size
        z = ((rooted if root[j] > 0 else value) - center[j]) * inverse[j]
        if not (np.isnan(z) or (history[j] >= 0 and row[history[j]] < least)):
            inputs[j] = min(max(z, -np.float32(clip)), np.float32(clip))
    above, start = inputs, 0
    for layer in range(sizes.size - 1):
        wide, tall = sizes[layer], sizes[layer + 1]
        bias = start + wide * tall
        below = weights[bias : bias + tall].copy()
        for i in range(wide):
            for o in range(tall):
                below[o] += weights[start + i * tall + o] * above[i]
        if layer < sizes.size - 2:
            below = below / (np.float32(1.0) + np.abs(below))
        above, start = below, bias + tall
    total = 0.0
    for j in range(judged.size):
        far, knots, nats = np.abs(np.float64(inputs[judged[j]] - above[j])), surprise_size[j], surprise_nats[j]
        k = 1
        while k < nats.size - 1 and knots[k] <= far:
            k += 1
        total += nats[k - 1] + (far - knots[k - 1]) * ((nats[k] - nats[k - 1]) / (knots[k] - knots[k - 1]))
    return total
