"""What ``weir score`` tells of itself: answers, how long they took, and how old what they rest on is."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

_BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0, 5.0)
_STATUSES = ("2xx", "4xx", "5xx")
ANSWERS = ("accept", "review", "decline")
Scope = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]


class State(Protocol):
    """What answers rest on."""

    committed_at: float

    def age_ms(self) -> int:
        """How old it may be."""
        ...

    @property
    def customers(self) -> Any:
        """Rows by key."""
        ...

    @property
    def terminals(self) -> Any:
        """Rows by key."""
        ...


class ScoreMetrics:
    """Counts answers and times requests.

    registry  a fresh one: process metrics are added to it
    """

    def __init__(self, registry: CollectorRegistry, state: State, *, clock: Callable[[], float] = time.time) -> None:
        disable_created_metrics()
        options: dict[str, Any] = {"registry": registry}
        self._answers = Counter(
            "weir_score_answers", "Payments answered while the customer waited", ["decision"], **options
        )
        self._repeats = Counter("weir_score_repeats", "Questions that had been answered before", **options)
        self._seconds = Histogram(
            "weir_score_seconds", "Request received to answer handed over", ["status"], buckets=_BUCKETS, **options
        )
        age = Gauge("weir_score_state_age_seconds", "How old the customers' state may be, a commit included", **options)
        age.set_function(lambda: state.age_ms() / 1000)
        checkpoint = Gauge("weir_score_checkpoint_age_seconds", "Since a worker last wrote a checkpoint", **options)
        checkpoint.set_function(lambda: clock() - state.committed_at if state.committed_at else float("nan"))
        rows = Gauge("weir_score_rows", "Customers and terminals known", ["stage"], **options)
        rows.labels("customers").set_function(lambda: len(state.customers))
        rows.labels("terminals").set_function(lambda: len(state.terminals))
        ProcessCollector(registry=registry)
        for answer in ANSWERS:
            self._answers.labels(answer)
        self._by_status = {status: self._seconds.labels(status) for status in _STATUSES}

    def answered(self, decision: str, is_repeat: bool) -> None:
        """Take note of an answer."""
        if is_repeat:
            self._repeats.inc()
        else:
            self._answers.labels(decision).inc()

    def timed(self, app: App) -> App:
        """Put a clock around an ASGI app; health, metrics and OpenAPI are not timed."""

        async def timing(scope: Scope, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["path"] != "/v1/score":
                await app(scope, receive, send)
                return
            began, status = time.perf_counter(), "5xx"

            async def sending(message: Scope) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = f"{message['status'] // 100}xx"
                await send(message)

            try:
                await app(scope, receive, sending)
            finally:
                self._by_status.get(status, self._by_status["5xx"]).observe(time.perf_counter() - began)

        return timing
