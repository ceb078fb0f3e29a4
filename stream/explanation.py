"""Why an alert was told: its event judged again from the topics, with features, contributions and history."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import numpy as np

from models.detector import Detector
from stream.consume import consumer_of, read_places_to_end, read_to_end
from stream.core.merge import Merged
from stream.core.names import CUSTOMER_FEATURES, FEATURES, TERMINAL_FEATURES
from stream.core.scoring import Scored, Scorer
from stream.core.sentences import usual_here
from stream.errors import WeirError
from stream.replay import Keyed, Replay, outgoing
from stream.settings import Settings
from stream.wire.columns import Floats, Matrix
from stream.wire.events import Alert, DeadLetter, Label, RiskSnapshot, Transaction
from stream.wire.topics import ALERTS, DEAD_LETTERS, LABELS, RISK, TRANSACTIONS

_ENOUGH = 5  # earlier payments from which on they say what is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A payment's alert, taken apart.

    features   name → (value, usual, contribution to the score of the alert's detector); nan: no history. Usual is the
               median of this customer's, or terminal's, earlier payments; below five, that of all
    score      recomputed; equal to the alert's if the topics still hold the history
    customer   the customer's payments before, oldest first
    terminal   the terminal's payments before, oldest first
    verdicts   what was known of the terminal's payments before
    scores     recomputed, of every detector; ``limits`` likewise: from which it alerts on this payment
    again      the alert as the replay told it; None where it told none
    history    what was replayed, in its order: ``stream.explaining.passing`` replays it with another payment
    """

    alert: Alert
    features: dict[str, tuple[float, float, float]]
    score: float
    customer: list[Transaction]
    terminal: list[Transaction]
    verdicts: list[Label]
    scores: dict[str, float] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    again: Alert | None = None
    history: Sequence[Keyed] = ()


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
    return explain_from(settings, alert, detectors, list(_history(settings, customer, terminal, on_read)))


def explain_from(
    settings: Settings, alert: Alert, detectors: Sequence[Detector], history: Sequence[Keyed]
) -> Explanation:
    """Judge an alert's payment again from the events of its customer and terminal, in the order of processing.

    Raises WeirError where the payment is not among them.
    """
    judged = judge_again(settings, detectors, history, str(alert.evidence["transaction"]))
    if judged is None:
        raise WeirError(f"payment {alert.evidence['transaction']} is no longer on topic {TRANSACTIONS.name}")
    return _take_apart(alert, detectors, judged, history)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One payment as a replay judged it.

    x        (1, FEATURES)
    scores   by detector
    own      (k, FEATURES) rows of earlier payments of its customer; ``there`` of its terminal
    alert    that it made; None: no detector was at its threshold, or a cooldown held it
    """

    x: Matrix
    scores: dict[str, float]
    own: Matrix
    there: Matrix
    alert: Alert | None


def judge_again(
    settings: Settings, detectors: Sequence[Detector], history: Sequence[Keyed], transaction: str
) -> Judged | None:
    """Replay events of one customer and one terminal and return how one payment came out; None where it did not."""
    listener = _Listener(transaction)
    told: Alert | None = None
    for record in outgoing(Replay(settings, detectors, observe=listener).run(history)):
        if record.topic == ALERTS.name and transaction.encode() in record.value:
            alert = msgspec.json.decode(record.value, type=Alert)
            told = alert if alert.evidence.get("transaction") == transaction else told
    if listener.found is None:
        return None
    x, scores = listener.found
    own, there = listener.before()
    return Judged(x=x, scores=scores, own=own, there=there, alert=told)


@dataclass(slots=True)
class _Listener:
    """Waits for one payment and keeps the rows of all: of other partitions some come later that were before."""

    transaction: str
    found: tuple[Matrix, dict[str, float]] | None = field(default=None)
    _who: tuple[int, str, str] = field(default=(0, "", ""))
    _rows: list[tuple[int, str, str, Floats]] = field(default_factory=list)

    def __call__(self, merged: Merged, x: Matrix, scored: Scored) -> None:
        self._rows += zip(merged.at.tolist(), merged.customer, merged.terminal, x.copy(), strict=True)
        if self.transaction in merged.id:
            row = merged.id.index(self.transaction)
            self.found = x[row : row + 1].copy(), {name: float(s[row]) for name, s in scored.scores.items()}
            self._who = int(merged.at[row]), merged.customer[row], merged.terminal[row]

    def before(self) -> tuple[Matrix, Matrix]:
        """Rows of earlier payments of its customer, and of its terminal."""
        at, customer, terminal = self._who
        rows = [row for row in self._rows if row[0] < at]
        return (
            np.array([x for _, c, _, x in rows if c == customer]).reshape(-1, len(FEATURES)),
            np.array([x for _, _, t, x in rows if t == terminal]).reshape(-1, len(FEATURES)),
        )


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


def _take_apart(alert: Alert, detectors: Sequence[Detector], judged: Judged, history: Sequence[Keyed]) -> Explanation:
    scorer = Scorer(detectors)
    which = next((i for i, d in enumerate(detectors) if d.name == alert.detector.name), None)
    if which is None:
        raise WeirError(f"detector {alert.detector.name} is not among alerts.detectors")
    detector = detectors[which]
    if detector.version != alert.detector.version:
        raise WeirError(
            f"the alert was told by {detector.name} {alert.detector.version}, installed is {detector.version}"
        )
    contributions: Floats = detector.explain(scorer.view(which, judged.x))[0]
    value = dict(zip(FEATURES, judged.x[0].tolist(), strict=True))
    population = dict(zip(detector.features, np.asarray(detector.usual).tolist(), strict=True))
    usual = {**usual_here(value, population), **_usual_before(judged)}
    shares = zip(detector.features, contributions.tolist(), strict=True)
    ranked = sorted(shares, key=lambda pair: -pair[1])
    events = [event for _, _, event in history]
    before = [event for event in events if isinstance(event, Transaction | Label) and event.at < alert.at]
    before.sort(key=lambda event: event.at)
    payments = [event for event in before if isinstance(event, Transaction)]
    return Explanation(
        alert=alert,
        features={name: (value[name], usual[name], share) for name, share in ranked},
        score=judged.scores[alert.detector.name],
        customer=[p for p in payments if p.customer == alert.evidence["customer"]],
        terminal=[p for p in payments if p.terminal == alert.evidence["terminal"]],
        verdicts=[v for v in before if isinstance(v, Label) and v.terminal == alert.evidence["terminal"]],
        scores=judged.scores,
        limits={one.name: scorer.limit(i, judged.x, 0) for i, one in enumerate(detectors)},
        again=judged.alert,
        history=history,
    )


def _usual_before(judged: Judged) -> dict[str, float]:
    """Median of each feature over the earlier payments: of the customer, of a terminal's features of the terminal."""
    usual: dict[str, float] = {}
    for rows, names in ((judged.own, CUSTOMER_FEATURES), (judged.there, TERMINAL_FEATURES)):
        for name in names:
            known = rows[:, FEATURES.index(name)]
            known = known[~np.isnan(known)]
            if known.size >= _ENOUGH:
                usual[name] = float(np.median(known))
    return usual
