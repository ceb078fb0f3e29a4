"""Answers that were given: a question that comes again has the same one, after a restart too."""

import hashlib
import logging
from collections import OrderedDict
from typing import NamedTuple

import msgspec

from stream.wire.codec import encode
from stream.wire.decisions import Answer, Decision, decode_decision
from stream.wire.events import Transaction

_LOG = logging.getLogger(__name__)


class Remembered(NamedTuple):
    """An answer, and the digest of the payment that it was given to."""

    digest: str
    answer: Answer
    is_published: bool  # that the payment is in the stream, we know for sure
    value: bytes


class Memory:
    """The last ``size`` answers by the payment's id; what comes from the topic and what was given here alike."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[str, Remembered] = OrderedDict()

    def keep(self, decision: Decision, value: bytes, *, is_published: bool) -> None:
        """Remember an answer by its bytes; the oldest goes where there are too many."""
        known = self._kept.get(decision.id)
        is_published = is_published or (known is not None and known.is_published)
        self._kept[decision.id] = Remembered(decision.digest, decision.decision, is_published, value)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def take(self, value: bytes) -> None:
        """Take a record of ``decisions``; one of a version we do not know is passed over."""
        try:
            self.keep(decode_decision(value), value, is_published=False)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            _LOG.warning("event=decision_unknown error=%s", type(error).__name__)

    def is_published(self, name: str) -> None:
        """Take note that the payment of this id is in the stream."""
        self._kept[name] = self._kept[name]._replace(is_published=True)

    def get(self, name: str) -> Remembered | None:
        """What was answered to a payment of this id."""
        return self._kept.get(name)

    def __len__(self) -> int:
        return len(self._kept)


def digest_of(payment: Transaction) -> str:
    """Tell payments under one id apart."""
    return hashlib.sha256(encode(payment)).hexdigest()
