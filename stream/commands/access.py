"""``weir access``: who may do what on Kafka, shown, or granted."""

import textwrap
from contextlib import closing
from pathlib import Path

import click

from stream.access import GROUP, ROLES, Right, Role, markdown, rights, role_named
from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import SettingsError
from stream.settings import Settings


@click.command()
@config_option
@bootstrap_option
@click.option("--role", type=click.Choice([role.name for role in ROLES]), help="Only this one. Default: all.")
@click.option("--user", help="The user who has the role, with --role. Default: named as the role.")
@click.option(
    "--commands", is_flag=True, help="As commands of Kafka's own kafka-acls.sh, for whoever runs the cluster."
)
@click.option("--markdown", "as_markdown", is_flag=True, help="As the tables of docs/security.md.")
@click.option("--apply", "applies", is_flag=True, help="Grant it, and take away what those users have beyond it.")
@click.option(
    "--passwords",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --apply: make the users too, with the password in FOLDER/USER.password, a new one if there is none.",
)
def access(
    config: Path | None,
    bootstrap: str | None,
    *,
    role: str | None,
    user: str | None,
    commands: bool,
    as_markdown: bool,
    applies: bool,
    passwords: Path | None,
) -> None:
    """Show which role may read and write which topic; grant it on a secured Kafka (docs/security.md).

    Every role also sees that all topics are there.

    \b
        weir access
        weir access --role worker --user svc-weir --commands
        weir access --apply --passwords secrets
    """  # noqa: D301  # click's mark against re-wrapping
    settings = settings_from(config, bootstrap)
    if user is not None and role is None:
        raise SettingsError("--user", "a --role that this user is to have", user, where="access")
    if passwords is not None and not applies:
        raise SettingsError("--passwords", "--apply beside it", str(passwords), where="access")
    chosen = {user or one.name: one for one in (ROLES if role is None else (role_named(role),))}
    if applies:
        _apply(settings, chosen, passwords)
    elif commands:
        for name, one in chosen.items():
            for right in rights(one, settings):
                click.echo(_command(name, right, settings))
    elif as_markdown:
        click.echo(markdown())
    else:
        _show(chosen)


def _show(chosen: dict[str, Role]) -> None:
    for one in chosen.values():
        click.secho(one.name, bold=True, nl=False)
        click.echo(f"  {one.runs.replace('`', '')}")
        for word, topics in (("reads", one.reads), ("writes", one.writes)):
            if topics:
                names = ", ".join(topic.name for topic in topics)
                click.echo(textwrap.fill(names, 80, initial_indent=f"  {word:<8}", subsequent_indent=" " * 10))
        if one.state:
            click.echo(f"  state   {'reads and writes' if one.state == 'RW' else 'reads'} changelogs")
        if one.groups:
            click.echo(f"  groups  {', '.join(one.groups).replace(GROUP, 'kafka.group')}")


def _apply(settings: Settings, chosen: dict[str, Role], passwords: Path | None) -> None:
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    from stream.agents.topics import admin_of  # noqa: PLC0415  # Kafka's client only when it is needed
    from stream.granting import grant, set_password  # noqa: PLC0415

    with closing(admin_of(settings.kafka)) as admin:
        for name, one in chosen.items():
            file = None if passwords is None else set_password(admin, settings.kafka, name, passwords)
            added, taken = grant(admin, name, rights(one, settings))
            click.echo(
                f"{name}: {added} rights granted, {taken} taken away" + (f", password in {file}" if file else "")
            )


def _command(user: str, right: Right, settings: Settings) -> str:
    kind = "" if not right.name.endswith("*") else " --resource-pattern-type prefixed"
    name = right.name.removesuffix("*")
    return (
        f"kafka-acls.sh --bootstrap-server {settings.kafka.bootstrap or 'HOST:PORT'} --command-config admin.properties "
        f"--add --allow-principal User:{user} --operation {right.operation.title()} --{right.kind} {name}{kind}"
    )
