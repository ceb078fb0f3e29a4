"""What came out: one table for people, one JSON object for machines."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from stream.bench.fingerprint import Fingerprint
from stream.bench.latency import Latency
from stream.bench.stages import Steps
from stream.bench.throughput import Throughput


class Results(msgspec.Struct, kw_only=True):
    """All that was measured in one run; what was not is None or empty.

    latency  offered rate → figures
    stages   batch size → step → µs an event
    """

    fingerprint: Fingerprint
    payments: Throughput | None = None
    ticks: Throughput | None = None
    rival: Throughput | None = None
    latency: dict[str, Latency] = {}
    stages: dict[str, Steps] = {}

    def ratio(self) -> float | None:
        """Weir's payments per second over stock Faust's."""
        return self.payments.per_second / self.rival.per_second if self.payments and self.rival else None


def write_json(results: Results, path: Path) -> None:
    """Write the headline figures under names that stay, and everything beside them."""
    headline = {
        "payments_per_second": _rate(results.payments),
        "ticks_per_second": _rate(results.ticks),
        "stock_faust_payments_per_second": _rate(results.rival),
        "ratio_to_stock_faust": results.ratio(),
        "latency_ms": {
            rate: {"p50": found.p50, "p99": found.p99, "p999": found.p999} for rate, found in results.latency.items()
        },
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(headline | msgspec.to_builtins(results))) + b"\n")


def print_results(console: Console, results: Results) -> None:
    """Print what was measured, and on what."""
    mark = results.fingerprint
    console.print(
        f"{mark.at}  {mark.cpu}, {mark.cores} cores, {mark.memory_mb:,} MB, {mark.kernel}, Python {mark.python}, "
        f"load before {mark.load}"
    )
    console.print(", ".join(f"{name} {version}" for name, version in mark.packages.items()), style="dim")
    if results.payments or results.ticks or results.rival:
        console.print(_throughput(results))
    if results.latency:
        console.print(_latency(results.latency))
    if results.stages:
        console.print(_stages(results.stages))


def _throughput(results: Results) -> Table:
    table = Table(title="One worker on one core, Kafka in and out", title_justify="left")
    for heading in ("", "events/s", "runs", "spread", "CPU s per M", "RSS MB", "alerts", "events a run"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = (("payments", results.payments), ("ticks", results.ticks), ("stock Faust", results.rival))
    for name, found in rows:
        if found is not None:
            table.add_row(
                name,
                f"{found.per_second:,.0f}",
                str(len(found.runs)),
                f"{found.spread:.0%}",
                f"{found.cpu_seconds_per_million:,.1f}",
                f"{found.rss_mb:,.0f}",
                f"{found.alerts:,}",
                f"{found.events:,}",
            )
    ratio = results.ratio()
    if ratio is not None:
        table.caption = f"Weir drains {ratio:.1f} × as many payments a second as stock Faust"
        table.caption_justify = "left"
    return table


def _latency(latency: dict[str, Latency]) -> Table:
    table = Table(title="Payment due → alert consumed, ms, open loop", title_justify="left")
    for heading in (
        "offered/s",
        "achieved/s",
        "p50",
        "p99",
        "p99.9",
        "max",
        "alerts",
        "core used",
        "load late p99",
        "kept up",
    ):
        table.add_column(heading, justify="right")
    for found in latency.values():
        table.add_row(
            f"{found.offered:,.0f}",
            f"{found.achieved:,.0f}",
            *(f"{value:,.1f}" for value in (found.p50, found.p99, found.p999, found.max)),
            f"{found.alerts:,}",
            f"{found.cpu_share:.0%}",
            f"{found.behind_ms['p99']:,.1f}",
            "yes" if found.kept_up else "no",
        )
    return table


def _stages(stages: dict[str, Steps]) -> Table:
    table = Table(title="µs an event, in process, by records in a slice", title_justify="left")
    table.add_column("")
    for size in stages:
        table.add_column(size, justify="right")
    for step in next(iter(stages.values())):
        table.add_row(step, *(f"{steps[step]:,.2f}" for steps in stages.values()))
    return table


def _rate(found: Throughput | None) -> float | None:
    return None if found is None else found.per_second
