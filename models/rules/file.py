"""The TOML file of rules: names, expressions, severities, and examples beside each rule; errors say where and what."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import msgspec

from models.rules.grammar import ExpressionError, parse
from models.rules.tree import Condition
from stream.core.names import FEATURES
from stream.errors import SettingsError

EXAMPLE = Path(__file__).with_name("payments.toml")
Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
_Name: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common form of all sections."""


class Case(_Section, frozen=True, kw_only=True):
    """One example: the features of a payment, all others unknown, and whether the rule is to fire on it."""

    fires: bool
    given: dict[str, float]


class _Rule(_Section, frozen=True, kw_only=True):
    name: _Name
    says: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    when: str
    severity: Severity = "medium"
    cases: tuple[Case, ...] = ()


class _File(_Section, frozen=True, kw_only=True):
    rule: Annotated[tuple[_Rule, ...], msgspec.Meta(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as it was read.

    says       what it means, in words for the alert
    text       its expression
    condition  the same, read
    """

    name: str
    says: str
    text: str
    condition: Condition
    severity: Severity
    cases: tuple[Case, ...]


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read a file of rules, in its order.

    Raises SettingsError that names the file, the rule, the column and what was expected there.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        expected = f"a file of rules to read ({error.strerror}); {EXAMPLE.name} beside models/rules is an example"
        raise SettingsError("alerts.rules", expected, str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("rules", f"valid TOML ({error})", where=str(path)) from None
    try:
        found = msgspec.convert(raw, _File)
    except msgspec.ValidationError as error:
        raise SettingsError(*_said(error, raw), where=str(path)) from None
    rules = []
    for position, rule in enumerate(found.rule):
        if rule.name in [other.name for other in found.rule[:position]]:
            raise SettingsError(f"rule {rule.name}", "each name once", where=str(path))
        rules.append(_read(rule, path))
    return tuple(rules)


def version_of(rules: tuple[Rule, ...]) -> str:
    """Name the rules by their content: equal versions, equal alerts and words."""
    decisive = msgspec.json.encode([(rule.name, rule.says, rule.text, rule.severity) for rule in rules])
    return hashlib.sha256(decisive).hexdigest()[:12]


def _read(rule: _Rule, path: Path) -> Rule:
    try:
        condition = parse(rule.when)
    except ExpressionError as error:
        place = f"rule {rule.name}: when, column {error.column}"
        raise SettingsError(place, error.expected, error.was, where=str(path)) from None
    for number, case in enumerate(rule.cases, 1):
        unknown = [name for name in case.given if name not in FEATURES]
        if unknown:
            place = f"rule {rule.name}: case {number}: given"
            raise SettingsError(place, "features of stream/core/names.py", unknown[0], where=str(path))
    return Rule(
        name=rule.name,
        says=rule.says,
        text=" ".join(rule.when.split()),
        condition=condition,
        severity=rule.severity,
        cases=rule.cases,
    )


def _said(error: msgspec.ValidationError, raw: dict[str, object]) -> tuple[str, str]:
    """Say what msgspec says with the rule's name, where it counts rules from 0."""
    said, _, path = str(error).replace("`", "").partition(" - at $")
    place = path.strip(".")
    rules = raw.get("rule")
    for position, rule in enumerate(rules if isinstance(rules, list) else []):
        name = rule.get("name", position + 1) if isinstance(rule, dict) else position + 1
        place = re.sub(rf"^rule\[{position}\]\.?", f"rule {name}: ", place)
    head, _, unknown = said.partition("Object contains unknown field ")
    if unknown:
        kind: type[_Section] = Case if "cases" in place else _Rule if place else _File
        return f"{place}{unknown}", f"one of {', '.join(kind.__struct_fields__)}"
    if head.startswith("Invalid enum value"):
        return place, f"one of {', '.join(get_args(Severity))}"
    return place.strip(": ") or "rules", head.removeprefix("Expected ").partition(", got")[0]
