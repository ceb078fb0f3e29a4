"""The last things that people did, as they stand on the topic ``acts``."""

from contextlib import closing

import msgspec

from stream.consume import consumer_of, read_to_end
from stream.settings import Settings
from stream.wire.audit import Act
from stream.wire.topics import ACTS

_decode = msgspec.json.Decoder(Act).decode


def last_acts(settings: Settings, limit: int) -> list[Act]:
    """The newest ``limit`` acts, newest first. Raises MachineError where no Kafka answers."""
    with closing(consumer_of(settings, [ACTS.name], from_beginning=True)) as consumer:
        places = consumer.assignment()
        first = consumer.beginning_offsets(places)
        for place, end in consumer.end_offsets(places).items():
            consumer.seek(place, max(first[place], end - limit))
        acts = [_decode(value) for _, value in read_to_end(consumer)]
    return sorted(acts, key=lambda act: (act.at, act.id), reverse=True)[:limit]
