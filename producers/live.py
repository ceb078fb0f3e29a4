"""The contract of a live source: events from outside as they come, each in Kafka once, whatever is killed when.

A plug-in is a class under the entry point group ``weir.producers`` with a method ``batches`` instead of ``records``;
``producers.live_contract.check_live`` is the test that any of them can run. `weir produce NAME` drives it: see
``producers.live_flow``.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from producers.ledger import Ledger
from producers.source import Record
from stream.wire.events import Event, Label, Quote, Trade, Transaction
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS

PUBLIC = (Transaction, Label, Trade, Quote)
"""What may come from outside."""
_TOPICS = {Transaction: TRANSACTIONS.name, Label: LABELS.name, Trade: TICKS.name, Quote: TICKS.name}


class Arrival(NamedTuple):
    """One event that has come.

    origin  where from, one of its kind within the source ("sales.csv#17"): by it a source that was killed knows again
            what stands in Kafka already. "": the source keeps no ledger
    """

    record: Record
    origin: str = ""


class Batch(NamedTuple):
    """What has come since the last one, perhaps nothing.

    positions  noted in the ledger once all arrivals stand in Kafka, in one step: name → where to go on, or ""
    """

    arrivals: Sequence[Arrival] = ()
    positions: Mapping[str, str] = {}


class Live(Protocol):
    """Built as ``Class(seed=…, config=…)`` like a ``Source``; chance, where there is any, is of the seed."""

    def __init__(self, *, seed: int, config: Mapping[str, object]) -> None: ...

    @property
    def refused(self) -> Counter[str]:
        """What became no event, by reason: field and expectation, never a value, for it may be card data."""
        ...

    @property
    def ledger(self) -> Ledger | None:
        """None where the outside can't be asked again, so that there is nothing to note."""
        ...

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Yield what comes, an empty batch at least every half second, until ``stop`` is set; then close and return.

        It is asked for the next batch once the last one stands in Kafka for good and its positions in the ledger:
        that is the moment to say so to the outside. Where Kafka fails it is closed instead.
        """
        ...


def record_of(event: Event) -> Record:
    """Put an event on its way: its topic by its kind, its key the customer or symbol."""
    key: str = event.symbol if isinstance(event, Trade | Quote) else event.customer  # type: ignore[attr-defined]
    return Record(_TOPICS[type(event)], key, event)
