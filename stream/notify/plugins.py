"""Which sinks are installed: classes under the entry point group ``weir.sinks``, found by name."""

import inspect
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from stream.errors import SettingsError
from stream.notify.sink import Sink

GROUP = "weir.sinks"


def installed() -> dict[str, str]:
    """Each installed sink with the first line of its docstring, or why it does not load; by name, ascending."""
    return {name: _about(point) for name, point in sorted(_points().items())}


def open_sinks(tables: Mapping[str, Mapping[str, object]]) -> dict[str, Sink]:
    """Build every sink that the settings name.

    tables  name → what stands under ``[notify.sinks.NAME]``
    Raises SettingsError that names the table: of no or an unknown ``type``, one that does not load, a wrong field.
    """
    return {name: _open(name, table) for name, table in tables.items()}


def _open(name: str, table: Mapping[str, object]) -> Sink:
    points = _points()
    kind = table.get("type")
    if kind not in points:
        known = ", ".join(sorted(points)) or "none installed"
        raise SettingsError("type", f"one of {known}", kind, where=f"[notify.sinks.{name}]")
    try:
        make: type[Sink] = points[str(kind)].load()
    except Exception as error:  # a stranger's module may raise anything; it is named
        reason = f"a sink that loads ({type(error).__name__}: {error})"
        raise SettingsError("type", reason, kind, where=f"[notify.sinks.{name}]") from error
    return make(name=name, config={key: value for key, value in table.items() if key != "type"})


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _about(point: EntryPoint) -> str:
    try:
        return inspect.cleandoc(point.load().__doc__ or "").partition("\n")[0]
    except Exception as error:  # noqa: BLE001  # as above: it is named, and hides none of the others
        return f"does not load: {type(error).__name__}: {error}"
