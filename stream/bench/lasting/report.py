"""The long measurements as tables for people."""

from collections.abc import Iterator

from rich.table import Table

from stream.bench.lasting.growth import Growth
from stream.bench.lasting.parts import Lasting
from stream.bench.lasting.pressure import Pressure
from stream.bench.lasting.restart import Restart
from stream.bench.lasting.scale import Scale
from stream.bench.lasting.soak import Soak
from stream.bench.lasting.trend import Trend


def tables_of(found: Lasting) -> Iterator[Table]:
    """Make a table of each that was measured."""
    if found.growth:
        yield _growth(found.growth)
    if found.scale:
        yield _scale(found.scale)
    if found.restart:
        yield _restart(found.restart)
    if found.pressure:
        yield _pressure(found.pressure)
    if found.soak:
        yield _soak(found.soak)


def _table(title: str, first: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _growth(found: Growth) -> Table:
    table = _table(
        "Cost against keys and against windows, in process, CPU µs an event at 4,096 a slice",
        "",
        "customers",
        "payments each",
        "customer stage",
        "terminal stage",
        "both",
        "bytes a customer",
        "bytes a terminal",
    )
    points = [(f"{int(name):,} keys", size) for name, size in found.keys.items()]
    points += [(f"{name} d", size) for name, size in found.windows.items()]
    for name, size in points:
        table.add_row(
            name,
            f"{size.customers:,}",
            f"{size.history:,.0f}",
            *(f"{us:.2f}" for us in (size.customer_us, size.terminal_us, size.us)),
            f"{size.customer_bytes:,.0f}",
            f"{size.terminal_bytes:,.0f}",
        )
    return table


def _scale(found: Scale) -> Table:
    table = _table(
        "The same payments by workers and partitions", "workers", "partitions", "events/s", "CPU s per M", "RSS MB"
    )
    for drained in (*found.workers.values(), *found.partitions.values()):
        table.add_row(
            str(drained.workers),
            str(drained.partitions),
            f"{drained.per_second:,.0f}",
            f"{drained.cpu_seconds_per_million:,.1f}",
            f"{drained.rss_mb:,.0f}",
        )
    table.caption = "Of two workers one shares its core with the broker"
    return table


def _restart(found: Restart) -> Table:
    table = _table(
        f"Restart with {found.keys:,} customers; changelogs: {found.changelog_records:,} rows written, "
        f"{found.changelog_mb:,.0f} MB left; seconds",
        "the one before was",
        "start → answers",
        "start → ready",
        "end → first commit",
        "CPU until ready",
    )
    for name, resumed in (
        ("stopped (SIGTERM)", found.stopped),
        ("killed (kill -9)", found.killed),
        ("killed, with a name (kafka.instance)", found.named),
    ):
        table.add_row(
            name, *(f"{value:.1f}" for value in (resumed.up, resumed.ready, resumed.committed, resumed.cpu_seconds))
        )
    table.caption = f"After kill -9 the group waits {found.session_seconds:.0f} s for a dead one without a name"
    return table


def _pressure(found: Pressure) -> Table:
    table = _table(f"Back-pressure: {found.offered / found.capacity:.1f} × capacity offered", "", "")
    seconds = found.samples[-1].second
    for name, value in (
        ("capacity, payments/s", f"{found.capacity:,.0f} with {found.core_share:.0%} of its core"),
        ("offered, taken by Kafka", f"{found.offered:,.0f}, {found.achieved:,.0f} for {seconds:,.0f} s"),
        ("memory, MB", trend_text(found.memory)),
        ("lag at the end; as the worker showed it", f"{found.lag:,}; {found.shown:,}"),
        ("caught up, payments/s", f"{found.caught_up:,.0f}; a plain backlog {found.plain:,.0f}"),
        ("scored or refused", f"{found.payments:,} of {found.payments:,}, each customer's in order"),
        ("judged behind a younger one", f"{found.behind:,}"),
    ):
        table.add_row(name, value)
    return table


def _soak(found: Soak) -> Table:
    table = _table(f"Soak: {found.minutes:g} minutes at half capacity", "", "")
    for name, value in (
        ("capacity, payments/s", f"{found.capacity:,.0f}"),
        ("offered, taken by Kafka", f"{found.offered:,.0f}, {found.achieved:,.0f}"),
        ("payments, all scored or refused; alerts", f"{found.payments:,}; {found.alerts:,}"),
        ("memory, MB", trend_text(found.memory)),
        ("p99 due → alert consumed, ms", trend_text(found.latency)),
        ("longest that the load itself was late, ms", f"{found.behind_ms:,.0f}"),
        ("worker's core used; keys at the end", f"{found.cpu_share:.0%}; {found.keys:,}"),
    ):
        table.add_row(name, value)
    return table


def trend_text(trend: Trend) -> str:
    """Say where a line begins and ends, its slope and the error of that."""
    return f"{trend.first:,.1f} → {trend.last:,.1f}; slope {trend.per_hour:+,.1f} ± {trend.error:,.1f} per hour"
