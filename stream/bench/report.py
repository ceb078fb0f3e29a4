"""What came out: one table for people, one JSON object for machines."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from stream.bench.fingerprint import Fingerprint
from stream.bench.lasting.parts import Lasting
from stream.bench.lasting.report import tables_of
from stream.bench.latency import Latency
from stream.bench.memory import Memory
from stream.bench.profile import Profile
from stream.bench.rivals.race import Raced
from stream.bench.stages import Steps
from stream.bench.throughput import Throughput
from stream.errors import SettingsError


class Results(msgspec.Struct, kw_only=True):
    """All that was measured in one run; what was not is None or empty.

    rivals   name → figures
    latency  offered rate → figures
    stages   batch size → step → µs an event
    lasting  what takes long and was asked for by name
    """

    fingerprint: Fingerprint
    payments: Throughput | None = None
    ticks: Throughput | None = None
    rivals: dict[str, Raced] = {}
    latency: dict[str, Latency] = {}
    profile: Profile | None = None
    stages: dict[str, Steps] = {}
    memory: Memory | None = None
    lasting: Lasting = msgspec.field(default_factory=Lasting)

    def ratio(self, rival: str) -> float | None:
        """Weir's payments per second over a rival's; None where one of them was not measured."""
        rate = self.rival_rate(rival)
        return self.payments.per_second / rate if self.payments and rate else None

    def cpu_ratio(self, rival: str) -> float | None:
        """A rival's CPU seconds per payment over Weir's: above 1, Weir needs less."""
        raced = self.rivals.get(rival)
        if self.payments is None or raced is None or raced.throughput is None:
            return None
        return raced.throughput.cpu_seconds_per_million / self.payments.cpu_seconds_per_million

    def rival_rate(self, rival: str) -> float | None:
        """Payments per second of a rival."""
        raced = self.rivals.get(rival)
        return _rate(raced.throughput) if raced else None


def write_json(results: Results, path: Path) -> None:
    """Write the headline figures under names that stay, and everything beside them."""
    headline = {
        "payments_per_second": _rate(results.payments),
        "ticks_per_second": _rate(results.ticks),
        "stock_faust_payments_per_second": results.rival_rate("faust"),
        "ratio_to_stock_faust": results.ratio("faust"),
        "latency_ms": {
            rate: {"p50": found.p50, "p99": found.p99, "p999": found.p999} for rate, found in results.latency.items()
        },
    }
    found = headline | msgspec.to_builtins(results)
    for name, raced in found["rivals"].items():
        raced |= {
            "payments_per_second": results.rival_rate(name),
            "ratio": results.ratio(name),
            "cpu_ratio": results.cpu_ratio(name),
        }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


def print_results(console: Console, results: Results) -> None:
    """Print what was measured, and on what."""
    mark = results.fingerprint
    console.print(
        f"{mark.at}  {mark.cpu}, {mark.cores} cores, {mark.memory_mb:,} MB, {mark.kernel}, Python {mark.python}, "
        f"load before {mark.load}"
    )
    console.print(", ".join(f"{name} {version}" for name, version in mark.packages.items()), style="dim")
    if results.payments or results.ticks or results.rivals:
        console.print(_throughput(results))
    if results.latency:
        console.print(_latency("Payment due → alert consumed, ms, open loop", results.latency))
    for raced in results.rivals.values():
        if raced.latency:
            console.print(_latency(f"The same, {raced.title}", raced.latency))
    if results.profile:
        console.print(_profile(results.profile))
    if results.stages:
        console.print(_stages(results.stages))
    if results.memory:
        console.print(_memory(results.memory))
    for table in tables_of(results.lasting):
        console.print(table)


def read_json(path: Path) -> Results:
    """Read what ``write_json`` wrote; raises SettingsError where it is something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except msgspec.DecodeError as error:
        raise SettingsError("--from", f"a file that `weir bench --json` wrote ({error})", str(path)) from None


def _throughput(results: Results) -> Table:
    table = Table(title="One worker on one core, Kafka in and out", title_justify="left", caption_justify="left")
    headings = ("", "events/s", "Weir ÷", "runs", "spread", "CPU s per M", "÷ Weir", "RSS MB", "alerts", "events a run")
    for heading in headings:
        table.add_column(heading, justify="left" if not heading else "right")
    for name, found in (("payments", results.payments), ("ticks", results.ticks)):
        if found is not None:
            table.add_row(*_drained(name, found, None, None))
    for name, raced in results.rivals.items():
        title = f"{raced.title} {raced.version}"
        if raced.throughput is not None:
            table.add_row(*_drained(title, raced.throughput, results.ratio(name), results.cpu_ratio(name)))
        else:
            table.add_row(title, "left out")
    table.caption = "\n".join(
        f"{raced.title} was left out. {raced.left_out}" for raced in results.rivals.values() if raced.left_out
    )
    return table


def _drained(name: str, found: Throughput, ratio: float | None, cpu_ratio: float | None) -> tuple[str, ...]:
    return (
        name,
        f"{found.per_second:,.0f}",
        "" if ratio is None else f"{ratio:,.1f} ×",
        str(len(found.runs)),
        f"{found.spread:.0%}",
        f"{found.cpu_seconds_per_million:,.1f}",
        "" if cpu_ratio is None else f"{cpu_ratio:,.1f} ×",
        f"{found.rss_mb:,.0f}",
        f"{found.alerts:,}",
        f"{found.events:,}",
    )


def _latency(title: str, latency: dict[str, Latency]) -> Table:
    table = Table(title=title, title_justify="left")
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


def _profile(found: Profile) -> Table:
    table = Table(title="Where a payment's microseconds go, in the worker on Kafka", title_justify="left")
    for heading in ("", "µs a payment", "share"):
        table.add_column(heading, justify="right" if heading else "left")
    for step, cost in found.steps.items():
        table.add_row(step, f"{cost:,.2f}", f"{cost / found.cpu_seconds_per_million:.0%}")
    table.caption = found.left_out or f"{found.samples:,} samples of py-spy, {found.cpu_seconds_per_million:.1f} in all"
    return table


def _stages(stages: dict[str, Steps]) -> Table:
    table = Table(title="µs an event, in process, by records in a slice", title_justify="left")
    table.add_column("")
    for size in stages:
        table.add_column(size, justify="right")
    for step in next(iter(stages.values())):
        table.add_row(step, *(f"{steps[step]:,.2f}" for steps in stages.values()))
    return table


def _memory(memory: Memory) -> Table:
    table = Table(title="Bytes a key by its payments in 30 days; the last is the most it can be", title_justify="left")
    for heading in ("", "payments", "bytes", "record", "entries", "index"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, found in (("customer", memory.customers), ("terminal", memory.terminals)):
        for entries, key in found.items():
            parts = (key.parts[part] for part in ("records", "entries", "index"))
            table.add_row(name, entries, f"{key.bytes:,.0f}", *(f"{part:,.0f}" for part in parts))
    return table


def _rate(found: Throughput | None) -> float | None:
    return None if found is None else found.per_second
