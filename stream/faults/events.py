"""The events of a row: payments, verdicts that follow soon, and ticks, evenly mixed, the same for the same seed."""

import numpy as np

from stream.bench.material import LOUD_RULES, Material, payments, ticks
from stream.settings import Alerts
from stream.wire.columns import Ints

_TICKS = 0.25  # share of all events
_LABELLED = 0.048  # of the payments: a twentieth (``stream.bench.material``), but those still to come at the end
_LABEL_DELAY_DAYS = 0.02  # so that verdicts flow from the first second on, in every partition
_CUSTOMERS = 20_000  # drawing a world costs by its size
_LOUD = 0.002  # of the payments raise an alert for certain,
ALERTS = Alerts(rules=str(LOUD_RULES))  # by these


def mixed(count: int, *, partitions: int, seed: int) -> Material:
    """Simulate at least ``count`` events, hardly more: payments, labels and ticks together.

    -> records in the order in which they are due, one after another: ``number`` is the place of each
    """
    market = ticks(round(_TICKS * count), partitions=partitions, seed=seed)
    cards = payments(
        round((count - len(market)) / (1 + _LABELLED)),
        partitions=partitions,
        seed=seed,
        loud_share=_LOUD,
        customers=_CUSTOMERS,
        label_delay_days=_LABEL_DELAY_DAYS,
    )
    share = np.concatenate([(np.arange(len(part)) + 0.5) / len(part) for part in (cards, market)])
    return picked(joined(cards, market), np.argsort(share, kind="stable"))


def joined(first: Material, second: Material) -> Material:
    """Put the records of one behind those of the other; their lanes are told apart."""
    return Material(
        counted=first.counted,
        events=len(first) + len(second),
        lanes=first.lanes + second.lanes,
        lane=np.concatenate([first.lane, second.lane + len(first.lanes)]),
        number=np.arange(len(first) + len(second)),
        keys=first.keys + second.keys,
        values=first.values + second.values,
    )


def picked(material: Material, places: Ints) -> Material:
    """Take the records at ``places``, in that order; a place may come twice or never. Each is due after the last."""
    chosen = places.tolist()
    return Material(
        counted=material.counted,
        events=len(chosen),
        lanes=material.lanes,
        lane=material.lane[places],
        number=np.arange(len(chosen)),
        keys=[material.keys[place] for place in chosen],
        values=[material.values[place] for place in chosen],
    )
