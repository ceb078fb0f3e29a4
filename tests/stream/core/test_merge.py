"""The merge: one order, whatever order the blocks came in, and the same again after a restart."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.merge import NEVER, Merge, initial
from stream.core.shuffle import Block

Position = tuple[int, int, int]


def a_block(
    origin: int,
    events: list[tuple[int, int]],
    *,
    position: int | None = None,
    frontier: int | None = None,
    idle: bool = False,
) -> Block:
    """A block of (offset, at) events of one origin, in order of time."""
    offset = np.array([o for o, _ in events], np.int64)
    at = np.array([a for _, a in events], np.int64)
    names = [f"{origin}-{o}" for o, _ in events]
    return Block(
        origin=origin,
        position=position if position is not None else events[-1][0] + 1 if events else -1,
        frontier=(int(at[-1]) if events else NEVER) if frontier is None else frontier,
        idle=idle,
        integers=np.array((offset, at, at, np.maximum.accumulate(at), at)),
        id=names,
        customer=names,
        terminal=names,
        features=np.zeros((len(events), 2)),
    )


def released(merge: Merge) -> list[str]:
    """The ids that the merge lets go now."""
    merged = merge.release()
    return [] if merged is None else merged.id


@st.composite
def streams(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """A few origins, each with events in event-time order, ties included."""
    origins = draw(st.integers(1, 4))
    times = st.lists(st.integers(0, 30), max_size=12).map(sorted)
    return [list(enumerate(draw(times))) for _ in range(origins)]


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[list[tuple[int, int]]], list[Block]]:
    """Streams cut into blocks at random and laid into one log in a random interleaving, each ended by idleness."""
    sources = draw(streams())
    queues: list[list[Block]] = []
    for origin, events in enumerate(sources):
        cuts = sorted(draw(st.lists(st.integers(0, len(events)), max_size=4)))
        pieces = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
        last = NEVER
        queue = []
        for piece in pieces:
            last = max([last, *(at for _, at in piece)])
            queue.append(a_block(origin, piece, frontier=last))
        queues.append([*queue, a_block(origin, [], frontier=last, idle=True)])
    log = []
    while any(queues):
        chosen = draw(st.sampled_from([i for i, queue in enumerate(queues) if queue]))
        log.append(queues[chosen].pop(0))
    return sources, log


def in_total_order(sources: list[list[tuple[int, int]]]) -> list[str]:
    """The oracle: sort everything at once."""
    everything = sorted((at, origin, offset) for origin, events in enumerate(sources) for offset, at in events)
    return [f"{origin}-{offset}" for _, origin, offset in everything]


@given(logs())
@settings(max_examples=200, deadline=None)
def test_any_interleaving_of_origins_gives_the_same_order(
    case: tuple[list[list[tuple[int, int]]], list[Block]],
) -> None:
    """However the origins' blocks are cut and laid into the log, events leave sorted by (time, origin, offset)."""
    sources, log = case
    merge = Merge(len(sources), 2)
    order = []
    for record, block in enumerate(log):
        merge.add(block, record)
        order += released(merge)

    assert order == in_total_order(sources)
    assert len(merge) == 0


@st.composite
def logs_with_silences(draw: st.DrawFn) -> list[Block]:
    """A log as above in which origins also fall idle in between, and come back with older events or newer ones."""
    sources, log = draw(logs())
    mixed: list[Block] = []
    for block in log:
        mixed.append(block)
        if draw(st.booleans()):
            origin = draw(st.integers(0, len(sources) - 1))
            frontier = max([b.frontier for b in mixed if b.origin == origin], default=NEVER)
            mixed.append(a_block(origin, [], frontier=frontier, idle=True))
    return mixed


def positions(merge: Merge) -> list[Position]:
    """The positions in the total order that the merge lets go now."""
    merged = merge.release()
    return (
        []
        if merged is None
        else list(zip(*(c.tolist() for c in (merged.seq, merged.origin, merged.offset)), strict=True))
    )


@given(logs_with_silences(), st.data())
@settings(max_examples=300, deadline=None)
def test_a_restart_at_the_resume_point_repeats_the_rest(log: list[Block], data: st.DataObject) -> None:
    """A worker that stops anywhere and reads on from the resume point gives every event the same position again.

    Positions only rise, with silences too, so "at or below the row's last position" means "already applied".
    """
    origins = 1 + max(block.origin for block in log)
    whole: list[Position] = []
    merge = Merge(origins, 2)
    stop = data.draw(st.integers(0, len(log)))
    resume, gone = (0, initial(origins)), 0
    for record, block in enumerate(log):
        if record == stop:
            resume, gone = merge.resume_point(stop), len(whole)
        merge.add(block, record)
        whole += positions(merge)
    if stop == len(log):
        resume, gone = merge.resume_point(stop), len(whole)
    again = Merge(origins, 2)
    again.restore(resume[1])
    after = []
    for record, block in enumerate(log[resume[0] :], resume[0]):
        again.add(block, record)
        after += positions(again)

    assert whole == sorted(whole)
    assert len(whole) == sum(len(block) for block in log)
    assert [position for position in after if position not in set(whole[:gone])] == whole[gone:]
    assert set(after) <= set(whole)


def test_a_block_sent_twice_is_taken_once() -> None:
    """A customer worker that crashed after sending sends again: the second copy changes nothing."""
    merge = Merge(1, 2)
    for record in range(2):
        merge.add(a_block(0, [(0, 5), (1, 6)]), record)

    assert released(merge) == ["0-0", "0-1"]
    assert len(merge) == 0


def test_an_origin_that_never_spoke_is_waited_for() -> None:
    """At start a partition not yet read may hold older events, so nothing passes until it has spoken."""
    merge = Merge(2, 2)
    merge.add(a_block(0, [(0, 5)]), 0)
    waiting = released(merge)
    merge.add(a_block(1, [], idle=True), 1)

    assert waiting == []
    assert released(merge) == ["0-0"]


def test_an_idle_origin_that_returns_late_follows_what_was_released() -> None:
    """Its older event can't be put before what is gone; it follows right after instead of being lost."""
    merge = Merge(2, 2)
    merge.restore(initial(2))
    merge.add(a_block(1, [], idle=True), 0)
    merge.add(a_block(0, [(0, 10)]), 1)
    first = released(merge)
    merge.add(a_block(1, [(0, 4), (1, 12)]), 2)
    merge.add(a_block(0, [(1, 20)]), 3)

    assert first == ["0-0"]
    assert released(merge) == ["1-0", "1-1"]


def test_old_news_of_a_worker_that_was_replaced_makes_nobody_idle() -> None:
    """A worker that woke up late says that it read origin 1 to its end; its successor has read on: it is waited for."""
    merge = Merge(2, 2)
    merge.add(a_block(1, [(0, 4), (1, 5)]), 0)
    merge.add(a_block(1, [], position=1, frontier=4, idle=True), 1)
    merge.add(a_block(0, [(0, 10)]), 2)
    waiting = released(merge)
    merge.add(a_block(1, [(2, 7), (3, 12)]), 3)

    assert waiting == ["1-0", "1-1"]
    assert released(merge) == ["1-2", "0-0"]


def test_a_block_of_an_older_release_has_no_history_for_features_it_did_not_know() -> None:
    """Its payments wait in the internal topic while the worker is replaced: two features then, three now."""
    merge = Merge(1, 3)
    merge.add(a_block(0, [(0, 5)], idle=True), 0)
    merged = merge.release()

    assert merged is not None
    np.testing.assert_array_equal(merged.features, [[0.0, 0.0, np.nan]])
