"""Records of ``scores`` as a worker writes them, with features that are told."""

from collections.abc import Sequence

import numpy as np

from stream.core.names import FEATURES
from stream.core.sampling import LAYOUT, pack_features
from stream.wire.columns import Floats, Ints
from stream.wire.events import Scores

START = 1_735_689_600_000  # 2025-01-01, a Wednesday
HOUR_MS = 3_600_000


def a_record(
    at: Sequence[int],
    scores: dict[str, Sequence[float]],
    *,
    ids: Sequence[str] | None = None,
    thresholds: dict[str, float] | None = None,
    held: Sequence[int] = (),
    spared: dict[str, list[int]] | None = None,
    amount: Floats | None = None,
) -> Scores:
    """Make one; of every payment the features are told, all 0 but the amount."""
    x = np.zeros((len(at), len(FEATURES)))
    x[:, 0] = 0.0 if amount is None else amount
    return Scores(
        partitions=[0] * len(at),
        offsets=list(range(len(at))),
        ids=list(ids or (f"t{i}" for i in range(len(at)))),
        at=list(at),
        detectors={name: list(column) for name, column in scores.items()},
        versions=dict.fromkeys(scores, "v1"),
        thresholds=thresholds or dict.fromkeys(scores, 1.0),
        held=list(held),
        spared=spared or {},
        sample=list(range(len(at))),
        features=pack_features(x),
        layout=LAYOUT,
    )


def a_stream(hours: int, *, each: int, seed: int, grows_from: int | None = None, by: float = 2.0) -> list[Scores]:
    """One record an hour of log-normal amounts and scores; from ``grows_from`` on amounts are larger by a factor."""
    chance = np.random.default_rng(seed)
    found = []
    for hour in range(hours):
        at: Ints = np.sort(chance.integers(0, HOUR_MS, each)) + START + hour * HOUR_MS
        factor = by if grows_from is not None and hour >= grows_from else 1.0
        amount = chance.lognormal(3.0, 0.8, each) * factor
        names = [f"h{hour}-{i}" for i in range(each)]
        found.append(
            a_record(at.tolist(), {"robust": chance.exponential(0.3, each).tolist()}, ids=names, amount=amount)
        )
    return found
