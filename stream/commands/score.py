"""``weir score``: the process that answers ``POST /v1/score`` while a customer waits."""

import sys
from pathlib import Path

import click

from stream.commands.console import keyring_of, placed, require_extra
from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import SettingsError


@click.command()
@config_option
@bootstrap_option
@click.option("--host", help="To listen on. Default: console.host, 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="0 for any that is free. Default: console.score_port, 9111."
)
def score(config: Path | None, bootstrap: str | None, *, host: str | None, port: int | None) -> None:
    """Answer payments over HTTP while a customer waits (docs/console.md), until Ctrl-C or SIGTERM.

    Judges by what the workers have committed of customer and terminal, publishes each payment to `transactions`, and
    answers accept, review or decline. Needs a token: weir console token add NAME --role scorer. Metrics at /metrics,
    health at /healthz and /readyz.
    """
    settings = placed(settings_from(config, bootstrap), host=host, port=port, field="score_port")
    require_extra()
    keyring = keyring_of(settings)
    if not any(token.role in ("scorer", "admin") for token in keyring.tokens()):
        raise SettingsError("console.tokens", "a token; make one: weir console token add NAME --role scorer")
    from stream.console.scoring.process import serve_scores  # noqa: PLC0415  # none of this is needed for --help
    from stream.walk import detectors_of  # noqa: PLC0415

    def ready(address: str) -> None:
        click.echo(f"answers at {address}/v1/score")
        sys.stdout.flush()

    serve_scores(settings, detectors_of(settings), keyring, ready)
