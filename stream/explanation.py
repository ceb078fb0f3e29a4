"""Why an alert was told: its event judged again from the topics, with features, contributions and history."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import numpy as np

from models.detector import Detector
from stream.consume import consumer_of, read_places_to_end, read_to_end
from stream.core.merge import Merged
from stream.core.names import FEATURES
from stream.core.scoring import Scored, Scorer
from stream.core.sentences import usual_here
from stream.errors import WeirError
from stream.replay import Keyed, Replay
from stream.settings import Settings
from stream.wire.columns import Floats, Matrix
from stream.wire.events import Alert, DeadLetter, Label, RiskSnapshot, Transaction
from stream.wire.topics import ALERTS, DEAD_LETTERS, LABELS, RISK, TRANSACTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A payment's alert, taken apart.

    features   name → (value, usual, contribution to the score of the alert's detector); nan: no history
    score      recomputed; equal to the alert's if the topics still hold the history
    customer   the customer's payments before, oldest first
    terminal   the terminal's payments before, oldest first
    verdicts   what was known of the terminal's payments before
    """

    alert: Alert
    features: dict[str, tuple[float, float, float]]
    score: float
    customer: list[Transaction]
    terminal: list[Transaction]
    verdicts: list[Label]


def find_alert(settings: Settings, name: str) -> Alert:
    """Find an alert by its id or the beginning of it.

    Raises WeirError where there is none, or more than one.
    """
    consumer = consumer_of(settings, [ALERTS.name], from_beginning=True)
    found: dict[str, Alert] = {}
    for _, value in read_to_end(consumer):
        if name.encode() in value:
            alert = msgspec.json.decode(value, type=Alert)
            if alert.id.startswith(name):
                found[alert.id] = alert
    consumer.close()
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise WeirError(f"no alert {name} on topic {ALERTS.name}; `weir alerts --until-end --json` lists them")
    raise WeirError(f"{name} begins {len(found)} alerts; give more of the id: {', '.join(sorted(found)[:5])} …")


def snapshots_before(settings: Settings, alert: Alert, count: int) -> list[RiskSnapshot]:
    """The last risk snapshots of a symbol up to its alert, oldest first."""
    consumer = consumer_of(settings, [RISK.name], from_beginning=True)
    seen: dict[str, RiskSnapshot] = {}
    for _, value in read_to_end(consumer):
        snapshot = msgspec.json.decode(value, type=RiskSnapshot)
        if snapshot.symbol == alert.entity.id and snapshot.at <= alert.at:
            seen[snapshot.id] = snapshot
    consumer.close()
    return sorted(seen.values(), key=lambda snapshot: snapshot.at)[-count:]


def explain(
    settings: Settings, alert: Alert, detectors: Sequence[Detector], on_read: Callable[[int], None]
) -> Explanation:
    """Judge an alert's payment again from what stands on ``transactions`` and ``labels``.

    on_read  told the number of records read, now and then
    Raises WeirError where the payment is gone from its topic.
    """
    customer, terminal = str(alert.evidence["customer"]), str(alert.evidence["terminal"])
    listener = _Listener(str(alert.evidence["transaction"]))
    history = list(_history(settings, customer, terminal, on_read))
    for _ in Replay(settings, detectors, observe=listener).run(history):
        pass
    if listener.found is None:
        raise WeirError(f"payment {listener.transaction} is no longer on topic {TRANSACTIONS.name}")
    x, scores = listener.found
    return _take_apart(alert, detectors, x, scores, [event for _, _, event in history])


@dataclass(slots=True)
class _Listener:
    """Waits for one payment."""

    transaction: str
    found: tuple[Matrix, dict[str, float]] | None = field(default=None)

    def __call__(self, merged: Merged, x: Matrix, scored: Scored) -> None:
        if self.transaction in merged.id:
            row = merged.id.index(self.transaction)
            self.found = x[row : row + 1].copy(), {name: float(s[row]) for name, s in scored.scores.items()}


def _history(settings: Settings, customer: str, terminal: str, on_read: Callable[[int], None]) -> Iterator[Keyed]:
    """The customer's and the terminal's payments and the terminal's verdicts, in the order in which they were judged.

    That is the order of the newest event time of their partition. What became a dead letter is no history.
    """
    refused = _refused(settings)
    consumer = consumer_of(settings, [TRANSACTIONS.name, LABELS.name], from_beginning=True)
    wanted: list[tuple[int, str, int, int, Transaction | Label]] = []
    newest: dict[tuple[str, int], int] = {}
    decode = msgspec.json.Decoder(Transaction | Label).decode
    for count, (place, offset, value) in enumerate(read_places_to_end(consumer), 1):
        if count % 10_000 == 0:
            on_read(count)
        topic = place.topic.removeprefix(settings.kafka.prefix)
        if (topic, place.partition, offset) in refused:
            continue
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # no worker has come so far yet
            event = decode(value)
            at = newest[topic, place.partition] = max(event.at, newest.get((topic, place.partition), 0))
            if customer == event.customer or terminal == event.terminal:
                wanted.append((at, topic, place.partition, offset, event))
    consumer.close()
    for _, topic, _, _, event in sorted(wanted, key=lambda found: found[:4]):
        yield topic, event.customer, event


def _refused(settings: Settings) -> set[tuple[str, int, int]]:
    """Where the records stand that became dead letters."""
    consumer = consumer_of(settings, [DEAD_LETTERS.name], from_beginning=True)
    letters = [msgspec.json.decode(value, type=DeadLetter) for _, value in read_to_end(consumer)]
    consumer.close()
    return {(letter.source.topic, letter.source.partition, letter.source.offset) for letter in letters}


def _take_apart(
    alert: Alert,
    detectors: Sequence[Detector],
    x: Matrix,
    scores: dict[str, float],
    history: Sequence[object],
) -> Explanation:
    scorer = Scorer(detectors)
    which = next((i for i, d in enumerate(detectors) if d.name == alert.detector.name), None)
    if which is None:
        raise WeirError(f"detector {alert.detector.name} is not among alerts.detectors")
    detector = detectors[which]
    if detector.version != alert.detector.version:
        raise WeirError(
            f"the alert was told by {detector.name} {alert.detector.version}, installed is {detector.version}"
        )
    contributions: Floats = detector.explain(scorer.view(which, x))[0]
    value = dict(zip(FEATURES, x[0].tolist(), strict=True))
    usual = usual_here(value, dict(zip(detector.features, np.asarray(detector.usual).tolist(), strict=True)))
    shares = zip(detector.features, contributions.tolist(), strict=True)
    ranked = sorted(shares, key=lambda pair: -pair[1])
    before = [event for event in history if isinstance(event, Transaction | Label) and event.at < alert.at]
    before.sort(key=lambda event: event.at)
    payments = [event for event in before if isinstance(event, Transaction)]
    return Explanation(
        alert=alert,
        features={name: (value[name], usual[name], share) for name, share in ranked},
        score=scores[alert.detector.name],
        customer=[p for p in payments if p.customer == alert.evidence["customer"]],
        terminal=[p for p in payments if p.terminal == alert.evidence["terminal"]],
        verdicts=[v for v in before if isinstance(v, Label) and v.terminal == alert.evidence["terminal"]],
    )
