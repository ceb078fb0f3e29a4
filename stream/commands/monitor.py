"""``weir monitor``: how good the alerts are by the verdicts so far, and whether payments still look as learnt."""

import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.table import Table

from stream.commands.options import OutFile, bootstrap_option, config_option, settings_from
from stream.errors import SettingsError, WeirError

if TYPE_CHECKING:
    from stream.drift.measure import Trial
    from stream.drift.monitor import Monitor
    from stream.drift.process import Follower
    from stream.settings import Settings

_SHOW_SECONDS = 5.0
_EXIT_CODES = """\b
Exit codes; after 1 and 3 start it again, and it reads the topics anew:
  0  SIGTERM or Ctrl-C
  1  a failure, named by the last line
  2  a setting or an option that can't be used
  3  the machine lacks something: no Kafka answers, a port is taken
  6  Kafka turns us away, or our user lacks a right
"""


@click.group(invoke_without_command=True, epilog=_EXIT_CODES)
@config_option
@bootstrap_option
@click.option("--once", is_flag=True, help="Read what stands on the topics, show it, and end; publish nothing.")
@click.option("--json", "json_path", type=OutFile(), help="With --once: write the figures here.")
@click.pass_context
def monitor(
    context: click.Context, config: Path | None, bootstrap: str | None, *, once: bool, json_path: Path | None
) -> None:
    """Follow scores, alerts and labels beside the workers: live figures, drift, and a `model` alert where it moved.

    Metrics are at /metrics (monitor.metrics_port). What is measured, and how sure it is, is in docs/drift.md.
    """
    if context.invoked_subcommand is not None:
        return
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    if json_path is not None and not once:
        raise SettingsError("--json", "to come with --once", where="monitor")
    from stream.access import require_role  # noqa: PLC0415  # Kafka and kernels only when they are needed
    from stream.agents.topics import create_topics  # noqa: PLC0415
    from stream.drift.process import Follower  # noqa: PLC0415
    from stream.walk import detectors_of  # noqa: PLC0415

    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    create_topics(settings.kafka.bootstrap, settings, stages=())
    if not once:
        require_role("monitor", settings)
    follower = Follower(settings, detectors_of(settings), publishes=not once)
    if once:
        follower.read()
        _show(Console(highlight=False), settings, follower.monitor)
        if json_path is not None:
            json_path.write_bytes(msgspec.json.format(msgspec.json.encode(follower.monitor.figures())) + b"\n")
    else:
        _follow(settings, follower)


@monitor.command()
@config_option
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Worlds of each kind.")
@click.option("--plant", "plants", multiple=True, help="Kind of drift; can be repeated. Default: all.")
@click.option("--customers", type=click.IntRange(min=100), default=5_000, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=60, show_default=True, help="Without drift, of a world.")
@click.option("--after", type=click.IntRange(min=1), default=20, show_default=True, help="Days with drift.")
@click.option("--first-seed", type=int, default=1, show_default=True)
@click.option("--json", "json_path", type=OutFile(), help="Write every trial here.")
def measure(
    config: Path | None,
    *,
    seeds: int,
    plants: tuple[str, ...],
    customers: int,
    days: int,
    after: int,
    first_seed: int,
    json_path: Path | None,
) -> None:
    """Count false alarms a day without drift, and hours until planted drift is told, in simulated worlds.

    Each world runs for two months first: one to fill histories, one that makes the reference. Minutes each.
    """
    from stream.drift.measure import measure as run  # noqa: PLC0415  # kernels only when they are needed
    from stream.drift.plants import PLANTS  # noqa: PLC0415
    from stream.walk import detectors_of  # noqa: PLC0415

    unknown = [name for name in plants if name not in PLANTS]
    if unknown:
        raise SettingsError("--plant", f"one of {', '.join(PLANTS)}", unknown[0], where="monitor measure")
    settings = settings_from(config)
    detectors = detectors_of(settings)
    trials = []
    with Console(stderr=True).status("") as status:
        for plant in plants or PLANTS:
            for seed in range(first_seed, first_seed + seeds):
                status.update(f"{plant}, seed {seed}")
                quiet = days if plant == "none" else min(days, 3)
                trials.append(run(settings, detectors, plant, seed=seed, customers=customers, quiet=quiet, after=after))
    Console().print(_table(trials))
    if json_path is not None:
        json_path.write_text(json.dumps([msgspec.to_builtins(trial) for trial in trials], indent=1) + "\n")


def _follow(settings: "Settings", follower: "Follower") -> None:
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  # as above

    from monitoring.exporter import Exporter  # noqa: PLC0415
    from monitoring.monitor_metrics import MonitorMetrics  # noqa: PLC0415

    place, stop = settings.monitor, threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    metrics = MonitorMetrics(CollectorRegistry())
    console = Console(highlight=False)
    shown = float("-inf")

    def heard(now: "Monitor") -> None:
        nonlocal shown
        if time.monotonic() - shown >= _SHOW_SECONDS:
            shown = time.monotonic()
            metrics.show(now.figures())
            if sys.stdout.isatty():
                console.clear()
                _show(console, settings, now)

    with Exporter(
        metrics,
        host=place.metrics_host,
        port=place.metrics_port,
        stalled_seconds=settings.kafka.watchdog_seconds,
        section="monitor",
    ) as exporter:
        click.echo(f"process {os.getpid()}: metrics at http://{place.metrics_host}:{exporter.port}/metrics")
        try:
            follower.run(stop.is_set, heard)
        except WeirError:
            raise
        except Exception as error:
            raise WeirError(f"{type(error).__name__}: {error}") from error


def _show(console: Console, settings: "Settings", now: "Monitor") -> None:
    from stream.drift.shown import tables  # noqa: PLC0415  # as above

    console.print(tables(now.figures(), settings.monitor, currency=settings.payments.currency))


def _table(trials: "list[Trial]") -> Table:
    table = Table("DRIFT", "WORLDS", "DAYS", "FALSE ALARMS", "HOURS UNTIL TOLD", "TOLD BY", box=None, pad_edge=False)
    for plant in dict.fromkeys(trial.plant for trial in trials):
        those = [trial for trial in trials if trial.plant == plant]
        delays = [f"{trial.delay_hours:,.0f}" if trial.delay_hours is not None else "never" for trial in those]
        names = dict.fromkeys(name for trial in those for name in trial.columns)
        table.add_row(
            plant,
            str(len(those)),
            f"{sum(trial.days for trial in those):,.0f}",
            str(sum(trial.false_alarms for trial in those)),
            ", ".join(delays) if plant != "none" else "",
            ", ".join(list(names)[:4]),
        )
    return table
