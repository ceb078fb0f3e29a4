"""Why an alert was told, in full: its payment judged again from the topics, one at a time, while somebody waits."""

import threading
import time

import msgspec

from stream.console.book import Book
from stream.console.problems import RefusedError
from stream.errors import MachineError, WeirError
from stream.explanation import Explanation, explain, find_alert
from stream.settings import Settings
from stream.wire.events import Alert, Label, Transaction

_SECONDS = 20.0


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One feature as it was when the payment was judged; None: no history."""

    name: str
    value: float | None
    usual: float | None
    contribution: float


class ExplanationShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment's alert, judged again from the topics.

    is_same  the score is the one that was told; else history has expired since, or came late
    """

    alert: str
    score: float
    is_same: bool
    features: list[Feature]
    customer: list[Transaction]
    terminal: list[Transaction]
    verdicts: list[Label]


class Judge:
    """Explains one alert at a time, within a time.

    settings  name the detectors, which are loaded when first needed
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()

    def explain(self, alert: Alert) -> ExplanationShown:
        """Judge the payment again. Raises RefusedError where it is no payment's, or can't be done now."""
        if alert.kind != "fraud":
            raise RefusedError(
                422, "Only a payment's alert can be judged again", field="alert_id", fix="See its reasons"
            )
        if not self._lock.acquire(blocking=False):
            raise RefusedError(503, "Another explanation is under way")
        try:
            from stream.walk import detectors_of  # noqa: PLC0415  # numba kernels only when they are needed

            deadline = time.monotonic() + _SECONDS
            return _explained(explain(self._settings, alert, detectors_of(self._settings), lambda _: _within(deadline)))
        except MachineError:
            raise
        except WeirError as error:  # gone from its topic, or told by another model
            raise RefusedError(409, str(error), field="alert_id", fix="Its reasons stand in the alert itself") from None
        finally:
            self._lock.release()


def alert_named(book: Book, settings: Settings, name: str) -> Alert:
    """Find an alert in memory, else on its topic; 404 where it is on neither."""
    found = book.get(name)
    if found is not None:
        return found
    try:
        alert = find_alert(settings, name)
    except MachineError:
        raise
    except WeirError:
        alert = None
    if alert is None or alert.id != name:
        raise RefusedError(404, "There is no such alert", field="alert_id", fix="See /v1/alerts") from None
    return alert


def _within(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise RefusedError(503, "The topics are too long to be read while you wait", fix="Use `weir explain ALERT_ID`")


def _explained(found: Explanation) -> ExplanationShown:
    return ExplanationShown(
        alert=found.alert.id,
        score=found.score,
        is_same=abs(found.score - found.alert.score) <= 1e-9 * abs(found.alert.score),
        features=[
            Feature(name=name, value=_known(value), usual=_known(usual), contribution=share)
            for name, (value, usual, share) in found.features.items()
        ],
        customer=found.customer,
        terminal=found.terminal,
        verdicts=found.verdicts,
    )


def _known(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124  # nan
