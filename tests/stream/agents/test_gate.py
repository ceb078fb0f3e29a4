"""When outboxes are emptied (``stream.agents.gate``): on a real loop, with answers given by hand."""

import asyncio

from stream.agents.gate import PATIENCE_SECONDS, Gate


class Box:
    """Notes when it was told to send."""

    def __init__(self, name: str, sent: list[str]) -> None:
        self.name, self._sent = name, sent

    def send(self, gate: Gate) -> None:  # noqa: ARG002  # it is answered by hand
        """Note it."""
        self._sent.append(self.name)


async def _a_moment() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_what_comes_in_one_turn_of_the_loop_goes_together() -> None:
    """Four partitions are written to one after the other: all are emptied after the last, each once."""
    sent: list[str] = []

    async def story() -> None:
        gate = Gate()
        boxes = [Box(name, sent) for name in "abcd"]
        for box in [*boxes, *boxes]:
            gate.want(box)
            assert sent == []
        await _a_moment()

    asyncio.run(story())

    assert sent == list("abcd")


def test_what_comes_while_an_answer_is_due_goes_with_it() -> None:
    """A request is under way: what wants to follow waits until Kafka has answered, then goes at once."""
    sent: list[str] = []

    async def story() -> None:
        gate = Gate()
        gate.want(Box("first", sent))
        await _a_moment()
        gate.want(Box("second", sent))
        gate.want(Box("third", sent))
        await _a_moment()
        assert sent == ["first"]
        gate.answer()
        await _a_moment()

    asyncio.run(story())

    assert sent == ["first", "second", "third"]


def test_a_partition_that_is_never_answered_for_holds_up_no_other() -> None:
    """Kafka does not take one partition's records: the others go without its answer, after a while."""
    sent: list[str] = []

    async def story() -> None:
        gate = Gate()
        gate.want(Box("stuck", sent))
        await _a_moment()
        gate.want(Box("other", sent))
        await asyncio.sleep(2 * PATIENCE_SECONDS)

    asyncio.run(story())

    assert sent == ["stuck", "other"]


def test_what_may_wait_goes_with_what_may_not() -> None:
    """Scores may be gathered for an hour here; a row that may not wait takes them along."""
    sent: list[str] = []

    async def story() -> None:
        gate = Gate()
        gate.want(Box("scores", sent), within_seconds=3600.0)
        await _a_moment()
        assert sent == []
        gate.want(Box("row", sent))
        await _a_moment()

    asyncio.run(story())

    assert sent == ["scores", "row"]


def test_an_answer_does_not_hurry_what_may_wait() -> None:
    """After the answer to a row, scores that came meanwhile are still gathered."""
    sent: list[str] = []

    async def story() -> None:
        gate = Gate()
        gate.want(Box("row", sent))
        await _a_moment()
        gate.want(Box("scores", sent), within_seconds=3600.0)
        gate.answer()
        await _a_moment()

    asyncio.run(story())

    assert sent == ["row"]
