"""What was answered while a customer waited: the topic ``decisions``, so that the same question has the same answer."""

from typing import Literal, TypeAlias

import msgspec

from stream.wire.events import DetectorRef, Event, Id, Millis, Reason

Answer: TypeAlias = Literal["accept", "review", "decline"]


class Decision(Event, frozen=True, kw_only=True, tag="decision/1"):
    """The answer to a payment, which itself stands on ``transactions``. Topic ``decisions``, key ``customer``."""

    id: Id  # of the payment: the idempotency key
    at: Millis  # event time of the payment
    answered_at: Millis  # wall clock
    customer: Id
    terminal: Id
    decision: Answer
    score: float  # of ``detector``, the one furthest above, or nearest to, its threshold
    threshold: float  # from which that one alerts on this payment; the largest number there is where no score does
    probability: float | None = None  # of fraud
    reasons: tuple[Reason, ...]
    sentence: str
    detector: DetectorRef
    scores: dict[str, float]  # of every detector
    config: str  # version of the settings in force
    state_age_ms: int  # at most so old was what was known of customer and terminal, beside what the worker lags
    digest: str  # SHA-256 of the payment, so that another one under the same id is refused


DECISION_EVENTS: tuple[type[Event], ...] = (Decision,)
decode_decision = msgspec.json.Decoder(Decision).decode
