"""A file of rules is read whole or refused with its name, the rule, the place and the fix."""

from pathlib import Path

import pytest

from models.rules.file import EXAMPLE, read_rules, version_of
from stream.errors import SettingsError

GOOD = """
[[rule]]
name = "large"
says = "a large amount"
when = "amount > 300"
severity = "high"
[[rule.cases]]
fires = true
given = { amount = 301 }
"""


def a_file(folder: Path, text: str) -> Path:
    """Write a file of rules."""
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_a_rule_is_read_with_its_examples(tmp_path: Path) -> None:
    """All that stands in the file, and nothing is made up."""
    (rule,) = read_rules(a_file(tmp_path, GOOD))

    assert (rule.name, rule.says, rule.text, rule.severity) == ("large", "a large amount", "amount > 300", "high")
    assert [(case.fires, case.given) for case in rule.cases] == [(True, {"amount": 301.0})]


def test_the_version_is_that_of_what_decides(tmp_path: Path) -> None:
    """Other examples or another layout change no alert; another limit does."""
    rules = read_rules(a_file(tmp_path, GOOD))
    without = read_rules(a_file(tmp_path, GOOD.partition("[[rule.cases]]")[0]))
    other = read_rules(a_file(tmp_path, GOOD.replace("300", "301")))

    assert version_of(without) == version_of(rules) != version_of(other)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "amount > 300",
            "amuont > 300",
            "rule large: when, column 1: expected a feature.*did you mean amount.*'amuont'",
        ),
        ('severity = "high"', 'severity = "hgih"', "rule large: severity: "),
        ('severity = "high"', 'sevrity = "high"', "rule large: sevrity: expected one of name, says, when, severity, "),
        ("{ amount = 301 }", "{ amuont = 301 }", "rule large: case 1: given: expected features.*'amuont'"),
        ('name = "large"', 'name = "Large!"', "rule Large!: name: "),
        ('name = "large"', "", "rule 1: .*name"),
        ("[[rule]]", "[[rules]]", "rules: expected one of rule"),
        ("says =", "says", "rules: expected valid TOML"),
        (GOOD, GOOD + GOOD, "rule large: expected each name once"),
        (GOOD, "", "rule"),
    ],
)
def test_a_fault_is_named_with_file_rule_and_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    """One slip each; nothing is served with half of the rules."""
    path = a_file(tmp_path, GOOD.replace(old, new))

    with pytest.raises(SettingsError, match=rf"mine\.toml: {told}"):
        read_rules(path)


def test_a_missing_file_is_a_setting_that_cant_be_used(tmp_path: Path) -> None:
    """It is named, with the example to begin with."""
    with pytest.raises(SettingsError, match=r"alerts\.rules: expected a file of rules.*payments\.toml.*nowhere"):
        read_rules(tmp_path / "nowhere.toml")


def test_the_example_that_ships_is_read() -> None:
    """Every rule in it has an example that fires and one that does not."""
    for rule in read_rules(EXAMPLE):
        assert {case.fires for case in rule.cases} == {True, False}
