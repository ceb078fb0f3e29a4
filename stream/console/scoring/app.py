"""``POST /v1/score`` on its own: the question's form, and what its process has beside it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, TypeAlias

import msgspec
from litestar import Litestar, Response, post
from litestar.openapi.spec import Example
from litestar.params import Body
from prometheus_client import CollectorRegistry

from stream.console.access import needs
from stream.console.app import assemble
from stream.console.described import strictly
from stream.console.limit import limited
from stream.console.problems import PROBLEMS, RefusedError
from stream.console.scoring.till import Till
from stream.console.tokens import Keyring
from stream.wire.decisions import Decision
from stream.wire.events import Cents, Id, Millis, Transaction

Lifespan: TypeAlias = Callable[[Litestar], AbstractAsyncContextManager[None]]
_EXAMPLE = {
    "id": "t-2026-11-21-000042",
    "at": 1_767_225_600_000,
    "customer": "c03648",
    "terminal": "m04894",
    "amount": 2777,
    "currency": "EUR",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payment that waits. ``id`` is the idempotency key: the same payment again has the same answer."""

    id: Id
    at: Millis
    customer: Id
    terminal: Id
    amount: Cents
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3, description="ISO 4217")] = "EUR"


def build_scoring(
    till: Till,
    keyring: Keyring,
    registry: CollectorRegistry,
    *,
    unready: Callable[[], str],
    a_second: int,
    lifespan: Lifespan,
) -> Litestar:
    """Make the app.

    unready   why nothing can be answered now; "" where all can
    a_second  requests of one address
    lifespan  what runs beside it
    """

    @post(
        "/v1/score",
        tags=["score"],
        summary="A decision while the customer waits",
        guards=[needs("scorer", "admin")],
        security=[{"token": []}],
        status_code=200,
        before_request=strictly(Asked),
        responses=PROBLEMS,
    )
    async def score(data: Annotated[Asked, Body(examples=[Example(value=_EXAMPLE)])]) -> Decision:
        """Judged by the workers' features and models, by what they had committed of customer and terminal before.

        The payment is published to `transactions` before this answers, so that the stream counts it, once.
        """
        reason = unready()
        if reason:
            raise RefusedError(503, reason)
        payment = Transaction(
            id=data.id,
            at=data.at,
            customer=data.customer,
            terminal=data.terminal,
            amount=data.amount,
            currency=data.currency,
        )
        return Response(await till.answer(payment), media_type="application/json")  # type: ignore[return-value]  # bytes

    return assemble(
        [score],
        keyring,
        registry,
        dependencies={},
        unready=unready,
        limit=limited(1, a_second),
        lifespan=[lifespan],
    )
