"""Two models on the same payments: where they agree, which finds more fraud, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.dataset import Ints
from models.detector import Vector
from models.evaluation import Ranking, brier
from stream.errors import ModelError

REPEATS = 400  # of the bootstrap: its ends then move by a tenth of the interval from seed to seed
_EXAMPLES = 10  # payments that only one of them would tell
_LEAST_OF_GROUP = 100  # genuine payments, below which a group's rate says nothing

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one model made of the payments.

    model        identity of its artefact
    score        (n,) of the detector that is judged
    probability  (n,) of fraud, where that detector tells one
    alert        (n,) True where any detector of the model is at its threshold
    """

    model: str
    score: Vector
    probability: Vector | None
    alert: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """What both were shown.

    at        (n,) event time, epoch ms
    id        n transaction ids
    customer  (n,) numbers from 0: what the bootstrap draws
    fraud     (n,) 1 a fraud, 0 genuine or no verdict
    judged    (n,) True where the verdict would have come by now: what is said of fraud is said of these
    group     n names of the customers' groups, for fairness; empty: none given
    """

    at: Ints
    id: Sequence[str]
    customer: Ints
    fraud: Ints
    judged: Flags
    group: Sequence[str] = field(default=())


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One model; None: not defined (no fraud, no alert, no probability)."""

    model: str
    average_precision: float | None
    average_precision_95: tuple[float, float] | None
    roc_auc: float | None
    brier: float | None
    expected_over_real: float | None  # frauds that the probabilities expect, over those there were
    expected_error: float | None  # deviation of that ratio if the probabilities were true
    alerts: int
    alerts_judged: int
    precision: float | None
    recall: float | None
    genuine_alert_ratio: float | None
    genuine_alert_ratio_by_group: dict[str, float]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A challenger held against the champion on the same payments."""

    source: str
    detector: str
    since: int  # event time of the first payment, epoch ms
    until: int  # and of the last
    rows: int
    rows_judged: int
    frauds: int
    champion: Figures
    challenger: Figures
    gain: float | None  # average precision of the challenger, less that of the champion
    gain_95: tuple[float, float] | None  # bootstrap over customers, the same draws for both
    same_decision: float  # share of payments on which both alert, or neither does
    alerts_shared: float | None  # of those that either would tell, the share that both would
    rank_correlation: float | None  # Spearman's, of all scores
    only_champion: int
    only_champion_frauds: int
    only_challenger: int
    only_challenger_frauds: int
    examples: dict[str, list[str]]  # transactions that only one of them would tell, strangest first


def compare(
    payments: Payments, champion: Side, challenger: Side, *, source: str, detector: str, seed: int = 7
) -> Comparison:
    """Hold two models against each other.

    source    names where the payments are from
    detector  whose scores and probabilities the sides hold
    seed      of the bootstrap
    Raises ModelError without a payment.
    """
    if not len(payments.at):
        raise ModelError("comparison: expected payments that both models have scored, was none")
    fraud, judged = payments.fraud, payments.judged
    left, right = (Ranking(side.score[judged], fraud[judged]) for side in (champion, challenger))
    drawn = _draw(left, right, payments.customer[judged], seed)
    gain = right.average_precision() - left.average_precision() if judged.any() else np.nan
    only = {"champion": champion.alert & ~challenger.alert, "challenger": challenger.alert & ~champion.alert}
    either = int((champion.alert | challenger.alert).sum())
    sides = {"champion": champion, "challenger": challenger}
    return Comparison(
        source=source,
        detector=detector,
        since=int(payments.at.min()),
        until=int(payments.at.max()),
        rows=len(payments.at),
        rows_judged=int(judged.sum()),
        frauds=int(fraud[judged].sum()),
        champion=_figures(payments, champion, left, drawn[:, 0]),
        challenger=_figures(payments, challenger, right, drawn[:, 1]),
        gain=_or_none(gain),
        gain_95=_interval(drawn[:, 1] - drawn[:, 0]),
        same_decision=float((champion.alert == challenger.alert).mean()),
        alerts_shared=float((champion.alert & challenger.alert).sum() / either) if either else None,
        rank_correlation=rank_correlation(champion.score, challenger.score),
        only_champion=int(only["champion"].sum()),
        only_champion_frauds=int(fraud[only["champion"] & judged].sum()),
        only_challenger=int(only["challenger"].sum()),
        only_challenger_frauds=int(fraud[only["challenger"] & judged].sum()),
        examples={name: _strangest(payments, sides[name].score, rows) for name, rows in only.items()},
    )


