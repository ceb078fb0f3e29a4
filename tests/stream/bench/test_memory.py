"""Bytes of a key (``stream.bench.memory``)."""

import pytest

from stream.bench.memory import measure_memory
from stream.settings import Payments


def test_a_longer_history_takes_more_and_the_last_is_the_most() -> None:
    """Keys with 2 and 20 payments, then those with twice as many as the 64 that are remembered at most."""
    memory = measure_memory(Payments(max_history=64), (2, 20))

    for keys, words in ((memory.customers, 3), (memory.terminals, 4)):
        assert list(keys) == ["2", "20", "64"]
        assert keys["2"].bytes < keys["20"].bytes < keys["64"].bytes
        for key in keys.values():
            assert key.bytes == pytest.approx(sum(key.parts.values()))
        assert keys["64"].parts["entries"] >= 64 * 4 * words  # of each payment, and no more than is remembered:
        assert keys["64"].parts["entries"] < 128 * 4 * words


def test_a_customer_of_57_payments_takes_at_most_a_kibibyte() -> None:
    """The budget of docs/performance.md, at what a customer of the reference simulator pays in 30 days."""
    memory = measure_memory(Payments(), (57,))

    assert memory.customers["57"].bytes <= 1024.0
