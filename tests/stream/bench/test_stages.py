"""Steps measured alone (``stream.bench.stages``): that they are all there, not how fast they are."""

import numpy as np
import pytest

from models.plugins import load_detectors
from stream.bench.material import payments, ticks
from stream.bench.stages import payment_steps, slices, tick_steps
from stream.settings import Settings


def test_slices_are_consecutive_and_of_the_asked_size() -> None:
    """All but the last have the size; offsets go on where the skipped ones end."""
    material = payments(4_000, partitions=4, labels=False, customers=500)
    cut = list(slices(material, "transactions", 64, skip=100, events=300))

    assert [len(piece) for piece in cut] == [64, 64, 64, 64, 44]
    assert np.array_equal(np.concatenate([piece.offset for piece in cut]), np.arange(100, 400))
    assert [piece.next_offset for piece in cut] == [164, 228, 292, 356, 400]


@pytest.mark.parametrize("size", [1, 64])
def test_every_step_of_the_walk_is_timed_at_any_batch_size(size: int) -> None:
    """The steps are those of the two stages and of every detector."""
    settings = Settings()
    steps = payment_steps(
        settings,
        load_detectors(settings.alerts.detectors, None),
        payments(4_000, partitions=4, labels=False, customers=500),
        size=size,
        warm=300,
        events=300,
    )
    steps |= tick_steps(settings, ticks(4_000, partitions=4), size=size, warm=300, events=300)

    assert list(steps) == [
        "decode",
        "customer features",
        "shuffle: split, pack",
        "shuffle: unpack",
        "merge",
        "terminal features",
        *(f"detector {name}" for name in settings.alerts.detectors),
        "alert policy",
        "customer stage in all",
        "terminal stage in all",
        "decode ticks",
        "market stage in all",
    ]
    assert all(us > 0.0 for us in steps.values())
