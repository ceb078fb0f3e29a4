"""Every error of the API in one form (RFC 9457): what is wrong, in which field, and what to do. Never a value."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from kafka.errors import KafkaError
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from stream.errors import DeliveryError, MachineError, SettingsError, WeirError

_LOG = logging.getLogger("weir.console")
MEDIA_TYPE = "application/problem+json"
_AGAIN_SECONDS = "5"
_FIXES = {
    400: "See /v1/openapi.json for what this request may be",
    401: "Send the header `Authorization: Bearer TOKEN`; `weir console token add` makes one",
    403: "Ask for a token of a higher role",
    404: "Look the name up in the list it comes from",
    405: "Use a method that /v1/openapi.json names for this path",
    413: "Send less",
    429: "Wait as long as the header RateLimit-Reset or Retry-After says",
    503: "Try again in a few seconds",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong.

    title   of the kind of problem, the same each time
    detail  of this one
    field   of the request that is wrong, where it is one
    fix     what to do
    """

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    field: str = ""
    fix: str = ""


_SAID = {
    400: "Not of the documented form",
    401: "No token, or one that does not hold",
    403: "A token of another role",
    404: "There is none of this name",
    409: "At odds with what is there",
    413: "Too large",
    422: "Well-formed, and yet it can't be done",
    429: "Too many requests",
    500: "A fault of ours",
    503: "Kafka does not answer, or too many ask",
}
PROBLEMS = {status: ResponseSpec(Problem, description=said, media_type=MEDIA_TYPE) for status, said in _SAID.items()}


class RefusedError(Exception):
    """A request that is well-formed and yet can't be done; becomes a problem of this status."""

    def __init__(self, status: int, detail: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(status, detail, field, fix)
        self.status, self.detail, self.field, self.fix = status, detail, field, fix


Handled = Response[bytes]


def answer(
    status: int, detail: str, *, field: str = "", fix: str = "", headers: Mapping[str, str] | None = None
) -> Handled:
    """Write a problem."""
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, field=field, fix=fix or _FIXES.get(status, "")
    )
    return Response(
        msgspec.json.encode(problem), status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def _refused(_: Request[Any, Any, Any], error: RefusedError) -> Handled:
    headers = {"Retry-After": _AGAIN_SECONDS} if error.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return answer(error.status, error.detail, field=error.field, fix=error.fix, headers=headers)


def _http(_: Request[Any, Any, Any], error: HTTPException) -> Handled:
    if isinstance(error, ValidationException):
        return _invalid(error)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowedException):
        return answer(405, "This path does not know the method", headers=headers)
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return answer(error.status_code, "The request can't be answered", headers=headers)
    detail = HTTPStatus(error.status_code).phrase if error.status_code == HTTPStatus.NOT_FOUND else error.detail
    return answer(error.status_code, _without_values(detail), headers=headers)


def _invalid(error: ValidationException) -> Handled:
    """Name the first field that is wrong, and what it may be; what it was is not repeated."""
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    said = str(first.get("message", "")) if isinstance(first, dict) else ""
    field = str(first.get("key", "")) if isinstance(first, dict) else ""
    field = "" if field == "data" else field  # the body as a whole
    return answer(400, _without_values(said) or "The request is not of the documented form", field=field)


def _ours(_: Request[Any, Any, Any], error: WeirError) -> Handled:
    if isinstance(error, SettingsError):
        return answer(422, f"expected {error.expected}", field=error.field)
    if isinstance(error, MachineError | DeliveryError):
        return answer(503, "Kafka does not answer at present", headers={"Retry-After": _AGAIN_SECONDS})
    return answer(422, str(error))


def _fault(request: Request[Any, Any, Any], error: Exception) -> Handled:
    """Answer with nothing of a fault of ours, and log where it happened: its text may quote a record."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
    route = getattr(request.scope.get("route_handler"), "handler_name", "")
    _LOG.error("event=console_fault handler=%s error=%s at=%s", route, type(error).__name__, where)
    return answer(500, "A fault of ours; it is in the log of the process")


def _without_values(said: str) -> str:
    """Leave out what a message quotes of the request: it may be card data."""
    if said.startswith("Object contains unknown field"):  # its name is the sender's too
        return "expected no field that is not documented"
    if said.startswith("Invalid enum value"):
        return "expected one of the values that /v1/openapi.json lists"
    return re.sub(r"(,? (got|was|value) .*|['\"].*)$", "", said.partition(" - at `$")[0]).replace("`", "").strip()


def _kafka(request: Request[Any, Any, Any], error: KafkaError) -> Handled:
    return _ours(request, MachineError(type(error).__name__, ""))


HANDLERS: dict[int | type[Exception], Any] = {
    RefusedError: _refused,
    HTTPException: _http,
    WeirError: _ours,
    KafkaError: _kafka,
    Exception: _fault,
}
