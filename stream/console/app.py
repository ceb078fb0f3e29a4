"""The app: the API, the page, and what is known, put together for one process."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import NamedDependency, Provide
from litestar.enums import HttpMethod, ScopeType
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.response import ServerSentEvent
from litestar.routes import HTTPRoute
from litestar.static_files import create_static_files_router
from litestar.types import Message, Scope
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from stream.console.access import HEADERS, MAX_BODY, needs
from stream.console.acting import Acting, Overseeing
from stream.console.book import Book
from stream.console.described import described
from stream.console.explaining import Judge
from stream.console.health import Doctor
from stream.console.limit import limited
from stream.console.live import Live
from stream.console.problems import HANDLERS, PROBLEMS, RefusedError
from stream.console.reading import Reading
from stream.console.symbols import Symbols
from stream.console.tokens import Keyring
from stream.settings import Settings

PAGE = Path(__file__).parent / "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the handlers are given: all of it kept up to date by somebody else."""

    settings: Settings
    keyring: Keyring
    book: Book
    symbols: Symbols
    live: Live
    doctor: Doctor
    registry: CollectorRegistry
    is_following: Callable[[], bool]


@get(
    "/v1/alerts/live",
    tags=["alerts"],
    summary="Alerts as they come",
    responses=PROBLEMS,
    guards=[needs("viewer")],
    media_type="text/event-stream",
    security=[{"token": []}],
)
async def alerts_live(live: NamedDependency[Live]) -> ServerSentEvent:
    """Server-sent events: `alerts` (the newest, and how many came), `triage` (somebody said something), `beat`."""
    if live.is_full:
        raise RefusedError(503, "As many pages look as may")
    return ServerSentEvent(live.stream(lambda _: True))


def build(known: Known) -> Litestar:
    """Make the app; it serves until its process ends."""

    @get("/", include_in_schema=False)
    async def page() -> Response[bytes]:
        return Response((PAGE / "index.html").read_bytes(), media_type="text/html; charset=utf-8")

    return assemble(
        [Reading, Acting, Overseeing, alerts_live, page, static()],
        known.keyring,
        known.registry,
        dependencies={
            "settings": known.settings,
            "book": known.book,
            "symbols": known.symbols,
            "live": known.live,
            "doctor": known.doctor,
            "judge": Judge(known.settings),
        },
        unready=lambda: "" if known.is_following() else "Kafka is not heard",
        limit=limited(60, known.settings.console.requests_a_minute),
        lifespan=[_attached(known.live)],
    )


def static() -> Any:
    """The page's own files."""
    return create_static_files_router(path="/static", directories=[PAGE / "static"], include_in_schema=False)


def assemble(
    handlers: Sequence[Any],
    keyring: Keyring,
    registry: CollectorRegistry,
    *,
    dependencies: dict[str, object],
    unready: Callable[[], str],
    limit: Callable[..., Any],
    lifespan: Sequence[Any] = (),
) -> Litestar:
    """Put handlers behind what every process of ours has: errors, headers, limits, health, metrics, OpenAPI.

    unready  why no request can be answered now; "" where all can
    """
    return Litestar(
        route_handlers=[*handlers, *_watched(registry, unready)],
        dependencies={name: Provide(_giver(value), sync_to_thread=False) for name, value in dependencies.items()},
        signature_types=[type(value) for value in dependencies.values()],
        exception_handlers=HANDLERS,
        before_send=[_with_headers],
        middleware=[limit],
        request_max_body_size=MAX_BODY,
        state=State({"keyring": keyring}),
        lifespan=list(lifespan),
        openapi_config=_openapi(),
        logging_config=None,
        debug=False,
    )


def _watched(registry: CollectorRegistry, unready: Callable[[], str]) -> list[Any]:
    @get("/healthz", include_in_schema=False)
    async def healthz() -> str:
        return "ok\n"

    @get("/readyz", include_in_schema=False)
    async def readyz() -> Response[str]:
        reason = unready()
        return Response(f"{reason or 'ok'}\n", status_code=503 if reason else 200, media_type="text/plain")

    @get("/metrics", include_in_schema=False, sync_to_thread=True)
    def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), media_type=content_type)

    @get("/v1/openapi.json", include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
        return described(request.app)

    return [healthz, readyz, metrics, openapi]


async def _with_headers(message: Message, scope: Scope) -> None:
    """Give every answer its headers, errors and files among them, unless it has others."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        if scope["type"] == ScopeType.HTTP and scope["method"] == HttpMethod.OPTIONS and "allow" in headers:
            headers["allow"] = _allowed(scope)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)


def _allowed(scope: Scope) -> str:
    """All methods of a path: where several handlers share it, Litestar's own answer forgets some."""
    routes = (route for route in scope["litestar_app"].routes if isinstance(route, HTTPRoute))
    found = (route.methods for route in routes if route.path_format == scope["path_template"])
    return ", ".join(sorted(next(found, [])))


def _giver(value: object) -> Callable[[], Any]:
    return lambda: value


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Weir",
        version="1",
        description=(
            "Alerts with their reasons, histories, risk figures, models and health, and what analysts do with alerts. "
            "Times are epoch milliseconds, money is minor units. Errors are problems (RFC 9457)."
        ),
        path="/v1/openapi",  # a path below which Litestar answers whatever is not found there by a page
        render_plugins=[JsonRenderPlugin()],
        components=Components(
            security_schemes={
                "token": SecurityScheme(
                    type="http", scheme="bearer", description="A token of `weir console token add`; roles by path"
                )
            }
        ),
        use_handler_docstrings=True,
    )


def _attached(live: Live) -> Callable[[Litestar], Any]:
    @asynccontextmanager
    async def attached(_: Litestar) -> AsyncIterator[None]:
        live.attach()
        yield
        live.close()

    return attached
