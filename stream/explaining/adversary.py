"""How much an evader who knows the detectors must give up: frauds of simulated worlds that are caught, tried otherwise.

Each defence is asked about the frauds that it catches itself. The evader sees the scores, which no real one does: the
figures say how far a defence can be pushed, not how often it is.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from models.detector import Detector
from producers.cards import Cards
from stream.core.merge import Merged
from stream.core.names import DAY_MS
from stream.core.scoring import Scored, Scorer
from stream.explaining.evading import ALONE, MOST, Change, evade, evade_by
from stream.explaining.trial import Trial
from stream.replay import Keyed, Replay
from stream.settings import Settings
from stream.wire.columns import Matrix
from stream.wire.events import Label, Transaction
from stream.wire.topics import TRUTH

WORLD = {"customers": 1_000, "terminals": 2_000, "days": 60}
FRAUDS = 60
TOGETHER = "together"
_FROM, _UNTIL = 21, 7  # days before the end between which frauds are taken: after them there must be time to wait


class Defence(msgspec.Struct, frozen=True, kw_only=True):
    """One detector, or all together, by world and by budget.

    caught      frauds that were tried, per world
    evaded      mean over worlds: share that passes with at most 0, 1, 2 … steps; ``spread``: their deviation
    worlds      the same per world
    alone       lever → share that passes with at most 1, 2 … steps of it alone, over all worlds
    amount_kept median share of the amount that those who passed still got; ``waited_hours``, ``moved``: mean, share
    """

    caught: list[int]
    evaded: list[float]
    spread: list[float]
    worlds: list[list[float]]
    alone: dict[str, list[float]]
    amount_kept: float | None
    waited_hours: float | None
    moved: float | None


class AdversaryEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All defences of a model against the same evader."""

    protocol: str
    source: str
    versions: dict[str, str]
    steps: list[int]
    defences: dict[str, Defence]
    shared: dict[str, Defence]  # each detector, asked about the frauds that every one of them catches


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attack:
    """What came of one fraud: a change that passes or None; and by each lever alone."""

    change: Change | None
    alone: dict[str, Change | None]


@dataclass(slots=True)
class _Found:
    """The same of all frauds of a defence, per world; and by each lever over all."""

    worlds: list[list[Change | None]] = field(default_factory=list)
    alone: dict[str, list[Change | None]] = field(default_factory=lambda: {lever: [] for lever in ALONE})

    def take(self, attack: _Attack) -> None:
        """Add a fraud of the world that was begun last."""
        self.worlds[-1].append(attack.change)
        for lever, changes in self.alone.items():
            changes.append(attack.alone[lever])


def judge_adversary(
    settings: Settings,
    detectors: Sequence[Detector],
    *,
    seed: int,
    worlds: int,
    tell: Callable[[str, float], None],
    sizes: Mapping[str, object] = WORLD,
    most: int = FRAUDS,
) -> AdversaryEvaluation:
    """Let ``worlds`` of simulated cards run, from ``seed`` on, and try every caught fraud of their later weeks.

    sizes  settings of ``producers.cards``
    most   frauds of a world that are tried, drawn evenly over time
    """
    single = msgspec.structs.replace(settings, kafka=msgspec.structs.replace(settings.kafka, partitions=1))
    scorer = Scorer(detectors)
    defences = {one.name: [which] for which, one in enumerate(detectors)}
    if len(detectors) > 1:
        defences[TOGETHER] = list(range(len(detectors)))
    found, shared = ({name: _Found() for name in names} for names in (defences, [one.name for one in detectors]))
    for number in range(worlds):
        for one in (*found.values(), *shared.values()):
            one.worlds.append([])
        tell(f"world {number + 1} of {worlds}: replaying", number / worlds)
        records = list(Cards(seed=seed + number, config={**settings.producers.get("cards", {}), **sizes}).records())
        frauds = list(_caught(single, detectors, records, most))
        for done, (payment, history) in enumerate(frauds):
            tell(f"world {number + 1} of {worlds}: fraud {done + 1}", (number + done / len(frauds)) / worlds)
            tried = _Tried(Trial(single, detectors, history, payment), scorer)
            attacks = {
                name: _attack(tried, those)
                for name, those in defences.items()
                if tried.pressure(those, Change()) >= 1.0
            }
            for name, attack in attacks.items():
                found[name].take(attack)
            if shared.keys() <= attacks.keys():
                for name, one in shared.items():
                    one.take(attacks[name])
    return AdversaryEvaluation(
        protocol="adversary",
        source=f"producer cards, {worlds} worlds from seed {seed}",
        versions={one.name: one.version for one in detectors},
        steps=list(range(MOST + 1)),
        defences={name: _figures(one) for name, one in found.items()},
        shared={name: _figures(one) for name, one in shared.items()},
    )


