"""The half of the API that changes something: acknowledge, judge, snooze. The same code as ``weir triage``, audited."""

import time
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter, QueryParameter

from stream.console.access import needs, token_of
from stream.console.acts import last_acts
from stream.console.book import Book
from stream.console.described import strictly
from stream.console.explaining import alert_named
from stream.console.problems import PROBLEMS, RefusedError
from stream.console.reading import AlertId
from stream.console.shown import Snoozes, Standing
from stream.settings import Settings
from stream.triage.desk import Desk
from stream.wire.audit import Act
from stream.wire.cards import cards_in, plain
from stream.wire.triage import Acknowledgement, Snooze, Verdict

Asked = Request[Any, Any, Any]
_ANALYST = [needs("analyst")]
Text = Annotated[str, msgspec.Meta(max_length=500, description="For those who read it later; no card number")]
Condition = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes with an acknowledgement."""

    note: Text = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an alert turned out to be. ``right``: of a payment, it was fraud."""

    right: bool
    note: Text = ""


class Quiet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts are to be held, and for how long; at least one condition is given, and all must hold.

    entity  a pattern, as in a shell
    """

    seconds: Annotated[float, msgspec.Meta(ge=1.0, le=30 * 86_400.0)]
    kind: Condition = ""
    entity_kind: Condition = ""
    entity: Condition = ""
    detector: Condition = ""
    why: Text = ""


def _example(value: dict[str, Any]) -> list[Example]:
    return [Example(value=value)]


class Acting(Controller):
    """An analyst may ask for these; who it was is the name of the token."""

    path = "/v1"
    security = [{"token": []}]  # noqa: RUF012  # Litestar's way

    @post(
        "/alerts/{alert_id:str}/acknowledgement",
        tags=["act"],
        summary="Take an alert in hand",
        responses=PROBLEMS,
        guards=_ANALYST,
        before_request=strictly(Note),
        sync_to_thread=True,
    )
    def acknowledge(
        self,
        request: Asked,
        book: NamedDependency[Book],
        settings: NamedDependency[Settings],
        alert_id: AlertId,
        data: Annotated[Note, Body(examples=_example({"note": "called the shop"}))],
    ) -> Acknowledgement:
        """Others see who looks into it; where it still waits for a sink it is told no more."""
        _refuse_card_numbers(note=data.note)
        alert = alert_named(book, settings, alert_id)
        with _desk(request, settings) as desk:
            return desk.acknowledge(alert, token_of(request).name, note=data.note)

    @post(
        "/alerts/{alert_id:str}/verdict",
        tags=["act"],
        summary="Say what an alert was",
        responses=PROBLEMS,
        guards=_ANALYST,
        before_request=strictly(Judged),
        sync_to_thread=True,
    )
    def judge(
        self,
        request: Asked,
        book: NamedDependency[Book],
        settings: NamedDependency[Settings],
        alert_id: AlertId,
        data: Annotated[Judged, Body(examples=_example({"right": False, "note": "the customer bought a boat"}))],
    ) -> Verdict:
        """A payment's verdict goes to `labels` too: terminals' figures change at once, models at the next training."""
        _refuse_card_numbers(note=data.note)
        alert = alert_named(book, settings, alert_id)
        with _desk(request, settings) as desk:
            return desk.verdict(alert, token_of(request).name, right=data.right, note=data.note)[0]

    @get("/snoozes", tags=["act"], summary="Snoozes in force", responses=PROBLEMS, guards=[needs("viewer")])
    async def snoozes(self, book: NamedDependency[Book]) -> Snoozes:
        """The next to end first; a viewer may ask."""
        return Snoozes(snoozes=book.triage.in_force(round(1000 * time.time())))

    @post(
        "/snoozes",
        tags=["act"],
        summary="Have alerts held for some time",
        responses=PROBLEMS,
        guards=_ANALYST,
        before_request=strictly(Quiet),
        sync_to_thread=True,
    )
    def snooze(
        self,
        request: Asked,
        settings: NamedDependency[Settings],
        data: Annotated[Quiet, Body(examples=_example({"seconds": 3600, "kind": "market", "why": "auction"}))],
    ) -> Snooze:
        """They are still scored, kept and shown; sinks are not told."""
        _refuse_card_numbers(
            why=data.why, entity=data.entity, kind=data.kind, entity_kind=data.entity_kind, detector=data.detector
        )
        with _desk(request, settings) as desk:
            return desk.snooze(
                token_of(request).name,
                data.seconds,
                kind=data.kind,
                entity_kind=data.entity_kind,
                entity=data.entity,
                detector=data.detector,
                why=data.why,
            )

    @delete(
        "/snoozes/{snooze_id:str}",
        tags=["act"],
        summary="End a snooze",
        responses=PROBLEMS,
        guards=_ANALYST,
        status_code=200,
        sync_to_thread=True,
    )
    def wake(
        self,
        request: Asked,
        book: NamedDependency[Book],
        settings: NamedDependency[Settings],
        snooze_id: Annotated[
            str,
            PathParameter(
                min_length=1, max_length=64, description="As the list has it", examples=[Example(value="5f1c09ab")]
            ),
        ],
    ) -> Standing:
        """One's own; an admin may end anybody's. What it held stays untold."""
        token = token_of(request)
        found = next((one for one in book.triage.in_force(round(1000 * time.time())) if one.id == snooze_id), None)
        if found is None:
            raise RefusedError(404, "No such snooze is in force", field="snooze_id", fix="See /v1/snoozes")
        if found.owner != token.name and token.role != "admin":
            raise RefusedError(403, "It is another's", field="snooze_id", fix="Ask its owner, or an admin")
        with _desk(request, settings) as desk:
            desk.wake(found, token.name)
        return Standing(state="open")


class Overseeing(Controller):
    """An admin may ask for these."""

    path = "/v1"
    guards = [needs("admin")]  # noqa: RUF012  # as above
    security = [{"token": []}]  # noqa: RUF012  # likewise

    @get("/acts", tags=["act"], summary="Who said what", responses=PROBLEMS, sync_to_thread=True)
    def acts(
        self,
        settings: NamedDependency[Settings],
        limit: Annotated[int, QueryParameter(ge=1, le=500, description="At most so many")] = 100,
    ) -> list[Act]:
        """The last acts of all, by command line and console, newest first; the audit's chains vouch for them."""
        return last_acts(settings, limit)


def _desk(request: Asked, settings: Settings) -> Desk:
    return Desk(settings, via=f"console {token_of(request).role}")


def _refuse_card_numbers(**texts: str) -> None:
    for field, text in texts.items():
        if cards_in(plain(text)):
            raise RefusedError(
                422, "expected no card number", field=field, fix="Name the customer by its token; a card never"
            )
