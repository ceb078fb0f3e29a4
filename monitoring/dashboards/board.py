"""What a board is made of: panels that each answer one question, in rows, with what may be chosen and who is told."""

from collections.abc import Iterator
from dataclasses import dataclass, field

Steps = tuple[tuple[str, float | None], ...]  # colour from a value on; the first has none

CALM: Steps = (("green", None),)
PLAIN: Steps = (("text", None),)


def above(orange: float, red: float) -> Steps:
    """Green below ``orange``."""
    return (("green", None), ("orange", orange), ("red", red))


def at_least(green: float) -> Steps:
    """Red below ``green``."""
    return (("red", None), ("green", green))


def from_on(*, red: float, orange: float, green: float) -> Steps:
    """Rising is better: dark red below ``red``, and so on."""
    return (("dark-red", None), ("red", red), ("orange", orange), ("green", green))


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question with its answer; 24 spans are a board's width.

    queries  legend → PromQL
    unit     Grafana's name of it
    steps    colours; on a curve drawn as dashed lines
    colors   legend → colour, where a colour has a meaning
    empty    shown where there is no data, said so that nobody takes it for zero
    leads_to uid of the board that says more
    carries  label of the value clicked at that the other board is to choose
    """

    title: str
    about: str
    unit: str
    queries: dict[str, str]
    steps: Steps = PLAIN
    colors: dict[str, str] = field(default_factory=dict)
    span: int = 8
    height: int = 8
    empty: str = "no data"
    leads_to: str = ""
    carries: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Panel):
    """A single number with its recent course behind it: what a board opens with.

    Where a label names the numbers they are those of now alone, without a course: what is no more is not shown.

    words  value → what is written instead of it
    """

    span: int = 4
    height: int = 4
    decimals: int | None = None
    words: dict[str, str] = field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        """Whether labels name the numbers."""
        return any("{{" in legend for legend in self.queries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves(Panel):
    """Values over time.

    stacked    added up
    from_zero  False where only the change matters
    """

    stacked: bool = False
    from_zero: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(Panel):
    """How often each bucket of a histogram was met, over time; its one query is a sum by ``le``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Panel):
    """What there is now, a line each.

    columns  labels shown, in this order
    """

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under a headline."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Values of a label to choose from, one or more; queries say ``label=~"$label"``.

    metric  that has the label
    """

    label: str
    metric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard.

    choices  labels whose values may be chosen
    spans    how far back sums reach, as ``$span``; the first unless another is chosen; () for a board without
    is_all   True: what burns on any board is shown here; False: what its own rules say
    """

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()
    spans: tuple[str, ...] = ()
    is_all: bool = False


def expressions(board: Board) -> Iterator[tuple[str, str]]:
    """Every query of a board, as ``(panel title, PromQL)``."""
    for row in board.rows:
        for panel in row.panels:
            for expression in panel.queries.values():
                yield panel.title, expression
