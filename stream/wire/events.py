"""What happened: the events on the public topics, immutable, each with a versioned tag in ``type``.

Within a version fields are only added, always optional; readers ignore fields they do not know. Event time is epoch
milliseconds, money is minor units, ids are strings of 1 to 64 printable characters.
"""

from typing import Annotated, TypeAlias

import msgspec

Millis: TypeAlias = Annotated[
    int, msgspec.Meta(description="epoch milliseconds, UTC, 1990 to 2100", ge=631_152_000_000, lt=4_102_444_800_000)
]
Cents: TypeAlias = Annotated[int, msgspec.Meta(description="minor units of the currency", ge=0, lt=2**31)]
Id: TypeAlias = Annotated[
    str, msgspec.Meta(description="1 to 64 printable characters, never a card number", min_length=1, max_length=64)
]
Price: TypeAlias = Annotated[float, msgspec.Meta(description="per unit, finite, positive", gt=0.0, lt=1e15)]
Side: TypeAlias = Annotated[float, msgspec.Meta(description="price of one side, 0 where it is absent", ge=0.0, lt=1e15)]
Count: TypeAlias = Annotated[
    int, msgspec.Meta(description="the source's own number, one more for each of a symbol; 0: none", ge=0, lt=2**53)
]
Size: TypeAlias = Annotated[float, msgspec.Meta(description="units, finite", ge=0.0, lt=1e15)]


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """Common form of everything on the public topics."""


class Transaction(Event, frozen=True, kw_only=True, gc=False, tag="transaction/1"):
    """One card payment as the acquirer saw it. Topic ``transactions``, key ``customer``."""

    id: Id
    at: Millis  # event time, never arrival time
    customer: Id  # token, never a card number
    terminal: Id
    amount: Cents  # of ``currency``; 0 is a card check
    currency: str = "EUR"  # ISO 4217


class Label(Event, frozen=True, kw_only=True, gc=False, tag="label/1"):
    """A verdict on a payment, days late. Topic ``labels``, key ``customer``; without delay on ``truth``."""

    transaction: Id
    at: Millis  # when the verdict was known
    customer: Id
    terminal: Id
    fraud: bool
    scenario: str = ""  # what kind of fraud, where known ("amount", "terminal", "customer", …)


class Trade(Event, frozen=True, kw_only=True, gc=False, tag="trade/1"):
    """One trade. Topic ``ticks``, key ``symbol``."""

    symbol: Id
    at: Millis
    price: Price
    size: Size
    side: str = ""  # aggressor: "buy", "sell", "" where unknown
    id: str = ""
    sequence: Count = 0


class Quote(Event, frozen=True, kw_only=True, gc=False, tag="quote/1"):
    """One top of book. Topic ``ticks``, key ``symbol``. A side that is absent has price 0 and size 0."""

    symbol: Id
    at: Millis
    bid: Side
    ask: Side
    bid_size: Size = 0.0
    ask_size: Size = 0.0
    id: str = ""


class Shock(Event, frozen=True, kw_only=True, gc=False, tag="shock/1"):
    """What a market simulator did on purpose. Topic ``truth`` alone: no worker reads it."""

    symbol: Id
    at: Millis
    kind: str  # "jump", "volatility", "liquidity"
    until: Millis
    size: float = 0.0  # signed simple return of a jump, factor on volatility, factor on the spread


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an alert is about."""

    kind: str  # "customer", "terminal", "symbol", "worker", "model"
    id: Id


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's part in a score, the usual value beside the actual one."""

    feature: str
    value: float | None  # None: no history
    usual: float | None
    contribution: float  # share of the score, signed; all features' together are the score


class DetectorRef(msgspec.Struct, frozen=True, kw_only=True):
    """Which detector spoke, in which version."""

    name: str
    version: str


class SourceRef(msgspec.Struct, frozen=True, kw_only=True):
    """The record that caused it."""

    topic: str
    partition: int
    offset: int


class RuleTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a rule that decided, with the value seen and the limit it was held to."""

    term: str
    value: float | None  # None: not finite
    limit: float | None


class FiredRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule written by a user that fired on the payment, whichever detector's score made the alert."""

    name: str
    says: str  # what it means, in the user's words
    terms: tuple[RuleTerm, ...]


class Alert(Event, frozen=True, kw_only=True, tag="alert/1"):
    """A warning with its reasons. Topic ``alerts``; ``id`` is a function of source and detector alone."""

    id: Id
    kind: str  # "fraud", "market", "liquidity", "model", "feed", "pipeline", …
    severity: str  # "low", "medium", "high", "critical"
    at: Millis  # event time of the cause
    detected_at: Millis  # wall clock when scored
    emitted_at: Millis  # wall clock when handed to Kafka
    produced_at: Millis  # record timestamp of the cause: what latency is counted from
    entity: Entity
    score: float
    threshold: float
    probability: float | None = None
    reasons: tuple[Reason, ...]
    sentence: str  # why, in one plain sentence
    detector: DetectorRef
    config: str  # version of the settings in force
    source: SourceRef
    evidence: dict[str, str | int | float | None] = {}  # the event: transaction id, customer, terminal, amount …
    action: str = ""  # suggested
    rules: tuple[FiredRule, ...] = ()  # that fired on it, severest first


class Scores(Event, frozen=True, kw_only=True, tag="scores/1"):
    """The scores of one batch, column by column. Topic ``scores``; at least once, same id → same score."""

    partitions: list[int]  # of ``transactions``, per event
    offsets: list[int]  # likewise: (partition, offset) names the payment
    ids: list[str]  # transaction ids
    at: list[int]  # event times
    detectors: dict[str, list[float]]  # score per detector
    versions: dict[str, str]  # model version per detector
    thresholds: dict[str, float]
    held: list[int] = []  # positions of events whose alert was held back by a cooldown
    spared: dict[str, list[int]] = {}  # per detector, positions at its threshold and below the payment's own limit
    sample: list[int] = []  # positions of events whose features are told: those whose offset divides by 16
    features: bytes = b""  # of those, row by row, little-endian float32, in the order of stream.core.names.FEATURES
    layout: str = ""  # names these features and their order


class RiskSnapshot(Event, frozen=True, kw_only=True, tag="risk/1"):
    """The figures of one symbol at one event. Topic ``risk``, key ``symbol``. Losses are positive."""

    id: Id
    symbol: Id
    at: Millis
    cause: str  # "cadence" or the name of the breach
    figures: dict[str, float | None]  # by name, units in the name; None: not enough history
    source: SourceRef
    untrusted: tuple[str, ...] = ()  # what is wrong with the feed they are made of: "stale", "gap", "crossed" …


class DeadLetter(Event, frozen=True, kw_only=True, tag="dead-letter/1"):
    """A record that is no event we take, with the reason and where it stands. Its bytes stay on the source topic."""

    id: Id
    reason: str  # bounded set: see ``stream.wire.refusal.REASONS``
    detail: str  # field and expectation, never a value
    source: SourceRef
    produced_at: Millis
    size: int  # bytes; 0 where the stage that refuses it does not see them


TickEvent: TypeAlias = Trade | Quote
EVENTS: tuple[type[Event], ...] = (Transaction, Label, Trade, Quote, Shock, Alert, Scores, RiskSnapshot, DeadLetter)
