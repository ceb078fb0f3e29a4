"""The half of the API that only reads: alerts, histories, figures, models, health, and what was held back."""

import time
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from stream.console.access import needs, token_of
from stream.console.book import Book
from stream.console.explaining import ExplanationShown, Judge, alert_named
from stream.console.health import Doctor, Health
from stream.console.models import Models, models
from stream.console.payments import History, Whose, history
from stream.console.problems import PROBLEMS, RefusedError
from stream.console.shown import Alerts, AlertShown, SymbolShown, shown
from stream.console.symbols import Symbols
from stream.console.tokens import Role
from stream.core.wanted import Wanted
from stream.settings import Settings, Severity
from stream.triage.held import HeldPayment, held_alerts, held_payments
from stream.wire.events import RiskSnapshot
from stream.wire.triage import Delivery

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
Asked = Request[Any, Any, Any]
Name = Annotated[
    str,
    PathParameter(
        description="1 to 64 printable characters", min_length=1, max_length=64, examples=[Example(value="c03648")]
    ),
]
AlertId = Annotated[
    str,
    PathParameter(
        description="The id of an alert, whole",
        min_length=1,
        max_length=64,
        examples=[Example(value="69544ae691011b1730006088")],
    ),
]
Names = Annotated[
    list[str] | None,
    QueryParameter(
        description="Only these; may be repeated. Patterns as in a shell where entities are meant", max_items=20
    ),
]
Moment = Annotated[
    int | None,
    QueryParameter(
        description="Epoch milliseconds", ge=1, lt=4_102_444_800_000, examples=[Example(value=1_767_225_600_000)]
    ),
]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token this is."""

    name: str
    role: Role
    until: int | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What was not told: alerts at sinks, payments whose alert a cooldown held."""

    alerts: list[Delivery]
    payments: list[HeldPayment]


