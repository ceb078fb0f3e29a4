"""The matrix as it is told: rows of several runs together, one line per harm with what was done."""

from pathlib import Path

from stream.bench.fingerprint import fingerprint
from stream.faults.report import Matrix, merged, write_markdown
from stream.faults.row import Row


def a_row(seed: int, *, harm: str = "worker killed", missing: int = 0, seconds: float | None = 2.0) -> Row:
    """A row of 100 events."""
    return Row(
        harm=harm,
        seed=seed,
        events_in=100,
        scored=100,
        missing=missing,
        seconds_to_processing=seconds,
        seconds_to_caught_up=seconds,
    )


def test_a_page_has_one_line_per_harm_with_sums_and_seconds(tmp_path: Path) -> None:
    """Two seeds of one harm, one of another that never went on, and one that this machine can't have."""
    rows = [a_row(1), a_row(2, missing=3, seconds=5.0), a_row(1, harm="broker killed", seconds=None)]
    matrix = Matrix(fingerprint=fingerprint(), rows=rows, not_run={"disk full": "needs root"})
    page = tmp_path / "page.md"

    write_markdown(matrix, {"broker killed": "It dies.", "worker killed": "It is ended."}, page)

    lines = page.read_text().splitlines()
    assert lines[4] == "| **broker killed**: It dies. | 1 | 100 | 100 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | never | never |"
    assert lines[5] == (
        "| **worker killed**: It is ended. | 2 | 200 | 200 | 0 | 0 | 3 | 0 | 0 | 0 | 0 | 3.5 (5.0) | 3.5 (5.0) |"
    )
    assert lines[6].startswith("| **disk full** | not run: needs root |")
    assert {line.count("|") for line in lines[2:]} == {14}


def test_a_row_done_again_takes_the_place_of_the_first() -> None:
    """Of two runs the later one counts where both have a harm and a seed; what the second could do was done."""
    first = Matrix(fingerprint=fingerprint(), rows=[a_row(1, missing=9), a_row(2)], not_run={"broker killed": "why"})
    second = Matrix(fingerprint=fingerprint(), rows=[a_row(1), a_row(1, harm="broker killed")])

    both = merged([first, second])

    assert both.is_clean
    assert [(row.harm, row.seed) for row in both.rows] == [
        ("worker killed", 1),
        ("broker killed", 1),
        ("worker killed", 2),
    ]
    assert both.not_run == {}
