"""Reading an expression: Python's own parser, and of what it finds only what is listed here; nothing is ever run.

Allowed are features by name, finite numbers, + - * /, ``abs``, ``min``, ``max``, comparisons, ``and``, ``or``, ``not``
and brackets. A text is data: it becomes a tree of ``models.rules.tree``, never code.
"""

import ast
import math
import re
from difflib import get_close_matches
from itertools import pairwise

from models.rules.tree import (
    Calculation,
    Comparison,
    Condition,
    Constant,
    Feature,
    Junction,
    Negation,
    Number,
    features_of,
)
from stream.core.names import FEATURES
from stream.errors import WeirError

MAX_LENGTH = 1000  # characters
MAX_DEPTH = 40  # of brackets and operations within each other
_FUNCTIONS = {"abs": (1, 1), "min": (2, 8), "max": (2, 8)}  # how many numbers they take, at least and at most
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_STRANGE = re.compile(r"[^\x20-\x7e\s]|[#;\\]")  # comments and line joins would hide what follows
_ALLOWED = "features, numbers, + - * /, abs, min, max, comparisons, and, or, not"


class ExpressionError(WeirError):
    """An expression that is not of the language: where (columns from 1), what was expected, what stood there."""

    def __init__(self, column: int, expected: str, was: str) -> None:
        super().__init__(column, expected, was)
        self.column, self.expected, self.was = column, expected, was

    def __str__(self) -> str:
        return f"column {self.column}: expected {self.expected}, was {self.was!r}"


def parse(text: str) -> Condition:
    """Read a condition.

    text  ASCII, at most ``MAX_LENGTH`` characters; line breaks are spaces
    Raises ExpressionError for whatever is not of the language, with the column and what would be.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH + 1, f"at most {MAX_LENGTH} characters", f"{len(text)} characters")
    strange = _STRANGE.search(text)
    if strange is not None:
        raise ExpressionError(strange.start() + 1, _ALLOWED, strange.group())
    flat = re.sub(r"\s", " ", text)
    reader = _Reader(flat)
    return reader.condition(reader.syntax(), 0)


class _Reader:
    """Turns what Python's parser found in ``text`` into our tree, or says where it can't."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._indent = len(text) - len(text.lstrip())

    def syntax(self) -> ast.expr:
        try:
            return ast.parse(self._text.strip(), mode="eval").body
        except SyntaxError as error:
            column = min((error.offset or len(self._text) + 1) + self._indent, len(self._text) + 1)
            was = self._text[column - 1 : column + 11] or "the end"
            raise ExpressionError(column, f"a condition ({error.msg})", was) from None
        except (RecursionError, MemoryError):
            raise ExpressionError(1, f"at most {MAX_DEPTH} operations within each other", self._text[:12]) from None

    def condition(self, node: ast.expr, depth: int) -> Condition:
        """Read what is true or false."""
        self._check_depth(node, depth)
        if isinstance(node, ast.BoolOp):
            parts = tuple(self.condition(part, depth + 1) for part in node.values)
            return Junction(isinstance(node.op, ast.And), parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Negation(self.condition(node.operand, depth + 1))
        if isinstance(node, ast.Compare):
            return self._comparison(node, depth)
        raise self._error(node, "a comparison, such as amount > 300")

    def _comparison(self, node: ast.Compare, depth: int) -> Condition:
        sides = [node.left, *node.comparators]
        numbers = [self._number(side, depth + 1) for side in sides]
        terms = []
        for op, (i, j) in zip(node.ops, pairwise(range(len(sides))), strict=True):
            sign = _COMPARISONS.get(type(op))
            if sign is None:
                raise self._error(node, f"one of {' '.join(_COMPARISONS.values())}")
            if not features_of(numbers[i]) | features_of(numbers[j]):
                raise self._error(sides[i], "a feature on one side of a comparison")
            text = f"{ast.unparse(sides[i])} {sign} {ast.unparse(sides[j])}"
            terms.append(Comparison(sign, numbers[i], numbers[j], text))
        return terms[0] if len(terms) == 1 else Junction(needs_all=True, of=tuple(terms))

    def _number(self, node: ast.expr, depth: int) -> Number:
        self._check_depth(node, depth)
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._feature(node)
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            of = self._number(node.left, depth + 1), self._number(node.right, depth + 1)
            return Calculation(_ARITHMETIC[type(node.op)], of)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return Calculation("minus", (self._number(node.operand, depth + 1),))
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        raise self._error(node, f"a number made of {_ALLOWED[: _ALLOWED.index(', comparisons')]}")

    def _call(self, node: ast.Call, depth: int) -> Calculation:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _FUNCTIONS:
            raise self._error(node.func, f"one of {', '.join(_FUNCTIONS)} before a bracket")
        least, most = _FUNCTIONS[name]
        if node.keywords or not least <= len(node.args) <= most:
            count = f"{least}" if least == most else f"{least} to {most}"
            raise self._error(node, f"{count} numbers in the brackets of {name}")
        return Calculation(name, tuple(self._number(argument, depth + 1) for argument in node.args))

    def _constant(self, node: ast.Constant) -> Constant:
        if type(node.value) not in (int, float):  # True is an int too
            raise self._error(node, "a number")
        try:
            value = float(node.value)  # type: ignore[arg-type]  # one of the two
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self._error(node, "a number below 1e308")
        return Constant(value)

    def _feature(self, node: ast.Name) -> Feature:
        if node.id in FEATURES:
            return Feature(node.id)
        near = get_close_matches(node.id, FEATURES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "`weir rules features` lists them"
        raise self._error(node, f"a feature of stream/core/names.py; {hint}")

    def _check_depth(self, node: ast.expr, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self._error(node, f"at most {MAX_DEPTH} operations within each other")

    def _error(self, node: ast.expr, expected: str) -> ExpressionError:
        stripped = self._text.strip()
        was = stripped[node.col_offset : node.end_col_offset]
        return ExpressionError(node.col_offset + self._indent + 1, expected, was)