class Reading(Controller):
    """Every one of these may be asked by a viewer."""

    path = "/v1"
    guards = [needs("viewer")]  # noqa: RUF012  # Litestar's way
    security = [{"token": []}]  # noqa: RUF012  # likewise

    @get("/me", tags=["access"], summary="Whose token this is", responses=PROBLEMS)
    async def me(self, request: Asked) -> Me:
        """Name and role of the token that was sent."""
        token = token_of(request)
        return Me(name=token.name, role=token.role, until=token.until)

    @get("/alerts", tags=["alerts"], summary="Alerts, newest first", responses=PROBLEMS, sync_to_thread=True)
    def alerts(
        self,
        book: NamedDependency[Book],
        kind: Names = None,
        severity: Annotated[Severity, QueryParameter(description="This severity and above")] = "low",
        entity: Names = None,
        detector: Names = None,
        score: Annotated[float | None, QueryParameter(description="At least this score")] = None,
        text: Annotated[str, QueryParameter(description="Words of the sentence, whichever case", max_length=100)] = "",
        since: Moment = None,
        until: Moment = None,
        is_open: Annotated[
            bool, QueryParameter(name="open", description="Only those nobody has acknowledged, judged or snoozed")
        ] = False,
        limit: Annotated[int, QueryParameter(description="At most so many", ge=1, le=500)] = 50,
        cursor: Annotated[str, QueryParameter(description="`more` of the answer before", max_length=100)] = "",
    ) -> Alerts:
        """The filters of `weir alerts`, all of which must hold; `since` and `until` are when it was emitted."""
        wanted = Wanted(
            kinds=tuple(kind or ()),
            severity=severity,
            entities=tuple(entity or ()),
            detectors=tuple(detector or ()),
            least_score=score,
            text=text,
            since=since,
            until=until,
        )
        try:
            page = book.newest(wanted, is_open=is_open, limit=limit, cursor=cursor)
        except ValueError:
            raise RefusedError(404, "There is no such cursor", field="cursor", fix="Begin without one") from None
        return Alerts(alerts=[shown(alert, book.triage) for alert in page.alerts], more=page.more)

    @get("/alerts/{alert_id:str}", tags=["alerts"], summary="One alert", responses=PROBLEMS, sync_to_thread=True)
    def alert(self, book: NamedDependency[Book], settings: NamedDependency[Settings], alert_id: AlertId) -> AlertShown:
        """The alert as it stands on its topic, its reasons in words, and what people have said of it."""
        return shown(alert_named(book, settings, alert_id), book.triage)

    @get(
        "/alerts/{alert_id:str}/explanation",
        tags=["alerts"],
        summary="Why, in full",
        responses=PROBLEMS,
        sync_to_thread=True,
    )
    def explanation(
        self,
        book: NamedDependency[Book],
        settings: NamedDependency[Settings],
        judge: NamedDependency[Judge],
        alert_id: AlertId,
    ) -> ExplanationShown:
        """A payment's alert judged again from the topics: every feature, and the history that decided.

        What `weir explain` shows. One at a time; 503 while another is under way, or where the topics are too long.
        """
        return judge.explain(alert_named(book, settings, alert_id))

    @get("/held", tags=["alerts"], summary="What was not told, and why", responses=PROBLEMS, sync_to_thread=True)
    def held(self, settings: NamedDependency[Settings], since: Moment = None) -> Held:
        """Alerts a sink was not told of, and payments whose alert a cooldown held; of the last hour, a day at most."""
        now = round(1000 * time.time())
        begin = max(now - _HOUR_MS if since is None else since, now - _DAY_MS)
        return Held(
            alerts=[one.delivery for one in held_alerts(settings, begin)], payments=list(held_payments(settings, begin))
        )

    @get(
        "/customers/{name:str}",
        tags=["entities"],
        summary="A customer's payments",
        responses=PROBLEMS,
        sync_to_thread=True,
    )
    def customer(self, book: NamedDependency[Book], settings: NamedDependency[Settings], name: Name) -> History:
        """Newest first, the unusual marked: those alerted on, and amounts far above the customer's own median."""
        return _history(book, settings, "customer", name)

    @get(
        "/terminals/{name:str}",
        tags=["entities"],
        summary="A terminal's payments",
        responses=PROBLEMS,
        sync_to_thread=True,
    )
    def terminal(self, book: NamedDependency[Book], settings: NamedDependency[Settings], name: Name) -> History:
        """Newest first, those alerted on marked."""
        return _history(book, settings, "terminal", name)

    @get("/symbols", tags=["risk"], summary="The newest figures of every symbol", responses=PROBLEMS)
    async def symbols(self, symbols: NamedDependency[Symbols]) -> list[RiskSnapshot]:
        """By name; figures that need more history are null."""
        return symbols.latest()

    @get("/symbols/{name:str}", tags=["risk"], summary="One symbol over time", responses=PROBLEMS)
    async def symbol(self, book: NamedDependency[Book], symbols: NamedDependency[Symbols], name: Name) -> SymbolShown:
        """Its snapshots, oldest first, among them breaches (`cause`), and the alerts about it."""
        snapshots = symbols.of(name)
        if not snapshots:
            raise RefusedError(404, "No figures of this symbol are kept", field="name", fix="See /v1/symbols")
        alerts = [shown(alert, book.triage) for alert in book.about("symbol", name)]
        return SymbolShown(symbol=name, snapshots=snapshots, alerts=alerts)

    @get("/models", tags=["health"], summary="Which models judge", responses=PROBLEMS, sync_to_thread=True)
    def models(self, settings: NamedDependency[Settings]) -> Models:
        """What the workers told before they judged anything, and the figures of the artefact where it lies here."""
        return models(settings)

    @get("/health", tags=["health"], summary="Feeds and workers", responses=PROBLEMS, sync_to_thread=True)
    def health(self, doctor: NamedDependency[Doctor]) -> Health:
        """How far behind the workers are, how long each topic is silent, and one sentence on the whole."""
        return doctor.health()


def _history(book: Book, settings: Settings, kind: Whose, name: str) -> History:
    if not name.isprintable():
        raise RefusedError(400, "expected printable characters", field="name")
    return history(settings, kind, name, book.about(kind, name))
