"""Whether a replay told the same alert: field by field, every bit of what was decided."""

import msgspec

from stream.core.alerting import alert_id
from stream.explanation import Explanation
from stream.wire.events import Alert

_OF_THE_RUN = ("id", "detected_at", "emitted_at", "produced_at", "source")  # when and where, not what


def differences(explained: Explanation) -> list[str]:
    """Name what is not the same as told, each as "field: told …, now …"; empty: every bit is.

    The id is held to the record that the alert names, as a replay counts its records anew.
    """
    alert, again = explained.alert, explained.again
    if again is None:
        return ["the replay told no alert on this payment"]
    told, now = _fields(alert), _fields(again)
    found = [f"{name}: told {told[name]}, now {now[name]}" for name in told if told[name] != now[name]]
    source = alert.source
    name = alert_id(source.topic, source.partition, source.offset, alert.detector.name)
    return found + ([f"id: told {alert.id}, its source says {name}"] if name != alert.id else [])


def _fields(alert: Alert) -> dict[str, str]:
    """Every deciding field as JSON, which writes a float so that it reads back to the same bits."""
    return {
        name: msgspec.json.encode(getattr(alert, name)).decode()
        for name in alert.__struct_fields__
        if name not in _OF_THE_RUN
    }
