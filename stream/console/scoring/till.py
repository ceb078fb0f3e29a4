"""One payment from question to answer: known before? – in order? – judged – published – answered.

The answer waits until Kafka has the payment and the decision. Who gets none may ask again under the same id: the stream
counts the payment once. An answer that is known from its topic alone is given only after the payment was sent again.
"""

import asyncio
import math
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from kafka.partitioner.default import murmur2

from stream.console.problems import RefusedError
from stream.console.scoring.bystander import Bystander, Judged
from stream.console.scoring.memory import Memory, digest_of
from stream.console.scoring.replica import Replica
from stream.core.routing import is_at_least
from stream.errors import StateError
from stream.settings import Settings
from stream.wire.codec import decode_payments, encode
from stream.wire.decisions import Answer, Decision
from stream.wire.events import DetectorRef, Transaction
from stream.wire.records import Slice
from stream.wire.topics import DECISIONS, TRANSACTIONS

_FAILED = "No detector could judge it; somebody should look."


class Publisher(Protocol):
    """What of aiokafka's producer is needed."""

    async def send_and_wait(self, topic: str, value: bytes, key: bytes, timestamp_ms: int) -> Any:
        """Return once Kafka has the record."""
        ...


class Till:
    """Answers payments; lives in one event loop.

    observed  told of each answer: decision, and whether it was a repeat
    """

    def __init__(
        self,
        settings: Settings,
        bystander: Bystander,
        replica: Replica,
        memory: Memory,
        publisher: Publisher,
        observed: Callable[[Answer, bool], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._bystander, self._replica = settings, bystander, replica
        self._memory, self._publisher, self._observed, self._clock = memory, publisher, observed, clock
        self._config = settings.version
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def answer(self, payment: Transaction) -> bytes:
        """Answer a payment, as JSON of a ``Decision``.

        Raises RefusedError for one that the workers would refuse, or another one under an id that was answered.
        """
        while payment.id in self._under_way:  # the same question twice at once: the second hears the first's answer
            await asyncio.wait([self._under_way[payment.id]])
        digest = digest_of(payment)
        known = self._memory.get(payment.id)
        if known is not None:
            if known.digest != digest:
                raise RefusedError(
                    409, "This id was another payment's", field="id", fix="Send the same payment again, or a new id"
                )
            if not known.is_published:  # another process, or we before a restart: perhaps it ended before Kafka had it
                await self._publish(payment, round(1000 * self._clock()))
                self._memory.is_published(payment.id)
            self._observed(known.answer, True)
            return known.value
        done = self._under_way[payment.id] = asyncio.get_running_loop().create_future()
        try:
            return await self._decide(payment, digest)
        finally:
            del self._under_way[payment.id]
            done.set_result(None)

    async def _decide(self, payment: Transaction, digest: str) -> bytes:
        now = round(1000 * self._clock())
        self._refuse(payment, encode(payment), now)
        key = payment.customer.encode()
        try:
            judged = self._bystander.judge(
                payment,
                self._replica.customers.get(key),
                self._replica.terminals.get(payment.terminal.encode()),
                now=now,
            )
        except StateError:
            raise RefusedError(503, "What is known of the customer was written by another release") from None
        decision = self._decision(payment, judged, digest, now)
        value = encode(decision)
        prefix = self._settings.kafka.prefix
        await asyncio.gather(
            self._publish(payment, now),
            self._publisher.send_and_wait(prefix + DECISIONS.name, value, key, now),
        )
        self._memory.keep(decision, value, is_published=True)
        self._observed(decision.decision, False)
        return value

    async def _publish(self, payment: Transaction, now: int) -> None:
        """Put the payment into the stream, which counts it once however often it comes."""
        topic = self._settings.kafka.prefix + TRANSACTIONS.name
        await self._publisher.send_and_wait(topic, encode(payment), payment.customer.encode(), now)

    def _refuse(self, payment: Transaction, value: bytes, now: int) -> None:
        """Refuse what a worker would make a dead letter of, by the worker's own checks."""
        one = Slice(
            topic=TRANSACTIONS.name,
            partition=0,
            offset=np.array([0]),
            produced=np.array([now]),
            values=[value],
            next_offset=1,
        )
        rejected = decode_payments(one, self._settings).rejected
        if rejected:
            field, _, expected = rejected[0].detail.partition(": ")
            field = "" if field == "value" else field  # of the whole
            raise RefusedError(422, f"expected {expected.removeprefix('expected ')}", field=field)
        limit = self._settings.payments.max_late_seconds
        partition = (murmur2(payment.customer.encode()) & 0x7FFFFFFF) % self._settings.kafka.partitions
        if self._replica.newest(partition) - payment.at > 1000 * limit:
            raise RefusedError(422, f"expected at most {limit} s behind the newest payments", field="at")

    def _decision(self, payment: Transaction, judged: Judged, digest: str, now: int) -> Decision:
        detector = self._bystander.scorer.detectors[judged.chosen]
        alert, score = judged.alert, judged.scores[detector.name]
        has_failed = not all(map(math.isfinite, judged.scores.values()))
        answer: Answer = "review" if has_failed else "accept"
        if alert is not None:
            answer = "decline" if is_at_least(alert.severity, self._settings.console.decline_from) else "review"
        return Decision(
            id=payment.id,
            at=payment.at,
            answered_at=now,
            customer=payment.customer,
            terminal=payment.terminal,
            decision=answer,
            score=score if math.isfinite(score) else 0.0,
            threshold=min(judged.limit, sys.float_info.max),  # JSON has no infinity
            probability=self._bystander.scorer.probability(judged.chosen, score) if math.isfinite(score) else None,
            reasons=() if alert is None else alert.reasons,
            sentence=alert.sentence if alert is not None else _FAILED if has_failed else "",
            detector=DetectorRef(name=detector.name, version=detector.version),
            scores={name: one for name, one in judged.scores.items() if math.isfinite(one)},
            config=self._config,
            state_age_ms=self._replica.age_ms(),
            digest=digest,
        )
