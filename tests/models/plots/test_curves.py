"""Pictures show the figures: the cost of alerting, and every file of an artefact."""

from pathlib import Path

import numpy as np

from models.plots.curves import costs
from models.plots.draw import FILES, draw
from models.plots.pictured import Pictured
from models.report import Subject


def pictured() -> Pictured:
    """Two frauds of 100 and 40 among four payments, the smaller one second in suspicion."""
    score = np.array([4.0, 3.0, 2.0, 1.0])
    return Pictured(
        subjects=(Subject(name="one", score=score, threshold=2.5, budget=0.1, probability=score / 5.0),),
        fraud=np.array([0, 1, 1, 0]),
        amount=np.array([10.0, 40.0, 100.0, 10.0]),
        review_cost=5.0,
        importance={"amount": 2.0},
    )


def test_costs_are_what_is_missed_and_what_is_reviewed() -> None:
    """By hand: 140 missed + 5, then 100 + 10, then 15, then 20."""
    assert costs(pictured().subjects[0].score, pictured()).tolist() == [145.0, 110.0, 15.0, 20.0]


def test_every_picture_is_drawn_and_equal_figures_give_equal_bytes(tmp_path: Path) -> None:
    """Seven PNG files, the same when drawn again."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        draw(pictured(), tmp_path / name)

    for file in FILES:
        content = (tmp_path / "one" / file).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert content == (tmp_path / "two" / file).read_bytes()
