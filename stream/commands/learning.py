"""What ``weir train`` and ``weir evaluate`` have in common: the payments to learn from, and an extra to learn with."""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from stream.errors import MachineError

if TYPE_CHECKING:
    from stream.replay import Keyed
    from stream.settings import Settings

_EXTRA = {"tensorflow", "keras", "sklearn", "matplotlib", "xgboost"}


def load_module(module: str, what: str) -> ModuleType:
    """Import a module that needs the extra ``train``; MachineError says what for where it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise MachineError(f"{what} needs {error.name}", "Install it: uv sync --extra train") from None


def open_history(
    file: Path | None, mapping: Path | None, source: str, days: int, seed: int, settings: "Settings"
) -> tuple[Iterator["Keyed"], str]:
    """Open recorded payments with verdicts, or ``days`` of a producer where there is no file; and name them."""
    from producers.plugins import open_source  # noqa: PLC0415  # pandas is not needed for --help

    if file is not None:
        files: dict[str, object] = {"transactions": str(file), "mapping": str(mapping) if mapping else ""}
        own: Mapping[str, object] = settings.producers.get("recorded", {})
        return open_source("recorded", seed=seed, config={**own, **files}).records(), f"recorded {file.name}"
    own = {**settings.producers.get(source, {}), "days": days}
    name = f"producer {source}, {days} days, seed {seed}"
    return open_source(source, seed=seed, config=own).records(), name
