"""What would have made a payment pass is tried by the code that judges, and is the smallest change that does."""

import msgspec
import numpy as np

from stream.core.names import FEATURES
from stream.explaining.margins import margins
from stream.explaining.passing import ways_to_pass
from stream.explanation import judge_again
from tests.stream.explaining.explained import SETTINGS, Case, a_case


def test_the_amount_that_passes_is_the_largest_that_does() -> None:
    """A replay with that amount stays below the threshold; half a per cent of the amount more reaches it."""
    case = a_case()
    way = next(way for way in ways_to_pass(SETTINGS, case.detectors, case.explained) if "or less" in way.what)
    threshold = case.detectors[0].threshold

    assert way.amount < case.payment.amount
    assert _score(case, way.amount) == way.scores["robust"] < threshold
    assert _score(case, way.amount + case.payment.amount // 200) >= threshold


def test_the_nearest_limit_is_where_the_severity_changes() -> None:
    """Scores of .9, 1.1 and 1.9 times the threshold: at their nearest limits they would alert, pass, and be high."""
    limit = a_case().detectors[0].threshold

    found = [margins({"robust": times * limit}, {"robust": limit})[0] for times in (0.9, 1.1, 1.9)]

    assert [(one.limit / limit, one.becomes, one.severity) for one in found] == [
        (1.0, "low", "passes"),
        (1.0, "passes", "low"),
        (2.0, "high", "medium"),
    ]


def test_usual_is_the_median_of_the_customers_own_payments() -> None:
    """Beside the amount stands the median of what this customer paid before, not that of all."""
    explained = a_case().explained

    assert explained.features["amount"][1] == np.median([p.amount / 100 for p in explained.customer])
    assert set(explained.features) <= set(FEATURES)


def _score(case: Case, amount: int) -> float:
    payment = msgspec.structs.replace(case.payment, amount=amount)
    history = [(t, k, payment if e is case.payment else e) for t, k, e in case.history]
    judged = judge_again(SETTINGS, case.detectors, history, payment.id)
    assert judged is not None
    return judged.scores["robust"]
