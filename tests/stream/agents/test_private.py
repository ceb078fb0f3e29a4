"""The private names the agents rely on are where they were read; an upgrade that moves one must fail here."""

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer import fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from aiokafka.producer.sender import AddPartitionsToTxnHandler, EndTxnHandler, Sender
from faust.app.base import App
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer, ConsumerThread, ThreadDelegateConsumer
from faust.transport.drivers import aiokafka as driver

# Methods that are overridden, or whose exact steps are relied upon, with the fingerprint of the source that was read.
READ: dict[Callable[..., Any], str] = {
    App._create_directories: "a9f571c3b04a",
    App._on_partitions_revoked: "d5c895bbe57d",
    App._stop_consumer: "55854a5de12c",
    AIOKafkaConnection.send: "5909ea32f4ef",
    AddPartitionsToTxnHandler.handle_response: "67266db24da2",
    BatchBuilder._set_producer_state: "ab6b10c5329a",
    Consumer._commit_offsets: "1a6979904118",
    Consumer._drain_messages: "44a2500309e8",
    Consumer._wait_next_records: "6218e1969a63",
    Consumer.commit: "a354437baaa0",
    Consumer.commit_and_end_transactions: "892377824b11",
    Consumer.force_commit: "cc094614d22c",
    Consumer.getmany: "4b168d84882a",
    Consumer.maybe_wait_for_commit_to_finish: "d687f63a0b5e",
    Consumer.pause_partitions: "27a1c94bdacd",
    Consumer.perform_seek: "0e8c130ff4b0",
    Consumer.resume_partitions: "afe6b7c02a41",
    Consumer.stop_flow: "cf7e875a2b0d",
    ConsumerThread.on_partitions_revoked: "c44013f1259c",
    EndTxnHandler.handle_response: "89bd9721c28e",
    GroupCoordinator._do_heartbeat: "dc1d6632aaa6",
    MessageAccumulator._pop_batch: "41cc98a298ef",
    MessageAccumulator.add_batch: "5ed1c5b1367a",
    Recovery._add: "1584a197b11b",
    Recovery._build_offsets: "27eec86be06c",
    Recovery.on_recovery_completed: "6ef567acf072",
    Sender._maybe_wait_for_pid: "577189636b56",
    TableManager.on_start: "365dd25fbc0e",
    ThreadDelegateConsumer._getmany: "f9d47aa9010b",
    driver.AIOKafkaConsumerThread._create_worker_consumer: "c2701bfc3e6f",
    driver.AIOKafkaConsumerThread._fetch_records: "39a2c6c79fc1",
    driver.AIOKafkaConsumerThread._seek_wait: "9d221e816d94",
    driver.Consumer._to_message: "7c24f6511b2f",
    driver.Producer._settings_extra: "a4c7bc41b638",
    fetcher.FetchResult.check_assignment: "b5340df67e3f",
    fetcher.Fetcher.fetched_records: "be4348896b9b",
    fetcher.Fetcher.seek_to: "f0ba6aba6c22",
    fetcher.PartitionRecords._unpack_records: "b803e6d46480",
}


def fingerprint(function: Callable[..., Any]) -> str:
    """Name a function's source."""
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]


@pytest.mark.parametrize("function", READ, ids=lambda function: function.__qualname__)
def test_a_method_that_is_overridden_or_relied_upon_is_the_one_that_was_read(function: Callable[..., Any]) -> None:
    """Its source has not changed; if it has: read it again, mend ``stream/agents``, then renew the fingerprint."""
    assert fingerprint(function) == READ[function]


def test_a_consumer_has_the_fields_that_are_set_before_it_starts() -> None:
    """``private.set_fetching`` changes fields that the consumer gives to its fetcher, not names of its own."""
    source = inspect.getsource(AIOKafkaConsumer)

    for name in ("_fetch_max_wait_ms", "_fetch_min_bytes", "_fetch_max_bytes", "_isolation_level"):
        assert f"={'self.' + name}," in source, name


def test_a_fetcher_has_the_fields_that_are_read() -> None:
    """What ``private.drained`` takes from the fetcher is assigned by it."""
    source = inspect.getsource(fetcher)

    for name in (
        *("_records", "_subscriptions", "_wait_consume_future", "_closed", "_partition_records", "_check_crcs"),
        *("_isolation_level", "_aborted_producers", "next_fetch_offset", "_records_iterator"),
    ):
        assert f"self.{name} = " in source, name
    for name in (
        "_create_fetch_waiter",
        "_notify",
        "_consume_aborted_up_to",
        "_contains_abort_marker",
        "_update_position",
    ):
        assert f"def {name}(" in source, name
