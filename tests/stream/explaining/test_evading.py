"""A greedy evader finds what passes, gives up no step in vain, and is held to a search of all changes."""

from itertools import product

import numpy as np

from models.detector import Detector
from models.robust import load
from stream.core.scoring import Scorer
from stream.explaining.adversary import TOGETHER, judge_adversary
from stream.explaining.evading import ALONE, MOST, TENTHS, Change, evade, evade_by
from stream.explaining.trial import WAITS_MS, Trial
from stream.walk import detectors_of
from tests.stream.explaining.explained import SETTINGS, a_case

EVERY = [
    Change(tenths=tenths, waits=waits, elsewhere=elsewhere)
    for tenths, waits, elsewhere in product(range(TENTHS + 1), range(len(WAITS_MS) + 1), (False, True))
]


def test_where_every_step_counts_for_itself_the_least_of_all_changes_is_found() -> None:
    """Thirty evaders whose steps lower the score by fixed amounts, in which case the greedy choice is the best one."""
    chance = np.random.default_rng(4)
    for _ in range(30):
        height, by_tenth, by_wait, by_terminal = 1.0 + chance.random(), *chance.random(3) * (0.2, 0.3, 1.0)

        def pressure(change: Change, c: tuple[float, ...] = (height, by_tenth, by_wait, by_terminal)) -> float:
            return c[0] - c[1] * change.tenths - c[2] * change.waits - c[3] * change.elsewhere

        least = min((one.steps for one in EVERY if pressure(one) < 1.0), default=None)
        found = evade(pressure)

        assert (None if found is None else found.steps) == least


def test_no_step_is_given_up_in_vain() -> None:
    """Only a longer wait helps, and only the third: tenths taken while nothing showed are given back."""

    def pressure(change: Change) -> float:
        return 0.5 if change.waits >= 3 else 2.0 - 0.01 * change.tenths

    assert evade(pressure) == Change(waits=3)
    assert evade_by("wait", pressure) == Change(waits=3)
    assert evade_by("amount", pressure) is None
    assert evade(lambda _: 1.0) is None, "a score at its limit does not pass"


def test_a_real_payment_passes_with_no_change_of_fewer_steps() -> None:
    """An alert of simulated cards, replayed with every smaller change: none of them passes, and what was found does."""
    case = a_case()
    detectors: list[Detector] = [load(None)]
    trial, scorer = Trial(SETTINGS, detectors, case.history, case.payment), Scorer(detectors)

    def pressure(change: Change) -> float:
        amount = round(case.payment.amount * (10 - change.tenths) / 10)
        x = trial.features(amount, wait=change.wait_ms, elsewhere=change.elsewhere)
        assert x is not None
        return float(scorer.score(x).scores["robust"][0]) / detectors[0].threshold

    found = evade(pressure)

    assert found is not None
    assert pressure(found) < 1.0
    assert all(pressure(one) >= 1.0 for one in EVERY if one.steps < found.steps)


def test_every_defence_is_asked_about_the_frauds_that_it_catches() -> None:
    """A small world: nobody passes unchanged, more steps never pass fewer, and all together catch what either does."""
    found = judge_adversary(
        SETTINGS,
        detectors_of(SETTINGS),
        seed=2,
        worlds=1,
        tell=lambda *_: None,
        sizes={"customers": 200, "terminals": 100, "days": 35},
        most=3,
    )
    caught = {name: sum(one.caught) for name, one in found.defences.items()}

    assert set(caught) == {"ensemble", "autoencoder", TOGETHER}
    assert caught[TOGETHER] >= max(caught["ensemble"], caught["autoencoder"]) > 0
    assert found.defences["ensemble"].alone["terminal"] > [0.0], "broken-into terminals are left for others"
    assert sum(found.shared["ensemble"].caught) <= caught["autoencoder"]
    for one in found.defences.values():
        for shares in one.worlds:
            assert len(shares) == MOST + 1
            assert shares[0] == 0.0
            assert np.all(np.diff(shares) >= 0.0)
        assert {lever: len(shares) for lever, shares in one.alone.items()} == {k: len(v) for k, v in ALONE.items()}
