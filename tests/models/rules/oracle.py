"""The language of rules once more, over one payment in plain Python: None is unknown, True and False are known."""

import ast
import math
import operator
from collections.abc import Mapping

_ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
_TESTS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def verdict(text: str, payment: Mapping[str, float]) -> bool | None:
    """What a condition says of one payment; a feature that is missing or nan is unknown."""
    return _condition(ast.parse(text.strip(), mode="eval").body, payment)


def _condition(node: ast.expr, payment: Mapping[str, float]) -> bool | None:
    if isinstance(node, ast.UnaryOp):
        inner = _condition(node.operand, payment)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        return _joined([_condition(part, payment) for part in node.values], needs_all=isinstance(node.op, ast.And))
    assert isinstance(node, ast.Compare)
    sides = [_number(side, payment) for side in (node.left, *node.comparators)]
    return _joined([_compared(op, sides[i], sides[i + 1]) for i, op in enumerate(node.ops)], needs_all=True)


def _compared(op: ast.cmpop, left: float | None, right: float | None) -> bool | None:
    return None if left is None or right is None else bool(_TESTS[type(op)](left, right))


def _joined(parts: list[bool | None], *, needs_all: bool) -> bool | None:
    decided = not needs_all  # what one part alone decides
    if any(part is decided for part in parts):
        return decided
    return None if None in parts else not decided


def _number(node: ast.expr, payment: Mapping[str, float]) -> float | None:
    value = _raw(node, payment)
    return None if value is None or math.isnan(value) else value


def _raw(node: ast.expr, payment: Mapping[str, float]) -> float | None:
    if isinstance(node, ast.Constant):
        return float(str(node.value))
    if isinstance(node, ast.Name):
        return payment.get(node.id)
    parts = [_number(part, payment) for part in _parts(node)]
    known = [part for part in parts if part is not None]
    return _calculated(node, known) if len(known) == len(parts) else None


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    assert isinstance(node, ast.Call)
    return node.args


def _calculated(node: ast.expr, of: list[float]) -> float | None:
    if isinstance(node, ast.UnaryOp):
        return -of[0]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return None if of[1] == 0.0 else of[0] / of[1]
    if isinstance(node, ast.BinOp):
        return _ARITHMETIC[type(node.op)](of[0], of[1])
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return abs(of[0]) if node.func.id == "abs" else min(of) if node.func.id == "min" else max(of)