def rank_correlation(left: Vector, right: Vector) -> float | None:
    """Correlate the ranks of two scores, ``(n,)`` each, ties at their mean rank; None where one is constant.

    Source: Spearman (1904).
    """
    ranks = [_ranks(left), _ranks(right)]
    centred = [rank - rank.mean() for rank in ranks]
    spread = float(np.sqrt((centred[0] @ centred[0]) * (centred[1] @ centred[1])))
    return float(centred[0] @ centred[1]) / spread if spread else None


def _ranks(score: Vector) -> Vector:
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2.0)[place.reshape(-1)], np.float64)


def _draw(left: Ranking, right: Ranking, customer: Ints, seed: int) -> Vector:
    """Average precision of both, ``(REPEATS, 2)``, each time over the same customers drawn anew."""
    cards = np.unique(customer, return_inverse=True)[1].reshape(-1)
    count = int(cards.max()) + 1 if cards.size else 0
    chance = np.random.default_rng(seed)
    drawn = np.full((REPEATS, 2), np.nan)
    for i in range(REPEATS if count else 0):
        weight = chance.multinomial(count, np.full(count, 1.0 / count))[cards].astype(np.float64)
        drawn[i] = left.average_precision(weight), right.average_precision(weight)
    return drawn


def _figures(payments: Payments, side: Side, ranking: Ranking, drawn: Vector) -> Figures:
    judged = payments.judged
    fraud, alert = payments.fraud[judged], side.alert[judged]
    hits, frauds = int((alert & (fraud == 1)).sum()), int(fraud.sum())
    told = None if side.probability is None else side.probability[judged]
    return Figures(
        model=side.model,
        average_precision=_or_none(ranking.average_precision()) if judged.any() else None,
        average_precision_95=_interval(drawn),
        roc_auc=_or_none(ranking.roc_auc()) if judged.any() else None,
        brier=brier(told, fraud) if told is not None and told.size else None,
        expected_over_real=float(told.sum() / frauds) if told is not None and frauds else None,
        expected_error=float(np.sqrt((told * (1.0 - told)).sum()) / frauds) if told is not None and frauds else None,
        alerts=int(side.alert.sum()),
        alerts_judged=int(alert.sum()),
        precision=hits / int(alert.sum()) if alert.any() else None,
        recall=hits / frauds if frauds else None,
        genuine_alert_ratio=float(alert[fraud == 0].mean()) if (fraud == 0).any() else None,
        genuine_alert_ratio_by_group=_by_group(payments, side.alert),
    )


def _by_group(payments: Payments, alert: Flags) -> dict[str, float]:
    """Share of genuine payments alerted on, per group that is large enough to have one."""
    if not len(payments.group):
        return {}
    genuine = payments.judged & (payments.fraud == 0)
    names, place = np.unique(np.asarray(payments.group)[genuine], return_inverse=True)
    count = np.bincount(place.reshape(-1), minlength=len(names))
    told = np.bincount(place.reshape(-1), alert[genuine], len(names))
    return {
        str(name): float(told[i] / count[i])
        for i, name in enumerate(names.tolist())
        if count[i] >= _LEAST_OF_GROUP and name
    }


def gap(by_group: Mapping[str, float]) -> float | None:
    """Largest less smallest rate; None with fewer than two groups."""
    return max(by_group.values()) - min(by_group.values()) if len(by_group) > 1 else None


def _strangest(payments: Payments, score: Vector, rows: Flags) -> list[str]:
    places = np.flatnonzero(rows)
    return [payments.id[i] for i in places[np.argsort(-score[places], kind="stable")][:_EXAMPLES].tolist()]


def _interval(drawn: Vector) -> tuple[float, float] | None:
    if np.isnan(drawn).all():
        return None
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
