"""The curves as pictures, drawn from what was measured or read back from its JSON."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from stream.bench.lasting.growth import Growth
from stream.bench.lasting.parts import Lasting
from stream.bench.lasting.pressure import Pressure
from stream.bench.lasting.scale import Scale
from stream.bench.lasting.soak import Soak
from stream.errors import MachineError

_SIZE = (9.0, 3.2)  # inches
_GREY = "0.45"


def draw(found: Lasting, folder: Path) -> list[Path]:
    """Draw an SVG of each that was measured and is a curve; returns their paths.

    Raises MachineError without matplotlib, which comes with the extra ``train``.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415  only where pictures are asked for
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise MachineError("pictures need matplotlib", "Install it: uv sync --extra train") from None
    mpl.rcParams["svg.hashsalt"] = "weir"  # the same figures, the same bytes
    mpl.rcParams["font.size"] = 9
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, panels in _pictures(found).items():
        figure = Figure(figsize=_SIZE, layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            panel(axes)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(color="0.9")
        paths.append(folder / f"{name}.svg")
        figure.savefig(paths[-1], metadata={"Date": None})
    return paths


_Panel = Callable[[Any], None]


def _pictures(found: Lasting) -> dict[str, list[_Panel]]:
    pictures: dict[str, list[_Panel]] = {}
    if found.growth:
        pictures |= _growth(found.growth)
    if found.scale:
        pictures["scale"] = _scale(found.scale)
    if found.pressure:
        pictures["pressure"] = _pressure(found.pressure)
    if found.soak:
        pictures["soak"] = _soak(found.soak)
    return pictures


def _growth(found: Growth) -> dict[str, list[_Panel]]:
    keys, days = list(found.keys.values()), list(found.windows.values())
    counts, lengths = [float(name) for name in found.keys], [float(name) for name in found.windows]
    return {
        "keys": [
            _line(counts, [size.us for size in keys], "customers", "CPU µs an event", is_log=True),
            _line(counts, [size.customer_bytes for size in keys], "customers", "bytes a customer", is_log=True),
        ],
        "windows": [
            _line(lengths, [size.us for size in days], "longest window, days", "CPU µs an event"),
            _line(lengths, [size.customer_bytes for size in days], "longest window, days", "bytes a customer"),
        ],
    }


def _scale(found: Scale) -> list[_Panel]:
    parts = list(found.partitions.values())
    counts = [float(drained.partitions) for drained in parts]
    workers = list(found.workers.values())

    def bars(axes: Any) -> None:
        axes.bar([str(drained.workers) for drained in workers], [drained.per_second for drained in workers], color="C0")
        axes.set(xlabel="workers on two cores", ylabel="payments/s")

    return [
        bars,
        _line(counts, [drained.per_second for drained in parts], "partitions", "payments/s"),
        _line(counts, [drained.cpu_seconds_per_million for drained in parts], "partitions", "CPU s per M payments"),
    ]


def _pressure(found: Pressure) -> list[_Panel]:
    seconds = [sample.second for sample in found.samples]
    return [
        _line(seconds, [sample.lag / 1e6 for sample in found.samples], "seconds", "lag, M payments", mark=""),
        _line(seconds, [sample.rss_mb for sample in found.samples], "seconds", "worker, MB", mark=""),
    ]


def _soak(found: Soak) -> list[_Panel]:
    def spread(count: int) -> list[float]:
        return [found.minutes * (i + 0.5) / count for i in range(count)]

    return [
        _line(spread(len(found.rss_mb)), found.rss_mb, "minutes", "worker, MB", mark=""),
        _line(spread(len(found.p99_ms)), found.p99_ms, "minutes", "p99 due → alert, ms", mark=""),
    ]


def _line(
    x: Sequence[float], y: Sequence[float], across: str, up: str, *, is_log: bool = False, mark: str = "o"
) -> _Panel:
    def panel(axes: Any) -> None:
        axes.plot(x, y, marker=mark, color="C0", markersize=4)
        if is_log:
            axes.set_xscale("log")
        axes.set_ylim(0.0, 1.15 * max(y))
        axes.set_xlabel(across, color=_GREY)
        axes.set_ylabel(up, color=_GREY)

    return panel
