"""What a measurement leaves behind (``stream.bench.report``)."""

import io
import json
from pathlib import Path

from rich.console import Console

from stream.bench.fingerprint import fingerprint
from stream.bench.latency import Latency
from stream.bench.report import Results, print_results, write_json
from stream.bench.rivals.race import Raced
from stream.bench.throughput import Throughput


def _drained(per_second: float) -> Throughput:
    return Throughput(
        events=1_000,
        per_second=per_second,
        spread=0.1,
        cpu_seconds_per_million=7.5,
        rss_mb=300.0,
        alerts=5,
        runs=[per_second],
    )


def _results() -> Results:
    late = Latency(
        offered=10_000.0,
        achieved=9_999.0,
        kept_up=True,
        alerts=2_000,
        p50=5.0,
        p99=20.0,
        p999=40.0,
        max=41.0,
        cpu_share=0.3,
        behind_ms={"p50": 1.0, "p99": 2.0, "max": 3.0},
    )
    return Results(
        fingerprint=fingerprint(),
        payments=_drained(120_000.0),
        rivals={
            "faust": Raced(title="stock Faust", version="0.15.3", throughput=_drained(3_000.0), latency={"1000": late}),
            "quix": Raced(title="Quix Streams", version="3.28.1", left_out="Can't install quix: no network"),
        },
        latency={"10000": late},
        stages={"1": {"decode": 4.0}, "64": {"decode": 2.0}},
    )


def test_the_json_has_the_promised_keys(tmp_path: Path) -> None:
    """Whoever reads it finds the headline at the top, null where nothing was measured, and the details beside."""
    write_json(_results(), tmp_path / "bench.json")

    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["payments_per_second"] == 120_000.0
    assert found["ticks_per_second"] is None
    assert found["stock_faust_payments_per_second"] == 3_000.0
    assert found["ratio_to_stock_faust"] == 40.0
    assert found["rivals"]["faust"]["payments_per_second"] == 3_000.0
    assert found["rivals"]["faust"]["ratio"] == 40.0
    assert found["rivals"]["faust"]["cpu_ratio"] == 1.0
    assert found["rivals"]["faust"]["latency"]["1000"]["p99"] == 20.0
    assert found["rivals"]["quix"]["payments_per_second"] is None
    assert found["rivals"]["quix"]["left_out"] == "Can't install quix: no network"
    assert found["latency_ms"] == {"10000": {"p50": 5.0, "p99": 20.0, "p999": 40.0}}
    assert found["payments"]["cpu_seconds_per_million"] == 7.5
    assert found["stages"]["64"] == {"decode": 2.0}
    assert found["fingerprint"]["packages"]["numpy"]


def test_the_table_names_the_machine_and_every_figure() -> None:
    """A figure without its machine can't be quoted."""
    sink = io.StringIO()
    print_results(Console(file=sink, width=140), _results())

    text = sink.getvalue()
    for part in (
        fingerprint().kernel,
        "120,000",
        "3,000",
        "40.0 ×",
        "left out",
        "no network",
        "10,000",
        "20.0",
        "decode",
    ):
        assert part in text


def test_the_fingerprint_is_of_this_machine() -> None:
    """The cores are those that may be used, the memory is what the kernel says."""
    mark = fingerprint()
    total_kb = next(
        int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line
    )

    assert mark.memory_mb == total_kb // 1024
    assert mark.cpu
    assert mark.packages["aiokafka"] == "0.14.0"
