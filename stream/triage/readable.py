"""Alerts as they stand on their topic; what is no alert of a version we know is passed over."""

from collections.abc import Iterable, Iterator

import msgspec

from stream.wire.events import Alert

_decode = msgspec.json.Decoder(Alert).decode


def readable(records: Iterable[tuple[object, bytes]]) -> Iterator[tuple[Alert, bytes]]:
    """Yield each alert with its bytes.

    records  place, value
    """
    for _, value in records:
        try:
            alert = _decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue  # whatever a stranger wrote there
        yield alert, value
