"""Feature rows for training, by the code that serves: a history is replayed, and every payment's features are kept."""

from collections.abc import Callable, Iterable

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
    keeper = _Keeper(on_progress)
    for _ in Replay(settings, [], observe=keeper.keep, batch=16_384).run(keeper.listen(records)):
        pass
    return keeper.close()


class _Keeper:
    def __init__(self, on_progress: Callable[[int], None]) -> None:
        self._on_progress = on_progress
        self._frauds: set[str] = set()
        self._x: list[Matrix] = []
        self._at: list[Ints] = []
        self._amount: list[Ints] = []
        self._names: tuple[list[str], list[str], list[str]] = ([], [], [])

    def listen(self, records: Iterable[Keyed]) -> Iterable[Keyed]:
        for record in records:
            if record[0] == TRUTH.name:
                if isinstance(record[2], Label) and record[2].fraud:
                    self._frauds.add(record[2].transaction)
            else:
                yield record

    def keep(self, merged: Merged, x: Matrix, _: Scored) -> None:
        self._x.append(x)
        self._at.append(merged.at)
        self._amount.append(merged.amount)
        for kept, more in zip(self._names, (merged.id, merged.customer, merged.terminal), strict=True):
            kept.extend(more)
        self._on_progress(len(self._names[0]))

    def close(self) -> FeatureSet:
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
            fraud=np.array([name in self._frauds for name in ids], np.int64),
        )
