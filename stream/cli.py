"""The command line: ``weir COMMAND``; every command is loaded only when it is called, so that ``--help`` is quick."""

import importlib
import sys
from typing import ClassVar

import click

from stream.errors import WeirError


class _Commands(click.Group):
    """A group whose commands stand in files of their own."""

    PLACES: ClassVar[dict[str, tuple[str, str]]] = {
        "run": ("stream.commands.run:run", "Start Kafka, a worker and producers, and watch: the whole of Weir."),
        "replay": (
            "stream.commands.replay:replay",
            "Run files or a simulator through the same code, without a broker.",
        ),
        "alerts": ("stream.commands.alerts:alerts", "Read the alerts as they come."),
        "triage": ("stream.commands.triage:triage", "Snooze, acknowledge, or say what an alert turned out to be."),
        "notify": ("stream.commands.notify:notify", "Tell people and programs of alerts: routes and sinks."),
        "console": ("stream.commands.console:console", "Serve the web page and HTTP API, and make tokens for it."),
        "score": ("stream.commands.score:score", "Answer payments over HTTP while a customer waits."),
        "monitor": ("stream.commands.monitor:monitor", "Live precision, recall and savings by verdicts; drift."),
        "explain": ("stream.commands.explain:explain_command", "Show why an alert was told: event, features, history."),
        "sources": ("producers.commands:sources", "List the producers that are installed."),
        "produce": ("producers.commands:produce", "Publish events of a producer to Kafka."),
        "new-producer": (
            "producers.new_producer:new_producer",
            "Make the package of a producer of your own, with its contract test.",
        ),
        "train": ("models.commands:train", "Train, calibrate and evaluate the detectors."),
        "models": ("stream.commands.models:models", "See which models there are, try, promote and roll back."),
        "evaluate": ("stream.commands.evaluate:evaluate", "Judge the detectors by a published protocol, fold by fold."),
        "bench": ("stream.commands.bench:bench", "Measure throughput and latency, beside rivals."),
        "faults": ("stream.commands.faults:faults", "Harm workers, brokers and input under load, and judge what came."),
        "rules": ("stream.commands.rules:rules", "List, test and try the rules that you write yourself."),
        "audit": ("stream.commands.audit:audit", "Chain every alert and change by hashes, and verify the chains."),
        "worker": ("stream.commands.worker:worker", "Run one worker: the process that scores."),
        "access": ("stream.commands.access:access", "Show who may do what on Kafka, and grant it."),
        "certificates": ("stream.commands.certificates:certificates", "Make and rotate a broker's certificate."),
        "erase": ("stream.commands.erase:erase", "Forget a customer, and say what Kafka keeps until when."),
        "scan": ("stream.commands.scan:scan", "Look for card numbers on topics, in files and on pages."),
        "topics": ("stream.commands.topics:topics", "Create every topic, or list them."),
        "rebuild": ("stream.commands.rebuild:rebuild", "Have lost state made again from the stream."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self.PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = self.PLACES.get(cmd_name)
        if place is None:
            return None
        module, _, name = place[0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.PLACES.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="weir")
def weir() -> None:
    """Weir: payments and market ticks in, explained alerts out, in real time on Kafka.

    Begin with `weir run`: it needs nothing but this checkout. Settings come from weir.toml (--config) and from
    WEIR_BOOTSTRAP and WEIR_<SECTION>_<FIELD> in the environment.
    """


def main() -> None:
    """Run the command; an error of ours is one line and its exit code, Ctrl-C is 130."""
    try:
        weir(prog_name="weir", standalone_mode=False)
    except WeirError as error:
        click.echo(f"weir: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
