"""On which payments a rival has to alert (``stream.bench.rivals.verdicts``)."""

import msgspec
import pytest

from models.artifact import REFERENCE
from stream.bench.material import Material, payments
from stream.bench.rivals.customer_job import History, Judge, features, remember
from stream.bench.rivals.verdicts import Verdicts, verdicts
from stream.errors import WeirError
from stream.settings import Settings
from stream.wire.events import Transaction


def test_weirs_columns_and_a_loop_over_payments_condemn_the_same() -> None:
    """Whether a partition at a time through Weir's tables, or one by one in plain Python."""
    material = payments(4_000, partitions=3, labels=False, loud_share=0.03, seed=4, customers=200)
    found = verdicts(material, Settings())

    assert found.due == found.allowed == _condemned(material)
    assert len(found.due) > 100


def test_a_rival_that_misses_or_invents_an_alert_is_refused() -> None:
    """Its speed would compare with nothing; what is too near to the threshold to call is not held against it."""
    found = Verdicts(due=frozenset({"a", "b"}), allowed=frozenset({"a", "b", "near"}))

    found.require({"a", "b"}, "it")
    found.require(["b", "a", "near", "a"], "it")
    with pytest.raises(WeirError, match="it does another job: of 2 alerts 1 are missing, 0 wrong"):
        found.require({"a"}, "it")
    with pytest.raises(WeirError, match="0 are missing, 1 wrong"):
        found.require({"a", "b", "c"}, "it")


def _condemned(material: Material) -> set[str]:
    judge = Judge(str(REFERENCE))
    histories: dict[str, History] = {}
    found = set()
    for value in material.values:
        payment = msgspec.json.decode(value, type=Transaction)
        history = histories.get(payment.customer, ([], [], []))
        if judge.score(features(history, payment.at, payment.amount)) >= judge.threshold:
            found.add(payment.id)
        histories[payment.customer] = remember(history, payment.at, payment.amount, payment.terminal)
    return found
