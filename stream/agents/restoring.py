"""Going on from checkpoints: the one path of first start, crash recovery and rebalance."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from faust.types import TP

from stream.agents.lane import CHANGELOG, Lane
from stream.agents.spec import StageSpec, changelog_topic
from stream.agents.tail import Tail
from stream.errors import StreamError
from stream.settings import Settings

log = logging.getLogger("weir.agents")

Named: TypeAlias = Callable[[str], str]  # topic → its full name


class Offsets(Protocol):
    """Where the group stands."""

    async def committed(self, partitions: Iterable[TP]) -> dict[TP, int | None]:
        """Look up committed offsets; None where there is none."""
        ...


def partitions_of(spec: StageSpec, assigned: set[TP], settings: Settings) -> set[int]:
    """Partitions of which this worker has all the spec's topics and the changelog.

    Raises StreamError where a worker got some of them without the others: their records belong together.
    """
    topics = [*(settings.kafka.named(topic) for topic in spec.topics), changelog_topic(settings, spec.name)]
    per_topic = {topic: {tp.partition for tp in assigned if tp.topic == topic} for topic in topics}
    every = set.intersection(*per_topic.values())
    for topic, partitions in per_topic.items():
        if topic != topics[-1] and partitions != every:
            lacking = [name for name in topics if not partitions <= per_topic[name]] or [topic]
            raise StreamError(
                f"stage {spec.name}: expected partitions {sorted(partitions)} of {', '.join(lacking)} beside those of "
                f"{topic}, there are {sorted(per_topic[lacking[0]])}. If the changelog is missing, {_rebuild(spec)}; "
                "if another topic is, create the topics again and set the group's offsets back to the beginning"
            )
    return every


async def resume(lanes: list[Lane], offsets: Offsets, settings: Settings) -> list[Lane]:
    """Set every lane to go on from its checkpoint; returns those that had none, to be given one before they feed.

    Raises StreamError where the state is gone or older than what the group has committed.
    """
    named = settings.kafka.named
    sources = {TP(named(topic), lane.partition) for lane in lanes for topic in lane.spec.topics}
    committed = await offsets.committed(sources)
    written = {lane: lane.stage.restore() for lane in lanes}
    for lane in lanes:
        _check(lane, {topic: committed[TP(named(topic), lane.partition)] for topic in lane.spec.topics}, settings)
    starts = _earliest(lanes, written, named)
    logs = {lane: TP(changelog_topic(settings, lane.spec.name), lane.partition) for lane in lanes}
    async with Tail(settings.kafka) as tail:
        ids = await tail.ids_since(starts)
        source_ends = await tail.ends(sources)
        outputs = {TP(named(topic), lane.partition) for lane in lanes for topic in lane.spec.outputs}
        ends = await tail.ends(outputs)
        log_ends = await tail.ends(logs.values())
        beginnings = await tail.beginnings(tp for tp, offset in committed.items() if offset is None)
    for lane in lanes:
        _check_ends(lane, source_ends, named)
        _check_log(lane, written[lane], logs[lane], log_ends[logs[lane]])
        of = {topic: TP(named(topic), lane.partition) for topic in (*lane.spec.outputs, *lane.spec.topics)}
        lane.resume(
            position={
                topic: at if (at := committed[of[topic]]) is not None else beginnings[of[topic]]
                for topic in lane.spec.topics
            },
            ends={topic: source_ends[of[topic]] for topic in lane.spec.topics},
            written={topic: min(written[lane].get(topic, 0), ends[of[topic]]) for topic in lane.spec.outputs},
            tails={topic: ends[of[topic]] for topic in lane.spec.outputs},
            published={topic: ids.get(of[topic], set()) for topic in lane.spec.outputs},
        )
    log.info("event=resumed lanes=%d repeated_ids=%d", len(lanes), sum(map(len, ids.values())))
    return [lane for lane in lanes if not lane.stage.state.checkpoint]


def _earliest(lanes: list[Lane], written: Mapping[Lane, Mapping[str, int]], named: Named) -> dict[TP, int]:
    """From where to read each output partition: two stages may write to one.

    A stage that begins anew may come to all that stands there: it was lost, or another group has published it.
    """
    starts: dict[TP, int] = {}
    for lane in lanes:
        for topic in lane.spec.outputs:
            tp = TP(named(topic), lane.partition)
            start = written[lane].get(topic, 0)
            starts[tp] = min(start, starts.get(tp, start))
    return starts


def _check(lane: Lane, committed: Mapping[str, int | None], settings: Settings) -> None:
    """Refuse to go on from state that is gone or old: the records it lacks would be skipped in silence."""
    resume_at = lane.stage.resume_at()
    for topic, offset in committed.items():
        if offset and offset > resume_at.get(topic, 0):
            changelog = changelog_topic(settings, lane.spec.name)
            was = f"reaches offset {resume_at.get(topic, 0)}" if lane.stage.state.checkpoint else "is gone"
            raise StreamError(
                f"{changelog}-{lane.partition}: expected state up to offset {offset} of {topic}, which group "
                f"{settings.kafka.group} has committed, but it {was}. End all workers and {_rebuild(lane.spec)}, or "
                "bring the changelog back"
            )


def _check_log(lane: Lane, written: Mapping[str, int], changelog: TP, end: int) -> None:
    """Refuse a changelog that is not the one whose rows and checkpoint we have; else know its end."""
    require_same(lane, changelog, least=lane.log_end, end=end)
    if lane.loaded_at is not None:
        require_same(lane, changelog, least=written.get(CHANGELOG, 0), end=lane.loaded_at)
    lane.log_end = end


def require_same(lane: Lane, changelog: TP, *, least: int, end: int) -> None:
    """Refuse a changelog that is shorter than it was: it was lost and made anew, with new rows alone.

    least  offset that is known to have been reached
    end    offset that there is
    """
    if end < least:
        raise StreamError(
            f"{changelog.topic}-{changelog.partition}: expected {least} records or more, there are {end}: it was made "
            f"anew, and older rows are gone. End all workers and {_rebuild(lane.spec)}"
        )


def _rebuild(spec: StageSpec) -> str:
    return f"run `weir rebuild {spec.name}`, which makes its state again from the stream"


def _check_ends(lane: Lane, ends: Mapping[TP, int], named: Named) -> None:
    """Refuse a source that ends before the state does: it was made anew, and its records would be taken for old."""
    for topic, done in lane.stage.resume_at().items():
        end = ends[TP(named(topic), lane.partition)]
        if done > end:
            raise StreamError(
                f"{named(topic)}-{lane.partition}: expected at least {done} records, as the state of {lane.spec.name} "
                f"has seen, there are {end}. If the topic was made anew, start a new group (kafka.group) or a new "
                "prefix (kafka.prefix)"
            )
