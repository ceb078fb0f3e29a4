"""What was measured, read back and drawn (``stream.bench.lasting.curves``, ``stream.bench.lasting.report``)."""

import io
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from stream.bench.fingerprint import fingerprint
from stream.bench.lasting.curves import draw
from stream.bench.lasting.growth import Growth, Size
from stream.bench.lasting.parts import Lasting
from stream.bench.lasting.pressure import Pressure, Sample
from stream.bench.lasting.restart import Restart, Resumed
from stream.bench.lasting.scale import Drained, Scale
from stream.bench.lasting.soak import Soak
from stream.bench.lasting.trend import Trend
from stream.bench.report import Results, print_results, read_json, write_json
from stream.errors import SettingsError

_TREND = Trend(first=300.0, last=301.0, per_hour=1.25, error=0.75)


def _size(customers: int) -> Size:
    return Size(
        customers=customers,
        terminals=customers // 5,
        history=20.0,
        customer_us=1.5,
        terminal_us=0.75,
        customer_bytes=590.0,
        terminal_bytes=1_700.0,
    )


def _drained(workers: int, partitions: int) -> Drained:
    return Drained(
        workers=workers,
        partitions=partitions,
        events=1_000,
        per_second=123_456.0,
        cpu_seconds_per_million=6.5,
        rss_mb=321.0,
    )


def _results() -> Results:
    resumed = Resumed(up=1.1, ready=6.6, committed=7.7, cpu_seconds=5.5)
    return Results(
        fingerprint=fingerprint(),
        lasting=Lasting(
            growth=Growth(keys={"1000": _size(1_000), "10000": _size(10_000)}, windows={"1": _size(9), "90": _size(9)}),
            scale=Scale(workers={"1": _drained(1, 4), "2": _drained(2, 4)}, partitions={"64": _drained(1, 64)}),
            restart=Restart(
                keys=993_333,
                payments=5_000_000,
                changelog_records=4_232_716,
                changelog_mb=711.9,
                session_seconds=6.0,
                rss_mb=1_285.0,
                stopped=resumed,
                killed=resumed,
                named=resumed,
            ),
            pressure=Pressure(
                core_share=0.2,
                capacity=20_000.0,
                plain=100_000.0,
                offered=60_000.0,
                achieved=59_999.0,
                samples=[Sample(second=float(i), lag=40_000 * i, rss_mb=300.0) for i in range(10)],
                memory=_TREND,
                lag=360_000,
                shown=350_000,
                caught_up=99_000.0,
                payments=1_000_000,
                behind=0,
            ),
            soak=Soak(
                minutes=60.0,
                capacity=100_000.0,
                offered=50_000.0,
                achieved=49_990.0,
                behind_ms=12.0,
                cpu_share=0.5,
                payments=180_000_000,
                alerts=720_000,
                keys=54_321,
                lag=0,
                rss_mb=[300.0] * 100,
                p99_ms=[40.0] * 60,
                memory=_TREND,
                latency=_TREND,
            ),
        ),
    )


def test_the_curves_are_drawn_from_the_json_of_an_earlier_run(tmp_path: Path) -> None:
    """What is read back is what was measured; each picture is whole XML, and the same figures give the same bytes."""
    write_json(_results(), tmp_path / "bench.json")
    back = read_json(tmp_path / "bench.json")
    paths = draw(back.lasting, tmp_path / "plots")
    again = draw(_results().lasting, tmp_path / "again")

    assert back.lasting == _results().lasting
    assert [path.name for path in paths] == ["keys.svg", "windows.svg", "scale.svg", "pressure.svg", "soak.svg"]
    assert all(ET.parse(path).getroot().tag.endswith("svg") for path in paths)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]


def test_a_file_that_is_no_result_is_refused_by_name(tmp_path: Path) -> None:
    """Somebody else's JSON is told before anything is drawn."""
    (tmp_path / "other.json").write_text('{"a": 1}')

    with pytest.raises(SettingsError, match="--from"):
        read_json(tmp_path / "other.json")


def test_the_tables_say_every_figure_with_its_error() -> None:
    """What a reader would quote stands in the tables."""
    sink = io.StringIO()
    print_results(Console(file=sink, width=150), _results())

    text = sink.getvalue()
    for part in ("993,333", "6.6", "123,456", "+1.2 ± 0.8", "360,000", "350,000", "180,000,000", "2.25", "3.0 ×"):
        assert part in text
