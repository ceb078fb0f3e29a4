"""Reading chains from a broker or a file, and the records that they vouch for."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from stream.consume import consumer_of, read_places_to_end
from stream.core.chain import Verifier
from stream.errors import SettingsError
from stream.settings import Settings
from stream.wire.events import SourceRef
from stream.wire.topics import ACTS, ALERTS, AUDIT, AUDIT_ACTS, AUDIT_CHANGES, CHANGES

CHAINS = {  # source topic → topic of its chains
    ALERTS.name: AUDIT.name,
    CHANGES.name: AUDIT_CHANGES.name,
    ACTS.name: AUDIT_ACTS.name,
}
_PATIENCE_MS = 500


def last_value(consumer: KafkaConsumer, place: TopicPartition) -> bytes | None:
    """The last value that stands in a partition among those assigned; None for none."""
    first, end = consumer.beginning_offsets([place])[place], consumer.end_offsets([place])[place]
    others = [other for other in consumer.assignment() if other != place]
    consumer.pause(*others)
    found: bytes | None = None
    back = 1
    while found is None and end > first:  # the last offsets may be a transaction's markers, which hold nothing
        start = max(first, end - back)
        consumer.seek(place, start)
        while consumer.position(place) < end:
            for record in consumer.poll(timeout_ms=_PATIENCE_MS).get(place, []):
                found = record.value if record.value is not None and record.offset < end else found
        if start == first:
            break
        back *= 4
    consumer.resume(*others)
    return found


def links(settings: Settings) -> Iterator[tuple[str, str, bytes]]:
    """Every link on the broker: where it stands, the chain that belongs there, its bytes."""
    sources = {chain: source for source, chain in CHAINS.items()}
    with closing(consumer_of(settings, list(sources), from_beginning=True)) as consumer:
        for place, offset, value in read_places_to_end(consumer):
            topic = place.topic.removeprefix(settings.kafka.prefix)
            yield f"{topic}/{place.partition} offset {offset}", f"{sources[topic]}/{place.partition}", value


def links_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every link of an exported file: its line, its bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError("--from", f"a file of `weir audit export` ({error.strerror})", str(path)) from None
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for number, line in enumerate(lines, 1):
        yield f"{path.name} line {number}", line


def verify_broker(settings: Settings) -> tuple[Verifier, int]:
    """Read all chains, then the records that still stand on their topics; also returns how many wait for a link."""
    verifier = Verifier()
    for where, chain, value in links(settings):
        verifier.take(value, where, chain=chain)
    waiting = 0
    with closing(consumer_of(settings, list(CHAINS), from_beginning=True, with_erased=True)) as consumer:
        for place, offset, value in read_places_to_end(consumer):
            topic = place.topic.removeprefix(settings.kafka.prefix)
            source = SourceRef(topic=topic, partition=place.partition, offset=offset)
            waiting += not verifier.compare(source, value)
    return verifier, waiting
