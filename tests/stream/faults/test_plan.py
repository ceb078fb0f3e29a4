"""The matrix as a whole: which harms there are, and how a command asks for them."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from stream.bench.fingerprint import fingerprint
from stream.commands.faults import faults
from stream.faults.plan import harms
from stream.faults.report import Matrix, line, read_json, write_json
from stream.faults.row import Row
from stream.faults.rows import brokers, network, poison, producers, workers

TESTS = Path(__file__).parents[2] / "faults"
FIELDS = (
    "harm seed events_in scored dead_letters alerts_expected missing duplicate unexpected state_wrong "
    "seconds_to_processing seconds_to_caught_up"
)  # as issue 4 asks for them

CLEAN = Row(
    harm="worker killed",
    seed=3,
    events_in=10,
    scored=9,
    dead_letters=1,
    alerts_expected=2,
    seconds_to_processing=4.0,
    seconds_to_caught_up=6.0,
)


def test_the_short_form_has_at_least_eight_rows_of_every_kind_of_part() -> None:
    """Workers, brokers, network, producers and input are harmed in it."""
    families = (workers.HARMS, brokers.HARMS, network.HARMS, producers.HARMS, poison.HARMS)
    short = [[harm.name for harm in family if harm.is_short] for family in families]

    assert all(short)
    assert sum(map(len, short)) >= 8


def test_every_harm_has_a_test() -> None:
    """Each name stands in a file of ``tests/faults``, which does it with one seed."""
    texts = [path.read_text() for path in TESTS.glob("test_*.py")]
    untested = [name for name in harms() if not any(f'"{name}"' in text for text in texts)]

    assert untested == []


def test_a_row_is_clean_only_when_nothing_is_wrong_and_all_is_accounted_for() -> None:
    """Each deviation alone makes it unclean, as does an event that is neither scored nor a dead letter."""
    assert CLEAN.is_clean
    for field in ("missing", "duplicate", "unexpected", "state_wrong", "others_wrong"):
        assert not msgspec.structs.replace(CLEAN, **{field: 1}).is_clean, field
    assert not msgspec.structs.replace(CLEAN, scored=8).is_clean
    assert not msgspec.structs.replace(CLEAN, seconds_to_caught_up=None).is_clean
    assert not msgspec.structs.replace(CLEAN, fault="no worker is ready").is_clean


def test_json_holds_the_fields_that_were_asked_for(tmp_path: Path) -> None:
    """What is written can be read back, and a row has every field by its name."""
    path = tmp_path / "faults.json"
    matrix = Matrix(fingerprint=fingerprint(), rows=[CLEAN], not_run={"disk full": "needs root"})
    write_json(matrix, path)
    [row] = msgspec.json.decode(path.read_bytes())["rows"]

    assert read_json(path) == matrix
    assert set(FIELDS.split()) <= set(row)


def test_a_line_says_what_is_wrong() -> None:
    """The columns that are not 0, and where the logs are."""
    bad = msgspec.structs.replace(CLEAN, missing=2, state_wrong=1, facts={"logs": "somewhere"})

    assert line(CLEAN) == "worker killed, seed 3: clean, processing again after 4.0 s, caught up after 6.0 s"
    assert line(bad) == "worker killed, seed 3: NOT CLEAN: missing 2, state_wrong 1; see somewhere"


@pytest.mark.parametrize("short", [True, False])
def test_the_list_starts_nothing(short: bool) -> None:
    """One line a harm: its name and its sentence."""
    found = CliRunner().invoke(faults, ["--list", *(["--short"] if short else [])])
    names = [name for name, harm in harms().items() if harm.is_short or not short]

    assert found.exit_code == 0
    assert [text.partition(":")[0] for text in found.output.splitlines()] == names


def test_a_harm_that_is_not_there_is_refused_by_name() -> None:
    """The message names it and how to list the others."""
    found = CliRunner().invoke(faults, ["--only", "worker bored"])

    assert found.exit_code == 2
    assert "worker bored" in found.output
    assert "--list" in found.output
