"""``weir notify``: a process that tells people and programs of alerts, by the routes and sinks of the settings."""

import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from stream.commands.moments import Moment
from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import SettingsError, WeirError
from stream.notify.sink import Sink
from stream.settings import Notify, Settings

_WEEK_SECONDS = 7 * 86_400
_EXIT_CODES = """\b
Exit codes; after 1 and 3 start it again, and it goes on where it was:
  0  SIGTERM or Ctrl-C
  1  a failure, named by the last line of the log
  2  a setting or an option that can't be used
  3  the machine lacks something: no Kafka answers, a port is taken
  6  Kafka turns us away, or our user lacks a right
"""


@click.command(epilog=_EXIT_CODES)
@config_option
@bootstrap_option
@click.option("--check", is_flag=True, help="Only show routes and sinks, and refuse what can't be used.")
@click.option(
    "--try", "tried", metavar="SINK", help="Only hand a made-up alert to this sink, and say what it answered."
)
@click.option(
    "--again", metavar="SINK", help="Only tell this sink what it did not take; of the last week unless --since."
)
@click.option("--since", type=Moment(), help="With --again: 2h, 30d, 2026-11-21T10:30.")
@click.option("--sinks", "lists", is_flag=True, help="Only list the kinds of sink that are installed.")
def notify(
    config: Path | None,
    bootstrap: str | None,
    *,
    check: bool,
    tried: str | None,
    again: str | None,
    since: int | None,
    lists: bool,
) -> None:
    """Read the alerts and tell the sinks, each at its own pace: a sink that is down keeps none of the others waiting.

    Routes and sinks stand under [notify] in weir.toml (docs/alerts.md). Begins with what comes from its first start
    on, and later goes on where it stopped. Started twice, the second stands by. Metrics are at /metrics, health at
    /healthz and /readyz (notify.metrics_port).
    """
    from stream.notify.plugins import installed, open_sinks  # noqa: PLC0415  # kafka-python only when it is needed

    if lists:
        _list(installed())
        return
    settings = settings_from(config, bootstrap)
    if not settings.notify.routes:
        raise SettingsError("notify.routes", "at least one route; docs/alerts.md has examples")
    sinks = open_sinks(settings.notify.sinks)
    if check:
        _show(settings.notify)
    elif tried is not None:
        from stream.notify.rehearsal import rehearse  # noqa: PLC0415  # as above

        rehearse(tried, _one(sinks, "--try", tried), now=round(1000 * time.time()))
        click.echo(f"{tried} took it")
    elif again is not None:
        from stream.notify.again import tell_again  # noqa: PLC0415  # as above

        since = round(1000 * (time.time() - _WEEK_SECONDS)) if since is None else since
        told = tell_again(_placed(settings), again, _one(sinks, "--again", again), since=since)
        click.echo(f"{again} took {told:,} alerts")
    else:
        _run(_placed(settings), {name: sinks[name] for name in _used(settings.notify)})


def _one(sinks: Mapping[str, Sink], option: str, name: str) -> Sink:
    if name not in sinks:
        raise SettingsError(option, f"one of {', '.join(sinks)}", name, where="notify")
    return sinks[name]


def _placed(settings: Settings) -> Settings:
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    return settings


def _run(settings: Settings, sinks: Mapping[str, Sink]) -> None:
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  # all that the process needs, and --check does not

    from monitoring.exporter import Exporter  # noqa: PLC0415
    from monitoring.notify_metrics import NotifyMetrics  # noqa: PLC0415
    from stream.access import require_role  # noqa: PLC0415
    from stream.agents.topics import create_topics  # noqa: PLC0415
    from stream.logs import configure  # noqa: PLC0415
    from stream.notify.process import notify as tell  # noqa: PLC0415
    from stream.triage.follow import Follower  # noqa: PLC0415

    configure(settings.log)
    create_topics(settings.kafka.bootstrap, settings, stages=())
    require_role("notify", settings)
    place, stop = settings.notify, threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Follower(settings) as follower:
        metrics = NotifyMetrics(CollectorRegistry(), sinks=list(sinks), triage=follower.triage)
        patience = settings.kafka.watchdog_seconds
        with Exporter(
            metrics, host=place.metrics_host, port=place.metrics_port, stalled_seconds=patience, section="notify"
        ) as shown:
            click.echo(f"telling {', '.join(sinks)}; metrics at http://{place.metrics_host}:{shown.port}/metrics")
            try:
                tell(settings, sinks, follower, metrics, stop.is_set)
            except WeirError:
                raise
            except Exception as error:
                raise WeirError(f"{type(error).__name__}: {error}") from error


def _used(notify: Notify) -> list[str]:
    """Sinks that a route names, in the order of the settings."""
    named = {sink for route in notify.routes.values() for sink in route.sinks}
    return [name for name in notify.sinks if name in named]


def _list(kinds: Mapping[str, str]) -> None:
    table = Table("TYPE", "WHAT IT DOES", box=None, header_style="bold", pad_edge=False)
    for kind, about in kinds.items():
        table.add_row(kind, about)
    Console().print(table)


def _show(notify: Notify) -> None:
    table = Table("ROUTE", "ALERTS", "SINKS", "HOW OFTEN", box=None, header_style="bold", pad_edge=False)
    for name, route in notify.routes.items():
        evidence = [f"{key} {pattern}" for key, pattern in route.evidence.items()]
        what = [", ".join(route.kinds), ", ".join(route.entities), ", ".join(route.detectors), *evidence]
        least = f"{route.severity} and above" if route.severity != "low" else ""
        often = [
            f"grouped by {', '.join(route.group_by)}" if route.group_by else "all in one group",
            f"after {route.wait_seconds:g} s" if route.wait_seconds else "",
            f"then not for {route.cooldown_seconds:g} s" if route.cooldown_seconds else "",
            f"at most {route.budget_a_day} a day" if route.budget_a_day else "",
        ]
        conditions = "; ".join(filter(None, (*what, least))) or "all"
        table.add_row(name, conditions, ", ".join(route.sinks), ", ".join(filter(None, often)))
    Console().print(table)
    for idle in notify.sinks.keys() - set(_used(notify)):
        click.echo(f"sink {idle} is named by no route")