def _attack(tried: "_Tried", those: list[int]) -> _Attack:
    def pressure(change: Change) -> float:
        return tried.pressure(those, change)

    return _Attack(change=evade(pressure), alone={lever: evade_by(lever, pressure) for lever in ALONE})


class _Tried:
    """One fraud: score over limit of each detector, per change; each change is replayed once."""

    def __init__(self, trial: Trial, scorer: Scorer) -> None:
        self._trial, self._scorer = trial, scorer
        self._known: dict[Change, list[float]] = {}

    def pressure(self, those: list[int], change: Change) -> float:
        """The highest of some detectors."""
        ratios = self._known.get(change)
        if ratios is None:
            ratios = self._known[change] = self._ratios(change)
        return max(ratios[which] for which in those)

    def _ratios(self, change: Change) -> list[float]:
        amount = max(round(self._trial.payment.amount * (10 - change.tenths) / 10), 1)
        x = self._trial.features(amount, wait=change.wait_ms, elsewhere=change.elsewhere)
        if x is None:
            return [np.inf] * len(self._scorer.detectors)
        scores = self._scorer.score(x).scores
        return [
            float(scores[one.name][0]) / self._scorer.limit(which, x, 0)
            for which, one in enumerate(self._scorer.detectors)
        ]


def _caught(
    settings: Settings, detectors: Sequence[Detector], records: Sequence[Keyed], most: int
) -> Iterator[tuple[Transaction, list[Keyed]]]:
    """Frauds that any detector flags, each with the events of its customer and terminal in order."""
    frauds = {event.transaction for topic, _, event in records if topic == TRUTH.name and isinstance(event, Label)}
    flagged: set[str] = set()

    def observe(merged: Merged, _: Matrix, scored: Scored) -> None:
        flagged.update(merged.id[row] for row in scored.suspicious.tolist() if merged.id[row] in frauds)

    for _ in Replay(settings, detectors, observe=observe).run(records):
        pass
    known = [record for record in records if record[0] != TRUTH.name]
    payments = [event for _, _, event in known if isinstance(event, Transaction)]
    end = payments[-1].at
    late = [p for p in payments if p.id in flagged and end - _FROM * DAY_MS <= p.at < end - _UNTIL * DAY_MS]
    places: dict[str, list[int]] = defaultdict(list)
    for place, (_, _, event) in enumerate(known):
        if isinstance(event, Transaction | Label):
            places[event.customer].append(place)
            places[event.terminal].append(place)
    for payment in late[:: -(-len(late) // most) or 1]:
        yield payment, [known[i] for i in sorted({*places[payment.customer], *places[payment.terminal]})]


def _figures(found: _Found) -> Defence:
    worlds = [_curve([None if one is None else one.steps for one in world], MOST) for world in found.worlds if world]
    passed = [one for world in found.worlds for one in world if one is not None]
    columns = list(zip(*worlds, strict=True))
    return Defence(
        caught=[len(world) for world in found.worlds],
        evaded=[statistics.fmean(column) for column in columns],
        spread=[statistics.stdev(column) if len(column) > 1 else 0.0 for column in columns],
        worlds=worlds,
        alone={
            lever: _curve([None if one is None else one.steps for one in changes], len(ALONE[lever]))[1:]
            for lever, changes in found.alone.items()
        },
        amount_kept=statistics.median(1.0 - one.tenths / 10 for one in passed) if passed else None,
        waited_hours=statistics.fmean(one.wait_ms / 3_600_000 for one in passed) if passed else None,
        moved=statistics.fmean(one.elsewhere for one in passed) if passed else None,
    )


def _curve(steps: list[int | None], most: int) -> list[float]:
    """Share that passed with at most 0 … ``most`` steps."""
    return [
        sum(one is not None and one <= most_now for one in steps) / max(len(steps), 1) for most_now in range(most + 1)
    ]
