"""Customers who are erased: the register of them on Kafka, and consumers that hand nothing of theirs out.

Kafka can't take single records out of a topic before its retention ends. Until then readers pass them over: all that
was written before the erasure and names the customer. What comes later is of a new customer who has the same name.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from stream.wire.topics import ERASURES


class Erasure(msgspec.Struct, frozen=True, kw_only=True, tag="erasure/1", tag_field="type"):
    """A customer who is to be forgotten. Topic ``erasures``, key ``customer``; it is kept as long as what it hides."""

    customer: str
    at: int  # epoch ms: records with this timestamp and older


_decode = msgspec.json.Decoder(Erasure).decode


class Forgetful(KafkaConsumer):
    """A consumer that passes over what names an erased customer, once it has read who they are."""

    _hidden: Sequence[tuple[bytes, int]] = ()

    def learn(self, prefix: str) -> None:
        """Read the register as it is now; there may be none, on a Kafka whose topics are of an older release."""
        topic = prefix + ERASURES.name
        places = [TopicPartition(topic, partition) for partition in sorted(self.partitions_for_topic(topic) or ())]
        ends = {place: end for place, end in self.end_offsets(places).items() if end}
        if not ends:
            return
        self.assign(list(ends))
        self.seek_to_beginning()
        found: list[Erasure] = []
        while any(self.position(place) < end for place, end in ends.items()):
            for records in super().poll(timeout_ms=200).values():
                found += [_decode(record.value) for record in records]
        self._hidden = [(msgspec.json.encode(one.customer), one.at) for one in found]

    def poll(self, *args: Any, **options: Any) -> dict[TopicPartition, list[Any]]:
        """As ever, without the records that are hidden."""
        found: dict[TopicPartition, list[Any]] = super().poll(*args, **options)
        if not self._hidden:
            return found
        shown = {place: [one for one in records if not self._is_hidden(one)] for place, records in found.items()}
        return {place: records for place, records in shown.items() if records}

    def _is_hidden(self, record: Any) -> bool:
        value = record.value or b""
        return any(record.timestamp <= at and name in value for name, at in self._hidden)
