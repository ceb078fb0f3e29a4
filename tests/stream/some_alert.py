"""An alert as the worker tells it, for tests of what becomes of alerts."""

import msgspec

from stream.wire.events import Alert, DetectorRef, Entity, Reason, SourceRef

NOON = 1_760_011_200_000  # 2025-10-09 12:00:00 UTC


def an_alert(name: str = "a1", *, entity: str = "customer:c42", emitted_at: int = NOON, **changes: object) -> Alert:
    """Make a fraud alert, of high severity, about customer c42 at noon, or with what is changed.

    entity  KIND:ID
    """
    kind, _, whose = entity.partition(":")
    alert = Alert(
        id=name,
        kind="fraud",
        severity="high",
        at=NOON - 1_000,
        detected_at=emitted_at,
        emitted_at=emitted_at,
        produced_at=emitted_at - 20,
        entity=Entity(kind=kind, id=whose),
        score=8.0,
        threshold=3.0,
        probability=0.61,
        reasons=(Reason(feature="amount_ratio", value=5.4, usual=1.0, contribution=6.0),),
        sentence="644.28 EUR by customer c42 at terminal m7: the amount is 5.4 times the customer's own mean.",
        detector=DetectorRef(name="robust", version="1"),
        config="0123456789ab",
        source=SourceRef(topic="transactions", partition=0, offset=7),
        evidence={"transaction": f"t-{name}", "customer": "c42", "terminal": "m7", "amount": 64428, "currency": "EUR"},
        action="Call the customer; consider blocking the card.",
    )
    return msgspec.structs.replace(alert, **changes)
