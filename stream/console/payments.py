"""A customer's or terminal's payments, looked up on their topic when somebody asks, with what is unusual marked.

Nothing of it is kept: what is looked through is the end of the topic, and how far that reached is part of the answer.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from kafka import KafkaConsumer, TopicPartition
from kafka.partitioner.default import murmur2

from stream.consume import consumer_of
from stream.settings import Settings
from stream.wire.columns import Payments
from stream.wire.events import Alert, Transaction
from stream.wire.topics import TRANSACTIONS

Whose: TypeAlias = Literal["customer", "terminal"]
_SHOWN = 500  # payments, at most
_STEP = 10_000  # records looked through at a time, from the end
_SECONDS = 5.0
_UNUSUAL = 3.5  # robust deviations: Iglewicz & Hoaglin (1993)
_LEAST_HISTORY = 5  # payments in 30 days from which on a customer has habits
_decode = msgspec.json.Decoder(Transaction).decode


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of a history.

    deviations  of its amount from the customer's own median of 30 days, in robust deviations; None: no habits yet
    is_unusual  an alert was told of it, or its amount is 3.5 deviations or more above the median
    alert       id of the alert about it, and how severe it is; "" where none is kept
    """

    id: str
    at: int
    customer: str
    terminal: str
    amount: int
    currency: str
    deviations: float | None = None
    is_unusual: bool = False
    alert: str = ""
    severity: str = ""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one customer or terminal, newest first, and how far was looked.

    looked_through  records of the topic
    is_whole        no older payment is kept on the topic
    """

    kind: str
    id: str
    payments: list[Payment]
    looked_through: int
    is_whole: bool


def history(settings: Settings, kind: Whose, name: str, alerts: Sequence[Alert]) -> History:
    """Look the newest payments up.

    alerts  that may be about them
    Raises MachineError where no Kafka answers.
    """
    found: dict[str, Transaction] = {}
    through, is_whole = 0, True
    deadline = time.monotonic() + _SECONDS
    with closing(consumer_of(settings, [TRANSACTIONS.name], from_beginning=True)) as consumer:
        for place in _places(settings, kind, name):
            budget = settings.console.payments
            for count, values in _backwards(consumer, place, budget):
                for payment in _of(values, kind, name):
                    found.setdefault(payment.id, payment)
                through += count
                if len(found) >= _SHOWN or time.monotonic() > deadline:
                    is_whole = False
                    break
            is_whole = is_whole and consumer.beginning_offsets([place])[place] >= _end(consumer, place) - budget
    newest = sorted(found.values(), key=lambda one: one.at)[-_SHOWN:]
    payments = _marked(settings, kind, newest, alerts)
    return History(kind=kind, id=name, payments=payments[::-1], looked_through=through, is_whole=is_whole)


def _places(settings: Settings, kind: Whose, name: str) -> list[TopicPartition]:
    """Where its payments stand: a customer's on one partition, by Kafka's own hash, a terminal's on any."""
    topic, count = settings.kafka.prefix + TRANSACTIONS.name, settings.kafka.partitions
    if kind == "terminal":
        return [TopicPartition(topic, partition) for partition in range(count)]
    return [TopicPartition(topic, (murmur2(name.encode()) & 0x7FFFFFFF) % count)]


def _end(consumer: KafkaConsumer, place: TopicPartition) -> int:
    return int(consumer.end_offsets([place])[place])


def _backwards(consumer: KafkaConsumer, place: TopicPartition, budget: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yield a partition in steps from its end, ``budget`` records at most: how many offsets, and their values."""
    consumer.assign([place])
    first, end = int(consumer.beginning_offsets([place])[place]), _end(consumer, place)
    first = max(first, end - budget)
    while end > first:
        begin = max(first, end - _STEP)
        consumer.seek(place, begin)
        values: list[bytes] = []
        while consumer.position(place) < end:
            records = consumer.poll(timeout_ms=200).get(place, [])
            values += [record.value for record in records if record.offset < end and record.value is not None]
        yield end - begin, values
        end = begin


def _of(values: Sequence[bytes], kind: Whose, name: str) -> Iterator[Transaction]:
    needle = name.encode()
    for value in values:
        if needle in value:
            with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # a dead letter of the worker's
                payment = _decode(value)
                if getattr(payment, kind) == name:
                    yield payment


def _marked(settings: Settings, kind: Whose, payments: Sequence[Transaction], alerts: Sequence[Alert]) -> list[Payment]:
    told = {str(alert.evidence.get("transaction")): alert for alert in alerts}
    deviations = _deviations(settings, payments) if kind == "customer" else [None] * len(payments)
    shown = []
    for payment, deviation in zip(payments, deviations, strict=True):
        alert = told.get(payment.id)
        shown.append(
            Payment(
                id=payment.id,
                at=payment.at,
                customer=payment.customer,
                terminal=payment.terminal,
                amount=payment.amount,
                currency=payment.currency,
                deviations=deviation,
                is_unusual=alert is not None or (deviation or 0.0) >= _UNUSUAL,
                alert="" if alert is None else alert.id,
                severity="" if alert is None else alert.severity,
            )
        )
    return shown


def _deviations(settings: Settings, payments: Sequence[Transaction]) -> list[float | None]:
    """What the worker's own kernel says of each amount, judged by the payments before it."""
    from stream.core.customers import CustomerTable  # noqa: PLC0415  # numba kernels only when they are needed
    from stream.core.names import CUSTOMER_FEATURES  # noqa: PLC0415

    limits, n = settings.payments, len(payments)
    table = CustomerTable(max_history=limits.max_history, max_late_ms=1000 * limits.max_late_seconds)
    columns = table.apply(
        Payments(
            partition=0,
            offset=np.arange(n),
            produced=np.zeros(n, np.int64),
            at=np.array([one.at for one in payments], np.int64),
            amount=np.array([one.amount for one in payments], np.int64),
            id=[one.id for one in payments],
            customer=[one.customer for one in payments],
            terminal=[one.terminal for one in payments],
        )
    )
    z = columns.features[:, CUSTOMER_FEATURES.index("amount_robust_z")].tolist()
    known = columns.features[:, CUSTOMER_FEATURES.index("customer_count_30d")].tolist()
    return [a if count >= _LEAST_HISTORY else None for a, count in zip(z, known, strict=True)]
