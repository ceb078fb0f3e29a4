"""Evaluating a tree on a batch, column by column: what holds, what fails, and which comparisons decided it.

A value may be unknown: nan, which features use for "no history", or a division by zero. A comparison with an unknown
value neither holds nor fails, and what is made of it follows Kleene (1938): ``not`` leaves it unknown, ``and`` fails if
any part fails, ``or`` holds if any part holds. So a rule fires only where it is known to hold. All operations are
exactly rounded and go row by row, so a row's result has the same bits in any batch.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.detector import Vector
from models.rules.tree import Comparison, Condition, Constant, Feature, Junction, Number

Mask: TypeAlias = NDArray[np.bool_]
Columns: TypeAlias = Mapping[str, Vector]  # feature → (n,)

_TESTS: dict[str, Callable[..., Mask]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def truth(condition: Condition, columns: Columns) -> tuple[Mask, Mask]:
    """Tell where a condition holds and where it fails, ``(n,)`` each; in neither where it is unknown."""
    with np.errstate(all="ignore"):
        return _truth(condition, columns)


def number(node: Number, columns: Columns) -> Vector:
    """Evaluate a number, ``(n,)`` or, where it reads no feature, ``()``; nan where it is unknown."""
    with np.errstate(all="ignore"):
        return np.asarray(_number(node, columns), np.float64)


def deciding(
    condition: Condition, columns: Columns, rows: Mask, *, holds: bool = True
) -> Iterator[tuple[Comparison, bool, Mask]]:
    """Yield each comparison with the rows for which it is a reason that the condition holds (or fails).

    rows  (n,) where the condition holds (or fails), none of them unknown
    -> comparison; True where it counts because it holds, False because it fails; rows ``(n,)``
    """
    if isinstance(condition, Comparison):
        yield condition, holds, rows
    elif isinstance(condition, Junction):
        for part in condition.of:
            theirs = truth(part, columns)[0 if holds else 1]  # every part of an ``and`` holds where it does
            yield from deciding(part, columns, rows & theirs, holds=holds)
    else:
        yield from deciding(condition.of, columns, rows, holds=not holds)


def _truth(condition: Condition, columns: Columns) -> tuple[Mask, Mask]:
    if isinstance(condition, Comparison):
        left, right = _number(condition.left, columns), _number(condition.right, columns)
        known = ~(np.isnan(left) | np.isnan(right))
        found = _TESTS[condition.op](left, right)
        return found & known, ~found & known
    if isinstance(condition, Junction):
        every = [_truth(part, columns) for part in condition.of]
        holds, fails = zip(*every, strict=True)
        if condition.needs_all:
            return reduce(np.logical_and, holds), reduce(np.logical_or, fails)
        return reduce(np.logical_or, holds), reduce(np.logical_and, fails)
    held, failed = _truth(condition.of, columns)
    return failed, held


def _number(node: Number, columns: Columns) -> Vector:
    if isinstance(node, Constant):
        return np.asarray(node.value)
    if isinstance(node, Feature):
        return columns[node.name]
    return _OPERATIONS[node.op]([_number(part, columns) for part in node.of])


def _divide(of: list[Vector]) -> Vector:
    return np.where(of[1] == 0.0, np.nan, of[0] / of[1])


_OPERATIONS: dict[str, Callable[[list[Vector]], Vector]] = {
    "minus": lambda of: -of[0],
    "abs": lambda of: np.abs(of[0]),
    "+": lambda of: of[0] + of[1],
    "-": lambda of: of[0] - of[1],
    "*": lambda of: of[0] * of[1],
    "/": _divide,
    "min": lambda of: reduce(np.minimum, of),
    "max": lambda of: reduce(np.maximum, of),
}
