"""An expression is of the language, or refused with the column and what would be right; nothing of it is ever run."""

import ast
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.grammar import ExpressionError, parse
from models.rules.tree import Calculation, Comparison, Condition, Constant, Feature, Junction, Negation, Number
from stream.core.names import FEATURES

_WORDS = (
    *FEATURES[:3],
    *("and", "or", "not", "if", "else", "in", "is", "lambda", "for", "await", "None", "True", "import"),
    *("abs", "min", "max", "eval", "open", "__import__", "__class__", "__builtins__", "amount.real", "f'{amount}'"),
    *("(", ")", "[", "]", "{", "}", ".", ",", ":", ":=", "**", "//", "%", "@", "<<", "&", "|", "~", "+", "-", "*", "/"),
    *("<", ">", "<=", "==", "!=", "=", "1", "0", "1e9", "1j", "'a'", '"', "\\", "\n", "#", ";", "…", "\x00", "`", "$"),
)


@pytest.mark.parametrize(
    ("text", "column", "expected", "was"),
    [
        ("amount > 5 and customer_cont_1h > 3", 16, "did you mean customer_count_1h?", "customer_cont_1h"),
        ("amount", 1, "a comparison", "amount"),
        ("  amount > 'a'", 12, "a number", "'a'"),
        ("amount > True", 10, "a number", "True"),
        ("amount > 1e999", 10, "below 1e308", "1e999"),
        ("amount > 5 and amount + 1", 16, "a comparison", "amount + 1"),
        ("amount.real > 5", 1, "a number made of features, numbers", "amount.real"),
        ("amount ** 9 > 5", 1, "a number made of", "amount ** 9"),
        ("open('x') > amount", 1, "one of abs, min, max", "open"),
        ("abs(amount, 2) > 5", 1, "1 numbers in the brackets of abs", "abs(amount, 2)"),
        ("max(amount, key=amount) > 5", 1, "2 to 8 numbers", "max(amount, key=amount)"),
        ("max(*amount) > 5", 1, "2 to 8 numbers", "max(*amount)"),
        ("amount in 5", 1, "one of < <=", "amount in 5"),
        ("1 < 2", 1, "a feature on one side", "1"),
        ("amount > 5 and", 15, "a condition (", "the end"),
        ("amount > 5 # and more", 12, "comparisons, and, or, not", "#"),
        ("(x := 5) > amount", 2, "a number made of", "x := 5"),
        ("", 1, "a condition", "the end"),
    ],
)
def test_what_is_not_of_the_language_is_refused_where_it_stands(
    text: str, column: int, expected: str, was: str
) -> None:
    """Columns count from 1, as editors do; the fix is said where there is one."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)

    assert (caught.value.column, caught.value.was) == (column, was)
    assert expected in caught.value.expected


@pytest.mark.parametrize("text", ["(" * 900 + "amount", "-" * 900 + "amount > 1", "not " * 200 + "amount > 1"])
def test_depth_is_bounded(text: str) -> None:
    """No expression can exhaust the stack, neither Python's parser's nor ours."""
    with pytest.raises(ExpressionError):
        parse(text)


@settings(max_examples=400)
@given(
    st.one_of(
        st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join),
        st.text(string.printable + "é\u2028\x00", max_size=60),
    )
)
def test_no_text_reaches_anything_but_the_tree(text: str) -> None:
    """Words of Python and noise: either refused by our error, or a tree of nothing but numbers and comparisons."""
    tree, refused = _tried(text)
    if refused is not None:
        assert 1 <= refused.column <= len(text) + 1
        return

    assert tree is not None
    _check_condition(tree)
    names = {node.id for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Name)}
    assert names <= {*FEATURES, "abs", "min", "max"}


def _tried(text: str) -> tuple[Condition | None, ExpressionError | None]:
    try:
        return parse(text), None
    except ExpressionError as error:
        return None, error


def _check_condition(node: Condition) -> None:
    assert type(node) in (Comparison, Junction, Negation)
    if isinstance(node, Comparison):
        _check_number(node.left)
        _check_number(node.right)
    elif isinstance(node, Negation):
        _check_condition(node.of)
    else:
        for part in node.of:
            _check_condition(part)


def _check_number(node: Number) -> None:
    assert type(node) in (Constant, Feature, Calculation)
    if isinstance(node, Feature):
        assert node.name in FEATURES
    elif isinstance(node, Calculation):
        for part in node.of:
            _check_number(part)
