"""``weir rules`` as a user runs it: list, examples, a trial, and what is wrong in one line."""

import json
from pathlib import Path

from models.rules.file import EXAMPLE
from stream.core.names import FEATURES
from tests.commands.shell import Shell


def test_the_example_passes_its_own_examples_and_is_tried_on_a_simulation(tmp_path: Path) -> None:
    """What ships works: exit code 0, a line per rule, figures in a file."""
    shell = Shell(tmp_path)
    listed = shell.run("rules", "list", str(EXAMPLE))
    tried = shell.run("rules", "test", str(EXAMPLE), "--source", "cards", "--count", "20000", "--json", "trial.json")
    figures = json.loads((tmp_path / "trial.json").read_text())

    assert (listed.returncode, tried.returncode) == (0, 0)
    assert "far_above_own_level" in listed.stdout
    assert "5 rules, 11 examples, 0 came out otherwise" in tried.stdout
    assert figures["payments"] > 0
    assert figures["rules"]["any rule"]["payments"] >= figures["rules"]["far_above_own_level"]["payments"]


def test_an_example_that_comes_out_otherwise_is_named_and_exits_with_1(tmp_path: Path) -> None:
    """The limit was raised, and its example was forgotten."""
    text = EXAMPLE.read_text()
    (tmp_path / "mine.toml").write_text(text.replace("amount > 300", "amount > 500"))
    ended = Shell(tmp_path).run("rules", "test", WEIR_ALERTS_RULES="mine.toml")

    assert ended.returncode == 1
    assert "rule large_first_payment: case 1: expected to fire, did not: " in ended.stdout


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    """File, rule, column, what would be right; or that no file was named."""
    shell = Shell(tmp_path)
    (tmp_path / "mine.toml").write_text(EXAMPLE.read_text().replace("amount_ratio > 4", "amount_ration > 4"))
    slip, none = shell.run("rules", "test", "mine.toml"), shell.run("rules", "list")
    worker = shell.run("worker", "--bootstrap", "127.0.0.1:1", WEIR_ALERTS_RULES="mine.toml")

    assert (slip.returncode, none.returncode, worker.returncode) == (2, 2, 2)
    assert slip.stderr.startswith("weir: mine.toml: rule far_above_own_level: when, column 30: expected a feature")
    assert "did you mean amount_ratio?" in slip.stderr
    assert worker.stderr == slip.stderr
    assert "alerts.rules: expected a file of rules" in none.stderr
    assert slip.stderr.count("\n") == none.stderr.count("\n") == 1


def test_the_features_are_listed(tmp_path: Path) -> None:
    """One a line, as an expression names them."""
    assert Shell(tmp_path).run("rules", "features").stdout.split() == list(FEATURES)
