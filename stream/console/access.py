"""Who may do what, and the headers that every answer has."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from stream.console.tokens import ROLES, Keyring, Role, Token

Connection = ASGIConnection[Any, Any, Any, Any]
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
MAX_BODY = 16 * 1024  # bytes


def needs(role: Role, *others: Role) -> Callable[[Connection, BaseRouteHandler], Awaitable[None]]:
    """Let through who has a role, or a higher one, or one of ``others``; a scorer's is beside them all.

    Raises 401 where there is no token that holds, 403 where its role is another.
    """
    allowed = {*others, *(ROLES[ROLES.index(role) :] if role != "scorer" else ("scorer",))}

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:  # noqa: ARG001  # Litestar's way
        keyring: Keyring = connection.app.state.keyring
        scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
        token = keyring.owner_of(secret.strip()) if scheme.lower() == "bearer" and secret else None
        if token is None:
            raise NotAuthorizedException("A token is needed, and this is none or one whose time is over")
        if token.role not in allowed:
            raise PermissionDeniedException(f"This needs the role {role}; the token's is {token.role}")
        connection.scope["user"] = token

    return guard


def token_of(connection: Connection) -> Token:
    """The token that a guard let through."""
    token = connection.scope["user"]
    assert isinstance(token, Token)
    return token
