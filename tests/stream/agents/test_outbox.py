import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from stream.agents.outbox import partition_of


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"abc", 479470107),
    ],
)
def test_a_key_is_hashed_as_javas_client_does(key: bytes, hashed: int) -> None:
    """The hashes are those of Kafka's own test of its ``murmur2`` (UtilsTest.testMurmur2)."""
    assert partition_of(key, 7) == (hashed & 0x7FFFFFFF) % 7


@given(st.binary(min_size=1, max_size=40), st.integers(1, 64))
def test_a_key_goes_where_the_publishers_client_sends_it(key: bytes, partitions: int) -> None:
    """The oracle is kafka-python's hash, which the producers use."""
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions
