"""Feature rows for training, by the code that serves: a history is replayed, and every payment's features are kept."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

import numpy as np

from models.dataset import FeatureSet
from stream.core.merge import Merged
from stream.core.scoring import Scored
from stream.replay import Keyed, Replay
from stream.settings import Settings
from stream.wire.columns import Floats, Ints, Matrix
from stream.wire.events import Label
from stream.wire.topics import TRUTH


def feature_set(
    records: Iterable[Keyed], settings: Settings, *, on_progress: Callable[[int], None] = lambda _: None
) -> FeatureSet:
    """Replay records and keep the features of each payment, in event-time order, with the truth beside them.

    records      of a source: payments, verdicts as they became known, and the ``truth``
    on_progress  told how many payments are done, now and then
    -> one row a payment; a payment that no ``truth`` names is genuine
    """
    keeper = Keeper(on_progress)
    frauds: set[str] = set()
    for _ in Replay(settings, [], observe=keeper.keep, batch=16_384).run(_without_truth(records, frauds)):
        pass
    return keeper.close(frauds)


def _without_truth(records: Iterable[Keyed], frauds: set[str]) -> Iterable[Keyed]:
    for record in records:
        if record[0] == TRUTH.name:
            if isinstance(record[2], Label) and record[2].fraud:
                frauds.add(record[2].transaction)
        else:
            yield record


class Keeper:
    """Keeps the features of each payment that a replay shows it; ``on_progress`` is told how many, now and then.

    newest  event time of the latest of them, epoch ms; 0 before the first
    """

    def __init__(self, on_progress: Callable[[int], None]) -> None:
        self._on_progress = on_progress
        self.newest = 0
        self._x: list[Matrix] = []
        self._at: list[Ints] = []
        self._amount: list[Ints] = []
        self._names: tuple[list[str], list[str], list[str]] = ([], [], [])

    def keep(self, merged: Merged, x: Matrix, _: Scored) -> None:
        """Take payments with their features, as a stage shows them."""
        self._x.append(x)
        self._at.append(merged.at)
        self._amount.append(merged.amount)
        for kept, more in zip(self._names, (merged.id, merged.customer, merged.terminal), strict=True):
            kept.extend(more)
        self.newest = max(self.newest, int(merged.at.max()))
        self._on_progress(len(self._names[0]))

    def close(self, frauds: AbstractSet[str]) -> FeatureSet:
        """All of them in event-time order; ``frauds`` are the ids of those that were."""
        x, at, amount = np.concatenate(self._x), np.concatenate(self._at), np.concatenate(self._amount)
        order = np.argsort(at, kind="stable")
        places = order.tolist()
        ids, customers, terminals = ([names[i] for i in places] for names in self._names)
        amounts: Floats = amount[order] / 100.0
        return FeatureSet(
            x=x[order],
            at=at[order],
            id=ids,
            customer=customers,
            terminal=terminals,
            amount=amounts,
            fraud=np.array([name in frauds for name in ids], np.int64),
        )
