"""``weir alerts``: the alert topic, readable: as it comes, or what there was; and what was held back."""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import msgspec
from kafka import KafkaConsumer
from rich.console import Console

from stream.commands.moments import Moment
from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.consume import consumer_of, read_for_ever, read_to_end, seek_to_time
from stream.core.triage import Triage
from stream.core.wanted import Wanted
from stream.errors import SettingsError
from stream.settings import Settings
from stream.triage.follow import Follower, read_triage
from stream.triage.held import held_alerts, held_payments
from stream.triage.readable import readable
from stream.triage.wording import card, held_line, payment_line
from stream.wire.events import Alert
from stream.wire.topics import ALERTS

_SEVERITIES = ("low", "medium", "high", "critical")
_DAY_MS = 86_400_000
_PAYMENTS = 20  # held by the worker that are shown one by one
_FILTERS = (
    click.option("--kind", "kinds", multiple=True, help="Only this kind: fraud, market, liquidity, feed … Repeatable."),
    click.option("--severity", type=click.Choice(_SEVERITIES), default="low", help="Only this severity and above."),
    click.option(
        "--entity", "entities", multiple=True, help="Only about this: c42, customer:c42, 'terminal:m0*'. Repeatable."
    ),
    click.option("--detector", "detectors", multiple=True, help="Only by this detector. Repeatable."),
    click.option("--score", "least_score", type=float, help="Only with at least this score."),
    click.option("--text", default="", help="Only with these words in the sentence."),
    click.option("--since", type=Moment(), help="Begin with what was emitted then: 2h, 7d, 2026-11-21T10:30 (UTC)."),
    click.option("--until", type=Moment(), help="End with what was emitted before then."),
)


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.command()
@config_option
@bootstrap_option
@_filters
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="The latest N of all that are kept.")
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest alert kept, and follow.")
@click.option("--until-end", is_flag=True, help="All that are kept, and stop there.")
@click.option("--follow", is_flag=True, help="Go on with new ones: also after --since and --last.")
@click.option("--open", "is_open", is_flag=True, help="Only those that nobody has acknowledged, judged or snoozed.")
@click.option("--held", is_flag=True, help="What was not told instead, and why; of the last day unless --since.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for pipes.")
def alerts(
    config: Path | None,
    bootstrap: str | None,
    *,
    last: int | None,
    from_beginning: bool,
    until_end: bool,
    follow: bool,
    is_open: bool,
    held: bool,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Read the alerts: severity, whom it is about, why, the top reasons, and who looks into it.

    New ones as they come, until Ctrl-C. With --since, --last or --until-end what there was, oldest first, and no more
    unless --follow.

    \b
        weir alerts --severity high --kind fraud
        weir alerts --since 2h --entity 'terminal:m09*'
        weir alerts --last 20 --open
        weir alerts --held --since 7d
    """  # noqa: D301  # click's mark against re-wrapping
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    wants = Wanted(**wanted)
    if held:
        _show_held(settings, wants, as_json=as_json)
        return
    stops = (until_end or last is not None or wants.since is not None) and not (follow or from_beginning)
    with ExitStack() as stack:
        reads_old = from_beginning or until_end or last is not None or wants.since is not None
        consumer = consumer_of(settings, [ALERTS.name], from_beginning=reads_old)
        stack.callback(consumer.close)
        if wants.since is not None:
            seek_to_time(consumer, wants.since)
        triage = Triage() if as_json and not is_open else stack.enter_context(Follower(settings)).triage
        show = _printer(triage, as_json=as_json)
        for alert, value in _read(consumer, wants, last=last, is_sorted=reads_old and not as_json, stops=stops):
            if not (is_open and (triage.owner_of(alert.id) or triage.snooze_of(alert))):
                show(alert, value)


def _read(
    consumer: KafkaConsumer, wants: Wanted, *, last: int | None, is_sorted: bool, stops: bool
) -> Iterator[tuple[Alert, bytes]]:
    """Yield what is wanted: first what there is, sorted where that is asked for, then what comes."""
    old: Iterable[tuple[Alert, bytes]] = (pair for pair in readable(read_to_end(consumer)) if wants.takes(pair[0]))
    if last is not None:
        old = sorted(heapq.nlargest(last, old, key=_order), key=_order)
    yield from sorted(old, key=_order) if is_sorted else old
    if not stops:
        yield from (pair for pair in readable(read_for_ever(consumer)) if wants.takes(pair[0]))


def _order(pair: tuple[Alert, bytes]) -> tuple[int, str]:
    return pair[0].emitted_at, pair[0].id


def _printer(triage: Triage, *, as_json: bool) -> Callable[[Alert, bytes], None]:
    if as_json:
        return lambda _, value: click.echo(value)
    console = Console(highlight=False, soft_wrap=True)
    return lambda alert, _: console.print(card(alert, triage))


def _show_held(settings: Settings, wants: Wanted, *, as_json: bool) -> None:
    since = round(1000 * time.time()) - _DAY_MS if wants.since is None else wants.since
    until = wants.until
    wants = replace(wants, since=None, until=None)  # the times are those of being held
    console, triage = Console(highlight=False, soft_wrap=True), read_triage(settings)
    for one in held_alerts(settings, since):
        if (until is not None and one.delivery.at >= until) or (one.alert is not None and not wants.takes(one.alert)):
            continue
        if as_json:
            click.echo(msgspec.json.encode(one.delivery))
        else:
            console.print(held_line(one, triage))
    if wants.kinds and "fraud" not in wants.kinds:
        return
    count = 0
    for count, payment in enumerate(sorted(held_payments(settings, since), key=lambda one: one.at), 1):
        if as_json:
            click.echo(msgspec.json.encode(payment))
        elif count <= _PAYMENTS:
            console.print(payment_line(payment))
    if count > _PAYMENTS and not as_json:
        console.print(f"         and {count - _PAYMENTS:,} more payments; --json has them all", style="dim")
