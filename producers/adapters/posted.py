"""An event that somebody else wrote as JSON, read strictly; what is wrong with it is said so that they can mend it."""

from typing import TypeAlias

import msgspec

from producers.configuration import explain
from producers.live import PUBLIC
from stream.wire.cards import cards_in, plain
from stream.wire.events import Label, Quote, Trade, Transaction

_decode = msgspec.json.Decoder(Transaction | Label | Trade | Quote).decode
_TAGS = ", ".join(str(event.__struct_config__.tag) for event in PUBLIC)
Posted: TypeAlias = Transaction | Label | Trade | Quote


class UnfitError(ValueError):
    """An event that can't be taken: field, what was expected there, and what to do. It shows no value."""

    def __init__(self, field: str, expected: str, fix: str = "") -> None:
        super().__init__(field, expected, fix)
        self.field, self.expected = field, expected
        self.fix = fix or f"send {field} as {expected}; docs/topics.md shows every event"

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}"


def read_event(body: bytes) -> Posted:
    """Read one event in the form that it has on its topic.

    Raises UnfitError.
    """
    try:
        event = _decode(body)
    except msgspec.ValidationError as error:
        raise _unfit(str(error)) from None
    except msgspec.DecodeError:
        raise UnfitError("body", "one JSON object, in UTF-8", "send one event a request, as JSON") from None
    if isinstance(event, Quote) and not event.bid and not event.ask:
        raise UnfitError("bid and ask", "a price on one side at least")
    for field in event.__struct_fields__:
        value = getattr(event, field)
        if isinstance(value, str) and not value.isprintable():
            raise UnfitError(field, "printable characters")
        if isinstance(value, str) and cards_in(plain(value)):
            raise UnfitError(field, "no card number", f"send a token in {field}, the same one for the same card")
    return event


def name_of(event: Posted) -> str:
    """The name by which a second delivery of an event is known; "" where it bears none."""
    if isinstance(event, Label):
        return f"{event.transaction} {event.at}"
    return event.id


def _unfit(message: str) -> UnfitError:
    field, expected = explain(message)
    if field in {"config", "type"} or message.startswith("Invalid value"):
        return UnfitError("type", f"one of {_TAGS}")
    return UnfitError(field, expected.partition(", got")[0].replace("`", ""))
