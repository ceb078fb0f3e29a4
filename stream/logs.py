"""What a process writes to standard error: an event a line, as key=value or as JSON, and never a card number.

From producer to sink one id leads: ``trace``, the place of the record that caused it all ("transactions-2-18"). Kafka
tells it to the producer, every alert carries it as ``source``, and any process can work it out by itself, so that a
record needs no header and a replay has the same ids.
"""

import ast
import logging
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from stream.settings import Log
from stream.wire.cards import masked
from stream.wire.events import Alert, SourceRef
from stream.wire.records import Outgoing
from stream.wire.topics import ALERTS

_TEXT = "%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"
_LIBRARIES = ("faust", "mode", "aiokafka", "numba", "stream.agents")  # mode talks by our modules' names too
_NO_NEWS = ("mode.timers",)  # warns of every commit that takes its time
_PAIR = re.compile(r"""(\w+)=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;]+)""")
_MAY_HOLD_CARD = re.compile(r"\d(?:[ -]?\d){12}")


class _Told(msgspec.Struct, frozen=True):
    """What is logged of an alert."""

    id: str
    kind: str
    severity: str
    source: SourceRef


_decode = msgspec.json.Decoder(_Told).decode


def configure(log: Log) -> None:
    """Have this process log as ``[log]`` of the settings says; libraries talk from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log.format == "json" else TextLines(_TEXT))
    logging.basicConfig(level=log.level, handlers=[handler], force=True)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    for name in _NO_NEWS:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it can't mend is told by us, once


def trace_of(source: SourceRef) -> str:
    """Name the record that caused something, as all logs do."""
    return f"{source.topic}-{source.partition}-{source.offset}"


def tell_alerts(log: logging.Logger, records: Sequence[Outgoing]) -> None:
    """Log the alerts among what is published, at INFO; costs nothing where that is off."""
    if not log.isEnabledFor(logging.INFO):
        return
    for record in records:
        if record.topic == ALERTS.name:
            told = _decode(record.value)
            log.info(
                "event=alert_told trace=%s alert=%s kind=%s severity=%s",
                trace_of(told.source),
                told.id,
                told.kind,
                told.severity,
            )


def traces_of(alerts: Sequence[Alert]) -> str:
    """Name the causes of several alerts, apart by commas."""
    return ",".join(trace_of(alert.source) for alert in alerts)


class TextLines(logging.Formatter):
    """``time level=… logger=… key=value …``."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one."""
        return _without_cards(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, then what the message says as key=value.

    What else it says stands under ``message``, what follows its first line (a stack) under ``detail``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write one."""
        head, _, detail = record.getMessage().partition("\n")
        line: dict[str, Any] = {name: _value(said) for name, said in _PAIR.findall(head)}
        if message := _PAIR.sub("", head).strip(" ;"):
            line["message"] = message
        if record.exc_info:
            detail = "\n".join(filter(None, (detail, self.formatException(record.exc_info))))
        if detail:
            line["detail"] = detail
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        first = {"at": at, "level": record.levelname, "logger": record.name}
        return msgspec.json.encode({name: _clean(value) for name, value in (first | line | first).items()}).decode()


def _value(said: str) -> Any:
    """Read what stands behind an equals sign: a number, a quoted text, or else a word."""
    for read in (int, float):
        try:
            return read(said)
        except ValueError:
            continue
    try:
        return ast.literal_eval(said) if said[0] in "\"'" else said
    except (SyntaxError, ValueError):
        return said


def _clean(value: Any) -> Any:
    said = str(value)
    seen = _without_cards(said)
    return value if seen == said else seen


def _without_cards(text: str) -> str:
    """Mask card numbers: the last line of defence, as nothing that holds one should come here."""
    if _MAY_HOLD_CARD.search(text) is None:
        return text
    return masked(text.encode(errors="replace")).decode()
