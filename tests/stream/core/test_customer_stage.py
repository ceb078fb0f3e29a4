from collections.abc import Sequence

import numpy as np

from stream.core.customer_stage import CustomerStage
from stream.core.shuffle import Block, unpack
from stream.core.stage import Output
from stream.settings import Kafka, Settings
from stream.wire.codec import encode
from stream.wire.events import Transaction
from stream.wire.records import Slice
from stream.wire.topics import BY_TERMINAL, TRANSACTIONS

SETTINGS = Settings(kafka=Kafka(partitions=1))
AT = 1_700_000_000_000
POISON = b"no event"


def a_payment(at: int) -> bytes:
    """Make a payment ``at`` ms after ``AT``, encoded."""
    return encode(Transaction(id=f"p{at}", at=AT + at, customer="c1", terminal="m1", amount=100))


def a_slice(values: Sequence[bytes], *, first: int) -> Slice:
    """Make a slice of ``transactions`` from offset ``first`` on."""
    offset = np.arange(first, first + len(values))
    return Slice(
        topic=TRANSACTIONS.name,
        partition=0,
        offset=offset,
        produced=offset + AT,
        values=values,
        next_offset=first + len(values),
    )


def the_block(output: Output) -> Block:
    """The one block sent on."""
    (block,) = [unpack(record.value) for record in output.records if record.topic == BY_TERMINAL.name]
    return block


def test_poison_alone_is_no_news() -> None:
    """A slice of refused records says so, and counts as silence. One event among them is heard."""
    stage = CustomerStage(0, SETTINGS)

    only_poison = stage.feed(a_slice([POISON, POISON], first=0), now=AT)
    with_a_payment = stage.feed(a_slice([POISON, a_payment(0)], first=2), now=AT)

    assert not only_poison.is_news
    assert with_a_payment.is_news


def test_poison_does_not_make_others_wait_for_its_partition_again() -> None:
    """A partition was told silent and then brings poison: it stays silent, until a payment comes."""
    stage = CustomerStage(0, SETTINGS)
    stage.feed(a_slice([a_payment(0)], first=0), now=AT)

    silent = the_block(stage.idle(TRANSACTIONS.name, now=AT))
    poisoned = the_block(stage.feed(a_slice([POISON], first=1), now=AT))
    healed = the_block(stage.feed(a_slice([a_payment(1)], first=2), now=AT))
    poisoned_again = the_block(stage.feed(a_slice([POISON], first=3), now=AT))

    assert [block.idle for block in (silent, poisoned, healed, poisoned_again)] == [True, True, False, False]
    assert [block.position for block in (silent, poisoned, healed, poisoned_again)] == [1, 2, 3, 4]
