"""The verdict: what stands on the topics against a replay of the very same input logs, offset by offset."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.detector import Detector
from stream.core.customer_stage import CustomerStage
from stream.core.customers import CustomerTable
from stream.core.market.stage import MarketStage
from stream.core.market.table import SymbolTable
from stream.core.stage import Stage
from stream.core.terminal_state import COOLDOWN, TOLD
from stream.core.terminals import TerminalTable
from stream.errors import StateError
from stream.faults.compare import Contents, Examples, Told, alerts_of, compare, contents_of, name_some, scores_of
from stream.faults.evidence import Evidence, Rows
from stream.replay import Replay, outgoing
from stream.settings import Settings
from stream.walk import STAGES
from stream.wire.events import DeadLetter, RiskSnapshot
from stream.wire.records import Slice
from stream.wire.topics import ALERTS, DEAD_LETTERS, LABELS, RISK, SCORES, TICKS

_PIECE = 4096  # records fed at a time: changes no figure
_SWEEPS = 70  # calls of ``take_dirty`` after which every row was looked at once whether it may be forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All that was compared.

    events_in      records on the input topics
    scored         payments on ``scores``, each once; ticks and labels that the durable checkpoints say are done
    dead_letters   distinct
    alerts, risk, letters  told once each?
    scores_wrong   payments without their scores, with others, or with scores that nobody expected
    state_wrong    rows of any changelog that differ, lack or are too many
    examples       ids and keys of a few of each, for whoever looks for the cause; never a payload
    """

    events_in: int
    scored: int
    dead_letters: int
    alerts: Told
    risk: Told
    letters: Told
    scores_wrong: int
    state_wrong: int
    examples: Examples = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong, on any topic."""
        return not (self.alerts.wrong or self.risk.wrong or self.letters.wrong or self.scores_wrong or self.state_wrong)


def judge(evidence: Evidence, settings: Settings, detectors: Sequence[Detector]) -> Verdict:
    """Replay the input logs of ``evidence`` and compare all else in it with what comes of that."""
    replay = Replay(settings, detectors)
    expected: dict[str, list[bytes]] = {topic.name: [] for topic in (ALERTS, RISK, DEAD_LETTERS, SCORES)}
    for record in outgoing(replay.follow(in_turn(evidence.inputs))):
        expected[record.topic].append(record.value)
    examples: Examples = {}
    alerts = compare("alerts", alerts_of(evidence.alerts), alerts_of(expected[ALERTS.name]), examples)
    risk = compare(
        "risk", contents_of(evidence.risk, RiskSnapshot), contents_of(expected[RISK.name], RiskSnapshot), examples
    )
    found_letters = list(contents_of(evidence.dead_letters, DeadLetter))
    letters = compare("dead letters", found_letters, contents_of(expected[DEAD_LETTERS.name], DeadLetter), examples)
    found, contradicted = scores_of(evidence.scores)
    wanted, _ = scores_of(expected[SCORES.name])
    wrong = contradicted | {place for place in found.keys() | wanted.keys() if found.get(place) != wanted.get(place)}
    name_some("scores", (f"{partition}-{offset}" for partition, offset in wrong), examples)
    return Verdict(
        events_in=sum(map(len, evidence.inputs)),
        scored=len(found) + _ticks_scored(evidence, settings) + _labels_done(evidence, settings),
        dead_letters=len({name for name, _ in found_letters}),
        alerts=alerts,
        risk=risk,
        letters=letters,
        scores_wrong=len(wrong),
        state_wrong=_state_wrong(evidence, replay, examples),
        examples=examples,
    )


def in_turn(logs: Iterable[Slice]) -> Iterator[Slice]:
    """Cut logs into pieces and take them in turn, so that all come to their end together."""
    whole = [log for log in logs if len(log)]
    pieces = max((len(log) // _PIECE + 1 for log in whole), default=0)
    for piece in range(pieces):
        for log in whole:
            begin, end = (len(log) * at // pieces for at in (piece, piece + 1))
            yield Slice(
                topic=log.topic,
                partition=log.partition,
                offset=log.offset[begin:end],
                produced=log.produced[begin:end],
                values=log.values[begin:end],
                next_offset=int(log.offset[end]) if end < len(log) else log.next_offset,
            )


def _ticks_scored(evidence: Evidence, settings: Settings) -> int:
    """Count the ticks that the market's durable checkpoints say were scored."""
    count = 0
    for partition, checkpoint in evidence.checkpoints[STAGES[2]].items():
        stage = MarketStage(partition, settings)
        stage.state.checkpoint = checkpoint
        stage.restore()
        count += stage.counts["scored", TICKS.name]
    return count


def _labels_done(evidence: Evidence, settings: Settings) -> int:
    """Count the labels that the first stage's durable checkpoints say are done, less those refused."""
    until: dict[int, int] = {}
    for partition, checkpoint in evidence.checkpoints[STAGES[0]].items():
        stage = CustomerStage(partition, settings)
        stage.state.checkpoint = checkpoint
        stage.restore()
        until[partition] = stage.resume_at().get(LABELS.name, 0)
    logs = [log for log in evidence.inputs if log.topic == LABELS.name]
    done = sum(int(np.count_nonzero(log.offset < until.get(log.partition, 0))) for log in logs)
    refused = {name for name, letter in contents_of(evidence.dead_letters, DeadLetter) if _is_label(letter)}
    return done - len(refused)


def _is_label(letter: Contents) -> bool:
    return bool(letter["source"]["topic"] == LABELS.name)


def _state_wrong(evidence: Evidence, replay: Replay, examples: Examples) -> int:
    """Count the rows that differ, byte by byte, or stand on one side alone."""
    wrong = 0
    replayed: tuple[Sequence[Stage], ...] = (replay.customers, replay.terminals, replay.market)
    for name, stages in zip(STAGES, replayed, strict=True):
        wanted, forgettable = _rows_of(stages)
        found = {at: _today(name, at[1], row) for at, row in evidence.rows[name].items()}
        bad = [at for at in found.keys() | wanted.keys() if found.get(at) != wanted.get(at)]
        bad = [at for at in bad if at in found or at not in forgettable]
        name_some(f"rows of {name}", (f"{partition}-{key.decode()}" for partition, key in bad), examples)
        wrong += len(bad)
    return wrong


def _today(stage: str, key: bytes, row: bytes) -> bytes:
    """Have a row as the present release would write it: an earlier one may have. What none can read stays as it is."""
    rows = {STAGES[0]: CustomerTable.LAYOUT, STAGES[1]: TerminalTable.LAYOUT, STAGES[2]: SymbolTable.LAYOUT}
    try:
        return (TOLD.layout if key.startswith(COOLDOWN) else rows[stage]).present(row)
    except StateError:
        return row


def _rows_of(stages: Sequence[Stage]) -> tuple[Rows, set[tuple[int, bytes]]]:
    """All rows of stages, and the keys that hold nothing any more: a worker may have forgotten them by now."""
    rows: Rows = {}
    forgettable: set[tuple[int, bytes]] = set()
    for partition, stage in enumerate(stages):
        keys, values = stage.state.take_dirty()
        rows |= {(partition, key): value for key, value in zip(keys, values, strict=True) if value is not None}
        for _ in range(_SWEEPS):
            forgettable |= {(partition, key) for key in stage.state.take_dirty()[0]}
    return rows, forgettable
