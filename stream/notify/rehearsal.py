"""A made-up alert for one sink, so that who sets it up sees it arrive."""

from importlib.metadata import version

from stream.errors import WeirError
from stream.notify.sink import NotTakenError, Sink
from stream.wire.events import Alert, DetectorRef, Entity, Reason, SourceRef
from stream.wire.triage import Notice


def rehearse(name: str, sink: Sink, *, now: int) -> None:
    """Hand ``sink`` a notice whose words say that it is none.

    now  epoch ms
    Raises WeirError with what it answered, if it does not take it.
    """
    alert = made_up(name, now=now)
    try:
        sink.deliver(Notice(id=alert.id, sink=name, route="rehearsal", group=f"sink:{name}", alerts=(alert,)))
    except NotTakenError as error:
        raise WeirError(f"{name} did not take it: {error.why}") from None
    finally:
        sink.close()


def made_up(name: str, *, now: int) -> Alert:
    """Make an alert for the sink ``name`` that says it is none; ``now``, epoch ms, is in its id."""
    return Alert(
        id=f"rehearsal-{now}",
        kind="rehearsal",
        severity="low",
        at=now,
        detected_at=now,
        emitted_at=now,
        produced_at=now,
        entity=Entity(kind="sink", id=name),
        score=1.0,
        threshold=1.0,
        reasons=(Reason(feature="rehearsal", value=1.0, usual=0.0, contribution=1.0),),
        sentence=f"This is no alert: `weir notify --try {name}` asked whether one would arrive.",
        detector=DetectorRef(name="rehearsal", version=version("weir")),
        config="",
        source=SourceRef(topic="", partition=-1, offset=-1),
        action="Do nothing.",
    )
