"""Trying rules: their examples, and how often each would have fired on a recorded history, by the code that serves."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from models.rules.detector import Rules
from models.rules.file import Case, Rule
from stream.core.merge import Merged
from stream.core.names import FEATURES
from stream.core.scoring import Scored
from stream.replay import Keyed, Replay
from stream.settings import Settings
from stream.wire.columns import Ints, Matrix
from stream.wire.events import Label
from stream.wire.topics import TRUTH

ANY = "any rule"


class Fires(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule, or any of them, did over a history.

    payments   it fired on
    per_1000   payments judged
    precision  frauds among them; None: it never fired, or the history has no truth
    recall     of all frauds judged; None likewise
    """

    payments: int
    per_1000: float
    precision: float | None
    recall: float | None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A history's payments, its frauds (None without truth), and what each rule did; ``ANY`` is all together."""

    payments: int
    frauds: int | None
    rules: dict[str, Fires]


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that did not come out as it is written."""

    rule: Rule
    number: int  # from 1
    case: Case


def failures(rules: Rules) -> Iterator[Failure]:
    """Run the examples beside each rule; yields those that come out otherwise."""
    for j, rule in enumerate(rules.rules):
        for number, case in enumerate(rule.cases, 1):
            row = np.array([[case.given.get(name, np.nan) for name in rules.features]])
            if bool(rules.holds(row)[0, j]) != case.fires:
                yield Failure(rule, number, case)


def try_rules(
    rules: Rules, records: Iterable[Keyed], settings: Settings, *, on_progress: Callable[[int], None] = lambda _: None
) -> Trial:
    """Replay records and count the payments that each rule fires on; cooldowns are left aside.

    records      of a source: payments, verdicts as they became known, and perhaps the ``truth``
    on_progress  told how many payments are done, now and then
    """
    counter = _Counter(rules, on_progress)
    for _ in Replay(settings, [], observe=counter.count, batch=16_384).run(counter.listen(records)):
        pass
    return counter.trial()


class _Counter:
    def __init__(self, rules: Rules, on_progress: Callable[[int], None]) -> None:
        self._rules, self._on_progress = rules, on_progress
        self._columns: Ints = np.array([FEATURES.index(name) for name in rules.features], np.int64)
        self._judged: set[str] = set()
        self._frauds: set[str] = set()
        self._has_truth = False
        self._names = [*(rule.name for rule in rules.rules), ANY]
        self._fired: dict[str, set[str]] = {name: set() for name in self._names}

    def listen(self, records: Iterable[Keyed]) -> Iterator[Keyed]:
        for record in records:
            if record[0] != TRUTH.name:
                yield record
            elif isinstance(record[2], Label):
                self._has_truth = True
                if record[2].fraud:
                    self._frauds.add(record[2].transaction)

    def count(self, merged: Merged, x: Matrix, _: Scored) -> None:
        holds = self._rules.holds(x[:, self._columns])
        holds = np.column_stack((holds, holds.any(axis=1)))
        self._judged.update(merged.id)
        for name, column in zip(self._names, holds.T, strict=True):
            self._fired[name].update(merged.id[i] for i in np.flatnonzero(column).tolist())
        self._on_progress(len(self._judged))

    def trial(self) -> Trial:
        frauds = self._frauds & self._judged
        return Trial(
            payments=len(self._judged),
            frauds=len(frauds) if self._has_truth else None,
            rules={name: self._fires(fired, frauds) for name, fired in self._fired.items()},
        )

    def _fires(self, fired: set[str], frauds: set[str]) -> Fires:
        hits = len(fired & frauds)
        return Fires(
            payments=len(fired),
            per_1000=1000.0 * len(fired) / max(len(self._judged), 1),
            precision=_share(hits, fired) if self._has_truth else None,
            recall=_share(hits, frauds) if self._has_truth else None,
        )


def _share(hits: int, of: Sequence[str] | set[str]) -> float | None:
    return hits / len(of) if of else None
