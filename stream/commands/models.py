"""``weir models``: which models there are, which scores, and the steps from one to the other."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table

from stream.commands.judging import Material, judge, judging_options, show, show_gates
from stream.commands.options import OutFile, bootstrap_option, config_option, require_bootstrap, settings_from
from stream.errors import MachineError, SettingsError

if TYPE_CHECKING:
    from models.registry.gates import Gate
    from models.registry.shelf import Registry
    from models.registry.states import Action
    from stream.registry.steps import Steps
    from stream.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
_EXIT_CODES = """\b
Exit codes:
  0  done
  1  refused: a gate that does not hold, a state that does not allow the step, an artefact that is not sound
  2  an option or a setting that can't be used
  3  Kafka does not answer, or lacks a topic
  6  Kafka turns us away, or our user lacks a right
"""


def _placed(command: F) -> F:
    """Where the registry is, and which Kafka."""
    registry = click.option(
        "--registry",
        "path",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the registry. Default: registry.path of the settings.",
    )
    return registry(config_option(bootstrap_option(command)))


_why = click.option("--why", default="", help="Reason, for the record.")
_force = click.option("--force", default="", metavar="REASON", help="Though a gate fails; the reason goes on record.")


class _Answered(click.Group):
    """A group that says in one line when Kafka breaks off in the middle."""

    def invoke(self, ctx: click.Context) -> Any:
        from kafka.errors import KafkaError  # noqa: PLC0415  # not needed for --help

        try:
            return super().invoke(ctx)
        except KafkaError as error:
            raise MachineError(
                f"Kafka did not answer ({type(error).__name__})", "Try again: what was done before is on record"
            ) from error


@click.group(cls=_Answered, epilog=_EXIT_CODES)
def models() -> None:
    """See which models there are and which one scores; try, promote, roll back (docs/registry.md).

    \b
    A model goes from candidate to shadow to champion to retired, and must show at each step that it may:
        weir train --from-topic --out out/mine        # learn from the stream
        weir models register out/mine                 # candidate
        weir models shadow candidate --from-topic     # may it be better? then: weir worker --shadow ID
        weir models compare shadow --live             # what both made of the same stream
        weir models promote shadow --from-topic       # is it better? then every worker changes over, none restarts
        weir models rollback                          # back to the one before
    NAME is an identity or its beginning, or champion, shadow or candidate: the latest in that state.
    """  # noqa: D301  # click's mark against re-wrapping


@models.command("list")
@_placed
def list_(path: Path | None, config: Path | None, bootstrap: str | None) -> None:
    """List the models with state, since when, by whom and why; name the one that workers score by."""
    settings, registry = _opened(path, config, bootstrap)
    from stream.show import when  # noqa: PLC0415  # not needed for --help

    table = Table("model", "state", "since", "by", "why", box=None)
    for one in registry.standings().values():
        told = one.last.why + (f" (forced: {one.last.forced})" if one.last.forced else "")
        table.add_row(one.model, one.state, when(one.last.at), one.last.by, told)
    Console(highlight=False).print(table)
    if settings.kafka.bootstrap:
        from stream.registry.arrivals import champion_of  # noqa: PLC0415

        serves, champion = champion_of(settings), registry.champion()
        click.echo(f"workers at {settings.kafka.bootstrap} score by {serves or 'the model of their settings'}")
        if serves != champion:
            click.echo(
                f"the registry says {champion or 'the same'}: `weir models promote champion` tells them", err=True
            )


@models.command("show")
@click.argument("name")
@_placed
@click.option("--json", "as_json", is_flag=True, help="Manifest and journal as JSON.")
def show_(name: str, path: Path | None, config: Path | None, bootstrap: str | None, *, as_json: bool) -> None:
    """Show how a model was made, what it is worth, and all that was done with it. NAME: see `weir models --help`."""
    _, registry = _opened(path, config, bootstrap)
    from stream.show import when  # noqa: PLC0415

    model = registry.find(name)
    folder, manifest = registry.folder(model)
    steps = [entry for entry in registry.journal() if model in (entry.model, entry.before)]
    if as_json:
        both = {"manifest": manifest, "journal": steps}
        click.echo(msgspec.json.format(msgspec.json.encode(both), indent=1).decode())
        return
    made = manifest.provenance
    click.echo(f"model {model} in {folder}")
    click.echo(f"from {made.source}; seed {made.seed}, verdicts {made.label_delay_days:g} days late")
    for window, (start, end) in made.windows.items():
        click.echo(f"  {window:<12} {when(start)[:10]} to {when(end)[:10]}, {made.rows[window]:,} payments")
    for detector, figures in manifest.metrics.items():
        value = figures.get("average_precision")
        click.echo(f"  {detector:<24} average precision {'–' if value is None else f'{value:.3f}'}")
    for file, digest in manifest.files.items():
        click.echo(f"  {file:<24} SHA-256 {digest}")
    for entry in steps:
        told = f" instead of {entry.before or 'the model of the settings'}" if entry.action == "promote" else ""
        click.echo(f"{when(entry.at)} {entry.action}{told} by {entry.by}: {entry.why or 'no reason given'}")
        if entry.forced:
            click.echo(f"    forced: {entry.forced}")
        for gate in entry.gates:
            click.echo(f"    {'holds' if gate['holds'] else 'FAILS'} {gate['name']}: {gate['says']}")


@models.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_placed
@_why
def register(folder: Path, path: Path | None, config: Path | None, bootstrap: str | None, why: str) -> None:
    """Take the artefact in FOLDER in as a candidate: every file is checked against its hash and copied."""
    steps = _steps(*_opened(path, config, bootstrap))
    click.echo(f"candidate {steps.register(folder, why)}")


@models.command()
@click.argument("name")
@click.argument("other", required=False)
@_placed
@judging_options
@click.option("--json", "json_path", type=OutFile(), help="Write all figures here.")
@click.option("--png", "png_path", type=OutFile(), help="Draw precision over recall and the ranks (extra `train`).")
def compare(
    name: str,
    other: str | None,
    path: Path | None,
    config: Path | None,
    bootstrap: str | None,
    *,
    json_path: Path | None,
    png_path: Path | None,
    **material: Any,
) -> None:
    """Hold model NAME against OTHER (default: the champion) on the same payments, and change nothing.

    With --live both have scored the same stream: NAME in `weir worker --shadow`, the champion as ever. Else payments
    are replayed, those after what either has learnt from. Says how far they agree, which finds more fraud with its
    95 % interval (paired bootstrap over customers), and what only one of them would tell.
    """
    settings, registry = _opened(path, config, bootstrap)
    champion = registry.find(other) if other else registry.champion()
    found = judge(settings, registry, Material(**material), champion, registry.find(name))
    show(Console(highlight=False), found)
    if json_path is not None:
        json_path.write_bytes(msgspec.json.format(msgspec.json.encode(found.found), indent=1) + b"\n")
    if png_path is not None:
        from stream.commands.learning import load_module  # noqa: PLC0415

        draw = load_module("models.registry.drawing", "--png").draw
        draw(found.found, found.payments, found.champion, found.challenger, png_path)


@models.command()
@click.argument("name")
@_placed
@judging_options
@_why
@_force
def shadow(
    name: str, path: Path | None, config: Path | None, bootstrap: str | None, why: str, force: str, **material: Any
) -> None:
    """Let a candidate score beside the champion, seen by nobody.

    Asked: it may be better (upper end of the interval), is calibrated, fair where --groups are given, and fast enough.
    Then run `weir worker --shadow ID` on any machine, and compare with --live.
    """
    settings, registry = _opened(path, config, bootstrap)
    model = registry.find(name)
    registry.require("shadow", model)
    gates = _asked(settings, registry, Material(**material), model, "shadow", force)
    _steps(settings, registry).shadow(model, gates, why=why, forced=force)
    click.echo(f"shadow {model}: run `weir worker --shadow {model}`")


@models.command()
@click.argument("name")
@_placed
@judging_options
@_why
@_force
def promote(
    name: str, path: Path | None, config: Path | None, bootstrap: str | None, why: str, force: str, **material: Any
) -> None:
    """Make a shadow the champion: every worker changes over between two slices, none restarts.

    Asked: it is better (lower end of the 95 % interval above registry.least_gain), calibrated, fair where --groups are
    given, and fast enough. `weir models promote champion` asks nothing: it tells workers again who is champion.
    """
    settings, registry = _opened(path, config, bootstrap)
    require_bootstrap(settings)
    champion = registry.champion()
    if name == "champion" or (champion and registry.find(name) == champion):
        click.echo(f"workers are told again: {_steps(settings, registry).resend() or 'the model of their settings'}")
        return
    model = registry.find(name)
    registry.require("promote", model, forced=force)
    gates = _asked(settings, registry, Material(**material), model, "promote", force)
    _steps(settings, registry).promote(model, gates, why=why, forced=force)
    click.echo(f"champion {model}, instead of {champion or 'the model of the settings'}")


@models.command()
@_placed
@_why
def rollback(path: Path | None, config: Path | None, bootstrap: str | None, why: str) -> None:
    """Bring back the champion before this one, in all workers, at once. Asks no gate: it is for when it is urgent."""
    settings, registry = _opened(path, config, bootstrap)
    require_bootstrap(settings)
    model = _steps(settings, registry).rollback(why)
    click.echo(f"champion {model or 'is the model of the settings'} again")


@models.command()
@click.argument("name")
@_placed
@_why
def retire(name: str, path: Path | None, config: Path | None, bootstrap: str | None, why: str) -> None:
    """Put a candidate or a shadow aside. Its files stay."""
    settings, registry = _opened(path, config, bootstrap)
    model = registry.find(name)
    _steps(settings, registry).retire(model, why)
    click.echo(f"retired {model}")


def _opened(path: Path | None, config: Path | None, bootstrap: str | None) -> "tuple[Settings, Registry]":
    from models.registry.shelf import Registry  # noqa: PLC0415  # kernels are not needed for --help

    settings = settings_from(config, bootstrap)
    return settings, Registry(path or Path(settings.registry.path))


def _steps(settings: "Settings", registry: "Registry") -> "Steps":
    from stream.registry.steps import Steps, whoever  # noqa: PLC0415

    return Steps(settings=settings, registry=registry, by=whoever())


def _asked(
    settings: "Settings", registry: "Registry", material: Material, model: str, action: "Action", force: str
) -> "list[Gate]":
    """Judge a model before a step and show the gates; without payments to judge by, only --force goes on."""
    from models.registry.gates import gates  # noqa: PLC0415

    if not material.is_given and force:
        return []
    if not material.is_given:
        raise SettingsError(
            "--from-topic, --live, --transactions, --source",
            "the payments to judge by, or --force REASON",
            where=f"models {action}",
        )
    found = judge(settings, registry, material, registry.champion(), model)
    asked = gates(found.found, action, settings.registry, found.payments_per_second)
    console = Console(highlight=False)
    show(console, found)
    show_gates(console, asked)
    return asked
