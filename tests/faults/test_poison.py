"""5 % of the stream are poison: garbage, truncated, wrong types, NaN, unknown tags and more."""

from functools import lru_cache
from pathlib import Path
from random import Random

import numpy as np
import pytest

from stream.bench.material import Material
from stream.faults.events import mixed
from stream.faults.rows.poison import POISONS, TOO_LARGE, Poison
from stream.settings import Settings
from stream.wire.codec import decode_payments, decode_ticks, decode_verdicts
from stream.wire.records import Slice
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS
from tests.faults.matrix import assert_clean, row_of

DECODE = {TRANSACTIONS.name: decode_payments, LABELS.name: decode_verdicts, TICKS.name: decode_ticks}
PRODUCED = 1_763_000_000_000


@lru_cache(maxsize=1)
def good() -> Material:
    """Simulate events to be spoilt."""
    return mixed(4_000, partitions=1, seed=1)


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_poison_is_told_record_by_record_and_harms_nobody_else(bootstrap: str, tmp_path: Path) -> None:
    """Each is one dead letter with its reason and place; alerts, scores, risk and state are those of a replay."""
    row = row_of("poison", bootstrap, tmp_path)

    assert_clean(row)
    assert row.dead_letters == pytest.approx(0.05 * row.events_in, rel=0.01)
    assert row.scored + row.dead_letters == row.events_in


@pytest.mark.parametrize("poison", [*POISONS, TOO_LARGE], ids=lambda poison: poison.name)
def test_every_kind_of_poison_is_refused_for_the_reason_it_was_made_for(poison: Poison) -> None:
    """Good records of each topic it is for are spoilt: each is refused, once, where it stands, and for that reason."""
    for topic in poison.topics:
        records = a_spoilt_slice(poison, topic)

        rejected = DECODE[topic](records, Settings()).rejected

        assert [(refusal.offset, refusal.reason) for refusal in rejected] == [
            (offset, poison.reason) for offset in records.offset.tolist()
        ]
        assert {(refusal.topic, refusal.partition) for refusal in rejected} == {(topic, 3)}


def a_spoilt_slice(poison: Poison, topic: str) -> Slice:
    """Spoil 40 good records of a topic, at offsets from 1,000 on."""
    material = good()
    lane = next(lane for lane, (name, _) in enumerate(material.lanes) if name == topic)
    draw = Random(1)
    values = [poison.change(draw, material.values[place]) for place in material.in_lane(lane)[:40]]
    return Slice(
        topic=topic,
        partition=3,
        offset=np.arange(1_000, 1_000 + len(values)),
        produced=np.full(len(values), PRODUCED),
        values=values,
        next_offset=1_000 + len(values),
    )
