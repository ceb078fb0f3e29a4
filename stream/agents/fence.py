"""The fence: Kafka refuses what a worker writes for a partition that another worker has taken over since.

A partition number has a transactional id. Whoever takes the partition over raises the epoch of that id, and Kafka
writes the markers of an empty transaction into the logs that only the owner writes to: from there on each of these
logs refuses every older epoch, whatever still hangs in a stopped process or in the network. The records themselves are
written outside of transactions, under the owner's producer id and epoch, so no reader waits for a commit (ADR 4).

Like ``private``, this file names private attributes of aiokafka 0.14.0: its producer's.
"""
# ruff: noqa: SLF001  see above

import asyncio
from collections import defaultdict
from collections.abc import Collection
from functools import partial

from aiokafka import AIOKafkaProducer
from aiokafka.client import CoordinationType
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.sender import AddPartitionsToTxnHandler, EndTxnHandler, Sender
from aiokafka.producer.transaction_manager import TransactionManager, TransactionResult, TransactionState
from aiokafka.structs import TopicPartition

from stream.errors import StreamError

_SEQUENCES = 2**31  # they wrap
_OPEN_MS = 10_000  # after which Kafka ends the empty transaction of a worker that died within it
_RETRY_MS = 20
_REQUEST_MS = 40_000


class Owner:
    """Who writes for a partition number: batches it has signed are refused once another has taken over.

    producer_id, epoch  as Kafka gave them
    """

    def __init__(self, sender: Sender, name: str, logs: Collection[TopicPartition]) -> None:
        self._sender, self._name, self._logs = sender, name, logs
        self.producer_id: int = sender._txn_manager.producer_id
        self.epoch: int = sender._txn_manager.producer_epoch
        self._sequence: defaultdict[TopicPartition, int] = defaultdict(int)

    def sign(self, batch: BatchBuilder, partition: TopicPartition) -> None:
        """Have a batch written under this owner's name; the sequence is given when it is sent, in that order."""
        batch._set_producer_state = partial(self._set, batch._set_producer_state, batch, partition)

    async def renew(self) -> None:
        """Keep Kafka from forgetting the name, which it does a week after the last transaction (by default).

        Raises ProducerFenced where another has taken over.
        """
        await _mark(self._sender, self._name, self._logs)

    def _set(self, give: "partial[None]", batch: BatchBuilder, partition: TopicPartition, *_: int) -> None:
        del batch._set_producer_state  # else they hold each other: hundreds of MB of sent batches until a collection
        sequence = self._sequence[partition]
        self._sequence[partition] = (sequence + batch.record_count()) % _SEQUENCES
        give(self.producer_id, self.epoch, sequence)


async def take_over(producer: AIOKafkaProducer, name: str, logs: Collection[TopicPartition]) -> Owner:
    """Become the one owner of some logs; returns when none of them takes a record of an earlier owner any more.

    producer  started
    name      the transactional id: whoever takes over by the same name is the next owner
    logs      that nobody else writes to
    Raises StreamError where Kafka does not let us.
    """
    sender = await _introduced(producer, name)
    await _mark(sender, name, logs)
    # Kafka says that a transaction has ended before its markers stand. It gives the id to nobody until they do.
    return Owner(await _introduced(producer, name), name, logs)


async def _introduced(producer: AIOKafkaProducer, name: str) -> Sender:
    """Raise the epoch of ``name``; the sender that knows it."""
    sender = Sender(
        producer.client,
        acks=-1,
        txn_manager=TransactionManager(name, _OPEN_MS),
        message_accumulator=None,
        retry_backoff_ms=_RETRY_MS,
        request_timeout_ms=_REQUEST_MS,
    )
    await sender._maybe_wait_for_pid()
    return sender


async def _mark(sender: Sender, name: str, logs: Collection[TopicPartition]) -> None:
    """Have the end of an empty transaction written to the logs."""
    transaction = sender._txn_manager
    transaction.begin_transaction()
    for log in logs:
        transaction.maybe_add_partition_to_txn(log)
    while transaction.state is TransactionState.IN_TRANSACTION and transaction.partitions_to_add():
        node = await sender._find_coordinator(CoordinationType.TRANSACTION, name)
        await AddPartitionsToTxnHandler(sender, transaction.partitions_to_add()).do(node)
    if transaction.state is not TransactionState.IN_TRANSACTION:
        topics = sorted({log.topic for log in logs})
        raise StreamError(f"Kafka does not let {name} write to {', '.join(topics)}: {await _error(transaction)}")
    transaction.committing_transaction()
    while transaction.state is TransactionState.COMMITTING_TRANSACTION:
        node = await sender._find_coordinator(CoordinationType.TRANSACTION, name)
        await EndTxnHandler(sender, TransactionResult.COMMIT).do(node)


async def _error(transaction: TransactionManager) -> str:
    outcome = (await asyncio.gather(transaction.wait_for_transaction_end(), return_exceptions=True))[0]
    return type(outcome).__name__
