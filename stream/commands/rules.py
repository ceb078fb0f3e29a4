"""``weir rules``: the rules that users write, listed, held to their own examples, and tried on a history."""

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.table import Column, Table

from stream.commands.options import OutFile, config_option, settings_from
from stream.errors import SettingsError

if TYPE_CHECKING:
    from models.rules.detector import Rules
    from stream.rule_trial import Trial
    from stream.settings import Settings

_WIDTH = 120  # of what is written into a file or a pipe
_file = click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def rules() -> None:
    """Work with rules that you write yourself (docs/rules.md).

    FILE is a TOML file of rules; without it, the one that alerts.rules names. models/rules/payments.toml is an example.
    """


@rules.command("list")
@_file
@config_option
def list_(file: Path | None, config: Path | None) -> None:
    """Show the rules: name, severity, expression, meaning."""
    found = _rules(file, settings_from(config))
    table = Table(Column("rule", no_wrap=True), "severity", "when", "says", "examples", box=None, pad_edge=False)
    for rule in found.rules:
        table.add_row(rule.name, rule.severity, rule.text, rule.says, str(len(rule.cases)))
    _console().print(table)
    click.echo(f"version {found.version}")


@rules.command()
def features() -> None:
    """List the features that an expression may name."""
    from stream.core.names import FEATURES  # noqa: PLC0415

    click.echo("\n".join(FEATURES))


@rules.command()
@_file
@config_option
@click.option(
    "--transactions",
    "--data",
    type=click.Path(path_type=Path, exists=True),
    help="CSV or Parquet file of card payments, or its folder: tell how often each rule would have fired.",
)
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Columns of the file.")
@click.option("--source", help="Instead of a file: a producer by name (`weir sources`), with --count.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of --source.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many records.")
@click.option("--json", "json_path", type=OutFile(), help="Write the figures here.")
def test(
    file: Path | None,
    config: Path | None,
    *,
    transactions: Path | None,
    mapping: Path | None,
    source: str | None,
    seed: int,
    count: int | None,
    json_path: Path | None,
) -> None:
    """Hold each rule to the examples beside it, and try all of them on a history.

    Exits with 1 when an example comes out otherwise. On a history it tells, per rule, the payments it fires on, and
    their share of frauds and of all frauds where the history knows them; cooldowns are left aside.
    """
    settings = settings_from(config)
    if transactions and source:
        raise SettingsError("--transactions, --source", "one of them", where="rules test")
    if source and not count:
        raise SettingsError("--count", "how many records of the source: a simulator never ends", where="rules test")
    found = _rules(file, settings)
    failed = _run_cases(found)
    if transactions or source:
        given = {"transactions": transactions, "mapping": mapping}
        files = {name: str(path) for name, path in given.items() if path is not None}
        trial = _try(found, settings, source or "recorded", files, seed, count)
        _show(trial)
        if json_path is not None:
            json_path.write_bytes(msgspec.json.format(msgspec.json.encode(trial)) + b"\n")
    if failed:
        sys.exit(1)


def _rules(file: Path | None, settings: "Settings") -> "Rules":
    from models.rules.detector import load  # noqa: PLC0415  # numpy only when it is needed
    from models.rules.file import EXAMPLE  # noqa: PLC0415

    if file is None and not settings.alerts.rules:
        expected = f"a file of rules, or one given as FILE; {EXAMPLE.name} in models/rules is an example"
        raise SettingsError("alerts.rules", expected)
    return load(file or Path(settings.alerts.rules))


def _run_cases(found: "Rules") -> bool:
    from stream.rule_trial import failures  # noqa: PLC0415

    failed = list(failures(found))
    for failure in failed:
        wanted, was = ("to fire", "did not") if failure.case.fires else ("not to fire", "did")
        given = ", ".join(f"{name} {value:g}" for name, value in failure.case.given.items())
        click.echo(f"rule {failure.rule.name}: case {failure.number}: expected {wanted}, {was}: {given}")
        click.echo(f"  when {failure.rule.text}")
    examples = sum(len(rule.cases) for rule in found.rules)
    click.echo(f"{len(found.rules)} rules, {examples} examples, {len(failed)} came out otherwise")
    for rule in found.rules:
        if not rule.cases:
            click.echo(f"rule {rule.name} has no example")
    return bool(failed)


def _try(
    found: "Rules", settings: "Settings", source: str, files: dict[str, str], seed: int, count: int | None
) -> "Trial":
    from producers.plugins import open_source  # noqa: PLC0415  # pandas and kernels are not needed for --help
    from stream.rule_trial import try_rules  # noqa: PLC0415

    stream = open_source(source, seed=seed, config={**settings.producers.get(source, {}), **files})
    with Console(stderr=True).status("replaying …") as status:
        return try_rules(
            found,
            itertools.islice(stream.records(), count),
            settings,
            on_progress=lambda done: status.update(f"replaying … {done:,} payments"),
        )


def _show(trial: "Trial") -> None:
    truth = "" if trial.frauds is None else f", {trial.frauds:,} frauds"
    right = [Column(name, justify="right") for name in ("fired on", "per 1,000", "precision", "share of frauds")]
    table = Table("rule", *right, title=f"{trial.payments:,} payments{truth}", box=None, title_justify="left")
    for name, fires in trial.rules.items():
        shares = ("–" if share is None else f"{share:.3f}" for share in (fires.precision, fires.recall))
        table.add_row(name, f"{fires.payments:,}", f"{fires.per_1000:.2f}", *shares)
    _console().print(table)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=_WIDTH, highlight=False)
