"""The picture of an evader's success is drawn from the figures alone."""

from pathlib import Path

import numpy as np

from models.plots.evasion import Evasion, draw_evasion


def test_equal_figures_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    """Two defences, drawn twice, and once with another share."""
    spread = {"one": np.array([0.0, 0.1]), "two": np.array([0.0, 0.0])}
    drawn = []
    for number, last in enumerate((0.5, 0.5, 0.6)):
        folder = tmp_path / str(number)
        folder.mkdir()
        share = {"one": np.array([0.0, last]), "two": np.array([0.0, 1.0])}
        drawn.append(draw_evasion(Evasion(share=share, spread=spread), folder).read_bytes())

    assert drawn[0].startswith(b"\x89PNG")
    assert drawn[0] == drawn[1] != drawn[2]
