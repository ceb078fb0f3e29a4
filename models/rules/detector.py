"""The rules as a detector: the severest rule that fires makes the score, its deciding terms share it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detector import Fired, Matrix, Term, Vector
from models.rules.columns import Columns, deciding, number, truth
from models.rules.file import Rule, read_rules, version_of
from models.rules.tree import Comparison, features_of
from stream.core.names import FEATURES

SCORES = {"low": 1.0, "medium": 1.3, "high": 2.0, "critical": 4.0}  # at threshold 1 an alert is of that severity


@dataclass(frozen=True, slots=True)
class _Share:
    """One comparison that decided, and for which rows of a batch ``(n,)``."""

    term: Comparison
    rows: NDArray[np.bool_]


class Rules:
    """Implements ``Detector`` and ``Telling``.

    rules  at least one, each name once
    """

    name = "rules"
    threshold = SCORES["low"]

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.version = version_of(rules)
        read = frozenset[str]().union(*(features_of(rule.condition) for rule in rules))
        self.features: tuple[str, ...] = tuple(name for name in FEATURES if name in read)
        self.usual: Vector = np.full(len(self.features), np.nan)
        self._place = {name: j for j, name in enumerate(self.features)}

    def holds(self, x: Matrix) -> NDArray[np.bool_]:
        """Tell which rules fire, ``(n, d) → (n, rules)``."""
        columns = self._columns(x)
        found = np.empty((len(x), len(self.rules)), np.bool_)
        for j, rule in enumerate(self.rules):
            found[:, j] = truth(rule.condition, columns)[0]
        return found

    def score(self, x: Matrix) -> Vector:
        """Score of the severest rule that fires, 0 where none does, ``(n, d) → (n,)``."""
        columns = self._columns(x)
        score = np.zeros(len(x))
        for rule in self.rules:
            score[truth(rule.condition, columns)[0] & (score < SCORES[rule.severity])] = SCORES[rule.severity]
        return score

    def explain(self, x: Matrix) -> Matrix:
        """Split each score evenly over the terms that decided the rule, and each term over its features."""
        columns, holds, score = self._columns(x), self.holds(x), self.score(x)
        parts = np.zeros((len(x), len(self.features)))
        spoken = np.zeros(len(x), np.bool_)
        for j, rule in enumerate(self.rules):
            mine = holds[:, j] & ~spoken & (score == SCORES[rule.severity])  # of equals the first in the file
            spoken |= mine
            if not mine.any():
                continue
            shares = [_Share(term, rows) for term, _, rows in deciding(rule.condition, columns, mine)]
            count = np.sum([share.rows for share in shares], axis=0)
            for share in shares:
                places = np.array([self._place[name] for name in sorted(features_of(share.term))])
                each = SCORES[rule.severity] / (count[share.rows] * len(places))
                parts[np.ix_(share.rows, places)] += each[:, None]
        return parts

    def probability(self, score: Vector) -> Vector | None:  # noqa: ARG002  # the contract's
        """None: a rule says that something holds, not how often that is fraud."""
        return None

    def fired(self, x: Matrix) -> tuple[Fired, ...]:
        """Name the rules that fire on one payment ``(1, d)``, severest first, with the terms that decided."""
        columns, holds = self._columns(x), self.holds(x)[0]
        found = [rule for rule, does in zip(self.rules, holds.tolist(), strict=True) if does]
        found.sort(key=lambda rule: -SCORES[rule.severity])
        return tuple(Fired(name=rule.name, says=rule.says, terms=_terms(rule, columns)) for rule in found)

    def _columns(self, x: Matrix) -> Columns:
        return {name: x[:, j] for name, j in self._place.items()}


def load(path: Path) -> Rules:
    """Load the rules of a TOML file. Raises SettingsError."""
    return Rules(read_rules(path))


def _terms(rule: Rule, columns: Columns) -> tuple[Term, ...]:
    return tuple(
        _term(term, columns, holds=holds)
        for term, holds, rows in deciding(rule.condition, columns, np.ones(1, np.bool_))
        if rows[0]
    )


def _term(term: Comparison, columns: Columns, *, holds: bool) -> Term:
    """The limit is the side that reads no feature; where both do, the right one."""
    sides = (term.left, term.right) if features_of(term.left) else (term.right, term.left)
    value, limit = (float(number(side, columns).reshape(-1)[0]) for side in sides)
    return Term(text=term.text if holds else f"not {term.text}", value=value, limit=limit)
