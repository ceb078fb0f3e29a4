"""A model is changed while payments come: each has one model, whatever crashes, and none is lost or scored by two."""

import logging
from collections.abc import Sequence
from random import Random

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from models.detector import Detector
from stream.core.swap import OWN, Models, pack_swap, swap_in
from stream.errors import ModelError
from stream.walk import stages_of
from stream.wire.codec import encode
from stream.wire.events import Alert, Scores, Transaction
from stream.wire.records import Slice
from stream.wire.topics import ALERTS, BY_TERMINAL, SCORES, TRANSACTIONS
from tests.stream.memory_kafka import Lane, MemoryKafka
from tests.stream.test_exactly_once import PARTITIONS, SETTINGS, START, AmountRatio, a_day, put_into, replayed

Place = tuple[int, int]  # partition and offset of a payment


class Stretched(AmountRatio):
    """The same with all scores stretched: another artefact, which also alerts on other payments."""

    def __init__(self, version: str, factor: float) -> None:
        self.version, self._factor = version, factor

    def explain(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Stretch."""
        return super().explain(x) * self._factor


def at_hand(model: str) -> Sequence[Detector] | None:
    """Two artefacts that load, one that does not, and none else."""
    found: dict[str, Sequence[Detector] | None] = {"b": [Stretched("b", 2.0)], "c": [Stretched("c", 0.7)], "bad": None}
    if model not in found:
        raise ModelError(f"model {model}: not there")
    return found[model]


MODELS = Models(own=[AmountRatio()], detectors=at_hand)
VERSION = {"1", "b", "c"}


class Swapping(MemoryKafka):
    """Somebody promotes while the worker runs: each order is written to all partitions once so many blocks stand there.

    How far the worker has come by then, and where in its slices and commits the order falls, is left to chance.
    """

    orders: list[tuple[int, str]]

    def _feed(self, lane: Lane, topic: str) -> None:
        if self.orders and len(self.logs[BY_TERMINAL.name, 0].values) > self.orders[0][0]:
            _, order = self.orders.pop(0)
            for partition in range(PARTITIONS):
                self.publish(BY_TERMINAL.name, partition, pack_swap(order), 0)
        super()._feed(lane, topic)


def scored(values: Sequence[bytes]) -> dict[Place, tuple[str, float]]:
    """Payment → version and score; one that stands twice must say the same both times."""
    found: dict[Place, tuple[str, float]] = {}
    for value in values:
        batch = msgspec.json.decode(value, type=Scores)
        for place, score in zip(
            zip(batch.partitions, batch.offsets, strict=True), batch.detectors["ratio"], strict=True
        ):
            told = (batch.versions["ratio"], score)
            assert found.setdefault(place, told) == told
    return found


def one_by_one(partition: int, log: Sequence[bytes]) -> dict[Place, tuple[str, float]]:
    """What a worker that never crashes makes of an internal partition, read record by record."""
    stage = stages_of(SETTINGS, [AmountRatio()], MODELS)[1].factory(partition)
    stage.restore()
    values: list[bytes] = []
    for offset, value in enumerate(log):
        piece = Slice(
            topic=BY_TERMINAL.name,
            partition=partition,
            offset=np.array([offset]),
            produced=np.array([0]),
            values=[value],
            next_offset=offset + 1,
        )
        values += [r.value for r in stage.feed(piece, now=0).records if r.topic == SCORES.name]
    return scored(values)


@pytest.mark.parametrize("seed", range(6))
def test_each_payment_has_one_model_whatever_crashes(seed: int) -> None:
    """Three changes at random moments amid dozens of crashes: scored by the model whose order came before it.

    The worker that never crashes and reads record by record says which that is; nothing is missing, and no alert is
    told twice, though a payment that is scored again after a crash lies on either side of an order.
    """
    day = a_day(seed)
    replay, _ = replayed(day)
    kafka = Swapping(stages_of(SETTINGS, [AmountRatio()], MODELS), PARTITIONS, Random(seed))
    kafka.orders = [(12, "b"), (25, "c"), (38, OWN)]
    put_into(kafka, day, replay)
    kafka.run(crash=0.02)
    found: dict[Place, tuple[str, float]] = {}
    expected: dict[Place, tuple[str, float]] = {}
    for partition in range(PARTITIONS):
        found |= scored(kafka.logs[SCORES.name, partition].values)
        expected |= one_by_one(partition, kafka.logs[BY_TERMINAL.name, partition].values)
    alerts = [
        msgspec.json.decode(value, type=Alert) for p in range(PARTITIONS) for value in kafka.logs[ALERTS.name, p].values
    ]

    assert found == expected
    assert len({version for version, _ in found.values()} & VERSION) > 1
    assert {(a.source.partition, a.source.offset) for a in alerts if a.kind == "fraud"} <= found.keys()
    assert len({alert.id for alert in alerts}) == len(alerts)
    for alert in alerts:
        if alert.kind == "fraud":
            assert (alert.detector.version, alert.score) == found[alert.source.partition, alert.source.offset]


def test_the_order_stands_between_two_records_of_one_slice() -> None:
    """One fetch brings a payment, the order, and the next payment: the first has the old model, the second the new."""
    settings = msgspec.convert({"kafka": {"partitions": 1}}, type(SETTINGS))
    customers, terminals, _ = stages_of(settings, [AmountRatio()], MODELS)
    first, second = customers.factory(0), terminals.factory(0)
    second.restore()

    def paid(number: int) -> list[bytes]:
        payment = Transaction(id=f"t{number}", at=START + number, customer="c", terminal="m", amount=100)
        piece = a_piece(TRANSACTIONS.name, [encode(payment)], number)
        return [r.value for r in first.feed(piece, now=START).records if r.topic == BY_TERMINAL.name]

    idle = [record.value for record in first.idle("labels", now=0).records]
    values = [*idle, *paid(0), pack_swap("b"), *paid(1)]
    output = second.feed(a_piece(BY_TERMINAL.name, values, 0), now=0)
    batches = [msgspec.json.decode(r.value, type=Scores) for r in output.records if r.topic == SCORES.name]

    assert [(batch.ids, batch.versions) for batch in batches] == [(["t0"], {"ratio": "1"}), (["t1"], {"ratio": "b"})]
    assert output.scored.size == 2


def test_a_model_that_does_not_load_is_passed_over_and_one_that_is_not_there_ends_the_worker() -> None:
    """The order to change to an artefact no release can read leaves the old one; a lost artefact is no reason to guess.

    What is not to be had now may be after a restart, so going on would score by a model that chance chose.
    """
    stage = stages_of(SETTINGS, [AmountRatio()], MODELS)[1].factory(0)
    stage.restore()
    stage.feed(a_piece(BY_TERMINAL.name, [pack_swap("b"), pack_swap("bad")], 0), now=0)
    stage.mark(written={})
    again = stages_of(SETTINGS, [AmountRatio()], MODELS)[1].factory(0)
    again.state.checkpoint = stage.state.checkpoint
    again.restore()

    assert [one.version for one in again._scorer.detectors] == ["b"]  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="model gone: not there"):
        stage.feed(a_piece(BY_TERMINAL.name, [pack_swap("gone")], 2), now=0)
    with pytest.raises(ModelError, match="which a replay does not read"):
        Models(own=[]).of("b")


def test_a_partition_without_any_state_begins_with_the_champion(caplog: pytest.LogCaptureFixture) -> None:
    """A new group's worker: the order to change may have passed out of the topic long ago."""
    with caplog.at_level(logging.WARNING, "weir.models"):
        stage = stages_of(SETTINGS, [AmountRatio()], beginning_with(MODELS, "c"))[1].factory(0)
        stage.restore()
        stage.feed(a_piece(BY_TERMINAL.name, [pack_swap("c"), pack_swap(OWN)], 0), now=0)

    assert "event=model_swapped partition=0 offset=1 from=c to=settings" in caplog.text
    assert caplog.text.count("model_swapped") == 1


def test_an_order_is_told_from_a_block_and_must_name_an_identity() -> None:
    """Whatever else begins so is refused: nobody but the registry writes there."""
    assert swap_in(pack_swap("0a1b")) == "0a1b"
    assert swap_in(pack_swap(OWN)) == OWN
    assert swap_in(b"\x9b\x02") is None
    with pytest.raises(ModelError, match="expected the identity of a model"):
        swap_in(pack_swap("../x"))


def a_piece(topic: str, values: Sequence[bytes], begin: int) -> Slice:
    """Records of partition 0 from an offset on."""
    return Slice(
        topic=topic,
        partition=0,
        offset=np.arange(begin, begin + len(values)),
        produced=np.full(len(values), START),
        values=values,
        next_offset=begin + len(values),
    )


def beginning_with(models: Models, first: str) -> Models:
    """The same models, beginning with another."""
    return Models(own=models.own, first=first, detectors=models.detectors)
