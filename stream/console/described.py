"""The description of the API, with what Litestar's own leaves out, and the strictness that goes with it."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request

from stream.console.problems import RefusedError

_CONDITIONS = ("kind", "entity_kind", "entity", "detector")  # of a snooze, of which at least one is given


@cache
def described(app: Litestar) -> dict[str, Any]:
    """OpenAPI of an app: a union is any of its parts, not one alone; a body has no other fields than it names."""
    schema: dict[str, Any] = _with_unions(app.openapi_schema.to_schema())
    for name, one in schema["components"]["schemas"].items():
        if name in _BODIES:
            one["additionalProperties"] = False
    quiet = schema["components"]["schemas"].get("Quiet")
    if quiet is not None:
        quiet["anyOf"] = [{"required": [name]} for name in _CONDITIONS]
        for name in _CONDITIONS:
            quiet["properties"][name].pop("default", None)
    return schema


def strictly(form: type[msgspec.Struct]) -> Callable[[Request[Any, Any, Any]], Awaitable[None]]:
    """Refuse a body that is not exactly of a form: Litestar by itself takes 0 for false and "1" for 1."""
    _BODIES.add(form.__name__)
    decode = msgspec.json.Decoder(form).decode

    async def check(request: Request[Any, Any, Any]) -> None:
        try:
            decode(await request.body())
        except msgspec.ValidationError as error:
            said, _, place = str(error).partition(" - at `$")
            if said.startswith("Object contains unknown field"):  # its name is the sender's
                said = "Expected no field that is not documented"
            words = said.replace("`", "").split(", got")[0]
            raise RefusedError(400, words, field=place.strip("`.")) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise RefusedError(400, "Expected one JSON object") from None

    return check


_BODIES: set[str] = set()


def _with_unions(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {"anyOf" if key == "oneOf" else key: _with_unions(value) for key, value in schema.items()}
    return [_with_unions(value) for value in schema] if isinstance(schema, list) else schema
