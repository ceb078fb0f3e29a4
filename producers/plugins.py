"""Which producers are installed: classes under the entry point group ``weir.producers``, found by name."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from producers.live import Live
from producers.source import Source
from stream.errors import SettingsError, WeirError

GROUP = "weir.producers"


class PluginError(WeirError):
    """An installed producer that can't be loaded: its name, where it points, and why."""

    def __init__(self, name: str, target: str, reason: str) -> None:
        super().__init__(name, target, reason)
        self.name, self.target, self.reason = name, target, reason

    def __str__(self) -> str:
        return f"producer {self.name} ({self.target}) does not load: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One installed producer.

    package  the distribution it came with, "" where unknown
    about    first line of its docstring; "" where it does not load
    problem  None, or why it does not load
    """

    name: str
    package: str
    about: str
    problem: PluginError | None = None


def installed() -> list[Plugin]:
    """List all installed producers by name; one that does not load says so and hides none of the others."""
    return [_describe(point) for _, point in sorted(_points().items())]


def load_source(name: str) -> type[Source] | type[Live]:
    """Find the class of the producer ``name``.

    Raises SettingsError for an unknown name, with the known ones; PluginError for one that does not load.
    """
    points = _points()
    if name not in points:
        raise SettingsError("NAME", f"one of {', '.join(sorted(points)) or 'none installed'}", name, where="producer")
    return _load(points[name])


def open_source(name: str, *, seed: int, config: Mapping[str, object]) -> Source:
    """Build the producer ``name``, whose events can be had again; raises as ``open_any`` does.

    Raises SettingsError for a live one: what comes from outside can't be replayed.
    """
    source = open_any(name, seed=seed, config=config)
    if isinstance(source, Source):
        return source
    raise SettingsError(
        "NAME", "a source that can be read again; this one is live: `weir produce`", name, where="source"
    )


def open_any(name: str, *, seed: int, config: Mapping[str, object]) -> Source | Live:
    """Build the producer ``name``; raises as ``load_source`` does, and SettingsError for a bad ``config``."""
    return load_source(name)(seed=seed, config=config)


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _load(point: EntryPoint) -> type[Source] | type[Live]:
    try:
        source: type[Source | Live] = point.load()
    except Exception as error:  # a stranger's module may raise anything; it is named and the others go on
        raise PluginError(point.name, point.value, f"{type(error).__name__}: {error}") from error
    if not any(callable(getattr(source, method, None)) for method in ("records", "batches")):
        raise PluginError(point.name, point.value, "expected a class with a method records() or batches()")
    return source


def _describe(point: EntryPoint) -> Plugin:
    package = point.dist.name if point.dist else ""
    try:
        about = inspect.cleandoc(_load(point).__doc__ or "").partition("\n")[0]
    except PluginError as problem:
        return Plugin(name=point.name, package=package, about="", problem=problem)
    return Plugin(name=point.name, package=package, about=about)
