"""What an expression is once it is read: numbers made of features, conditions made of comparisons. Nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that stands in the text, finite."""

    value: float


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of ``stream.core.names``."""

    name: str


@dataclass(frozen=True, slots=True)
class Calculation:
    """``op`` is one of + - * / with two numbers, ``minus`` or ``abs`` with one, ``min`` or ``max`` with two or more."""

    op: str
    of: tuple["Number", ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``op`` is one of < <= > >= == !=; at least one side reads a feature. ``text`` as a person writes it."""

    op: str
    left: "Number"
    right: "Number"
    text: str


@dataclass(frozen=True, slots=True)
class Junction:
    """``and`` where it needs all of its conditions, else ``or``."""

    needs_all: bool
    of: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """``not``."""

    of: "Condition"


Number: TypeAlias = Constant | Feature | Calculation
Condition: TypeAlias = Comparison | Junction | Negation


def features_of(node: Number | Condition) -> frozenset[str]:
    """Names of the columns that a tree reads."""
    if isinstance(node, Feature):
        return frozenset((node.name,))
    if isinstance(node, Comparison):
        return features_of(node.left) | features_of(node.right)
    if isinstance(node, Negation):
        return features_of(node.of)
    if isinstance(node, Calculation | Junction):
        return frozenset[str]().union(*map(features_of, node.of))
    return frozenset()


def terms_of(node: Condition) -> Iterator[Comparison]:
    """All comparisons of a condition, in the order of the text."""
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, Negation):
        yield from terms_of(node.of)
    else:
        for part in node.of:
            yield from terms_of(part)
