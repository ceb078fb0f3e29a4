"""An endless flow of payments, made as they are needed: an hour of it takes no more memory than a second.

Everything about payment ``n`` follows from ``n`` by a hash, so any part can be made by itself and again. Event time
runs far faster than the clock: each customer fills the longest window within ``customers * history`` payments, after
which as much is forgotten as is remembered. So a worker's state stands still in size from then on, however long the
flow is.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from aiokafka.partitioner import murmur2
from numpy.typing import NDArray

from stream.bench.material import LOUD_AMOUNT, Material
from stream.core.names import DAY_MS, WINDOWS
from stream.wire.columns import Ints
from stream.wire.topics import LABELS, TRANSACTIONS

_LONGEST = max(WINDOWS.values())
_LABELLED = 0.05
_EPOCH = 1_000_000_000_000  # ms; September 2001: event time may lie as far back as it likes, but hardly ahead
_Hashes: TypeAlias = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Payments ``first … first + n`` before they are encoded.

    customer, terminal  (n,) number; a loud payment's are its own, beyond all others'
    at                  (n,) epoch ms, never falling
    amount              (n,) minor units
    """

    first: int
    customer: Ints
    terminal: Ints
    at: Ints
    amount: Ints

    def __len__(self) -> int:
        return self.at.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What flows.

    customers, terminals  how many pay and are paid at, each drawn at random for every payment
    history               payments of a customer within the longest window, on average
    loud_share            of the payments are out of range, by a customer and at a terminal of their own
    """

    customers: int
    terminals: int
    history: float
    partitions: int
    loud_share: float = 0.0
    seed: int = 1

    @property
    def window_events(self) -> int:
        """Payments within the longest window, of all customers."""
        return int(self.customers * self.history)

    def columns(self, first: int, count: int) -> Columns:
        """Draw payments ``first … first + count``."""
        number = np.arange(first, first + count)
        customer = (self._hashed(number, 1) % np.uint64(self.customers)).astype(np.int64)
        terminal = (self._hashed(number, 2) % np.uint64(self.terminals)).astype(np.int64)
        usual = 1_000 + (self._hashed(customer, 3) % np.uint64(10_000)).astype(np.int64)
        amount = usual * (50 + (self._hashed(number, 4) % np.uint64(100)).astype(np.int64)) // 100
        loud = self._chance(number, 5) < self.loud_share
        return Columns(
            first=first,
            customer=np.where(loud, self.customers + number, customer),
            terminal=np.where(loud, self.terminals + number, terminal),
            at=self._time(number),
            amount=np.where(loud, LOUD_AMOUNT, amount),
        )

    def material(self, first: int, count: int) -> Material:
        """Encode payments ``first … first + count`` and the verdicts that are known meanwhile."""
        payments = self.columns(first, count)
        keys, values = self._payments(payments)
        lane = self._places(keys)
        number = np.arange(count)
        told = self._told(first, count)
        if told.size:
            late = self._lag
            labels = self.columns(int(told[0]) - late, int(told[-1] - told[0]) + 1)
            chosen = told - told[0]
            label_keys, label_values = self._labels(labels, chosen, self._time(told))
            order = np.argsort(np.concatenate((number, told - first)), kind="stable")
            lane = np.concatenate((lane, self.partitions + self._places(label_keys)))[order]
            number = np.concatenate((number, told - first))[order]
            keys, values = keys + label_keys, values + label_values
            places = order.tolist()
            keys, values = [keys[i] for i in places], [values[i] for i in places]
        return Material(
            counted=TRANSACTIONS.name,
            events=count,
            lanes=[(topic.name, p) for topic in (TRANSACTIONS, LABELS) for p in range(self.partitions)],
            lane=lane,
            number=number,
            keys=keys,
            values=values,
        )

    @property
    def _lag(self) -> int:
        """Payments between one and its verdict: a day of event time."""
        return max(1, self.window_events * DAY_MS // _LONGEST)

    def _time(self, number: Ints) -> Ints:
        return _EPOCH + (number * (_LONGEST / (self.customers * self.history))).astype(np.int64)

    def _told(self, first: int, count: int) -> Ints:
        """Name the payments of ``first … first + count`` at which the verdict of an earlier one is known."""
        number = np.arange(max(first, self._lag), first + count)
        return number[self._chance(number - self._lag, 6) < _LABELLED]

    def _payments(self, payments: Columns) -> tuple[list[bytes], list[bytes]]:
        customers = [b"c%d" % n for n in payments.customer.tolist()]
        values = [
            b'{"type":"transaction/1","id":"p%d","at":%d,"customer":"%b","terminal":"m%d","amount":%d,"currency":"EUR"}'
            % (n, at, customer, terminal, amount)
            for n, (at, customer, terminal, amount) in enumerate(
                zip(payments.at.tolist(), customers, payments.terminal.tolist(), payments.amount.tolist(), strict=True),
                payments.first,
            )
        ]
        return customers, values

    def _labels(self, paid: Columns, chosen: Ints, at: Ints) -> tuple[list[bytes], list[bytes]]:
        customers = [b"c%d" % n for n in paid.customer[chosen].tolist()]
        values = [
            b'{"type":"label/1","transaction":"p%d","at":%d,"customer":"%b","terminal":"m%d","fraud":%b}'
            % (n, known, customer, terminal, b"true" if n % 100 == 0 else b"false")
            for n, known, customer, terminal in zip(
                (paid.first + chosen).tolist(), at.tolist(), customers, paid.terminal[chosen].tolist(), strict=True
            )
        ]
        return customers, values

    def _places(self, keys: list[bytes]) -> Ints:
        """Partition of each key, as Kafka's clients choose it."""
        return (np.fromiter(map(murmur2, keys), np.int64, len(keys)) & 0x7FFFFFFF) % self.partitions

    def _hashed(self, number: Ints, which: int) -> _Hashes:
        """Hash numbers; ``which`` tells streams of chance apart. Source: Steele et al. (2014), SplitMix64."""
        x = number.astype(np.uint64) * np.uint64(8) + np.uint64(which)
        x = (x + np.uint64(self.seed)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    def _chance(self, number: Ints, which: int) -> NDArray[np.float64]:
        """Draw from [0, 1)."""
        return (self._hashed(number, which) >> np.uint64(11)).astype(np.float64) * 2.0**-53
