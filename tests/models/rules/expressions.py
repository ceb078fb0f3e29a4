"""Made-up expressions and payments, for hypothesis."""

from hypothesis import strategies as st

from stream.core.names import FEATURES

NAMES = FEATURES[:6]  # few, so that an expression meets the same feature twice
finite = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
values = st.one_of(finite, st.sampled_from((0.0, 1.0, -1.0, float("nan"), 1e300, -1e300)))
payments = st.dictionaries(st.sampled_from(NAMES), values)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda of: f"({of[0]} {of[1]} {of[2]})"),
        st.tuples(st.sampled_from(("min", "max")), inner, inner).map(lambda of: f"{of[0]}({of[1]}, {of[2]})"),
        inner.map(lambda of: f"abs({of})"),
        inner.map(lambda of: f"(-{of})"),
    )


numbers = st.recursive(st.one_of(st.sampled_from(NAMES), finite.map(lambda v: repr(abs(v)))), _grown, max_leaves=5)
with_feature = st.tuples(st.sampled_from(NAMES), st.sampled_from("+-*"), numbers).map(" ".join)
comparisons = st.tuples(with_feature, st.sampled_from(("<", "<=", ">", ">=", "==", "!=")), numbers).map(" ".join)
between = st.tuples(numbers, st.sampled_from(NAMES), numbers).map(lambda of: f"{of[0]} < {of[1]} <= {of[2]}")


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(("and", "or")), inner).map(lambda of: f"({of[0]} {of[1]} {of[2]})"),
        inner.map(lambda of: f"not ({of})"),
    )


conditions = st.recursive(st.one_of(comparisons, between), _joined, max_leaves=6)
