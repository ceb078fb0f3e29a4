"""Builders of alerts and chains, for tests of the audit."""

from stream.core.chain import Head, link
from stream.wire.codec import encode
from stream.wire.events import Alert, DetectorRef, Entity, SourceRef

AT = 1_735_689_600_000


def an_alert(number: int, *, config: str = "settings1") -> bytes:
    """One alert as it stands on its topic."""
    return encode(
        Alert(
            id=f"a{number}",
            kind="fraud",
            severity="high",
            at=AT,
            detected_at=AT,
            emitted_at=AT,
            produced_at=AT,
            entity=Entity(kind="customer", id="customer-1"),
            score=2.5,
            threshold=1.25,
            reasons=(),
            sentence="So.",
            detector=DetectorRef(name="robust", version="abc"),
            config=config,
            source=SourceRef(topic="transactions", partition=0, offset=number),
        )
    )


def a_chain(count: int, *, partition: int = 0, gap: int = 3) -> tuple[list[SourceRef], list[bytes], list[bytes]]:
    """Sources, alerts and links of a chain; offsets have gaps, as markers of Kafka's leave."""
    head, sources, alerts, links = Head(), [], [], []
    for number in range(count):
        sources.append(SourceRef(topic="alerts", partition=partition, offset=gap * number))
        alerts.append(an_alert(number))
        value, head = link(head, sources[-1], alerts[-1])
        links.append(value)
    return sources, alerts, links
