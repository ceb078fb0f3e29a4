"""Libraries that only some sources need: loaded when such a source is opened, and named where they are missing."""

from importlib import import_module
from typing import Any

from stream.errors import MachineError


def library(name: str) -> Any:
    """Load a library of the extra ``adapters``. Raises MachineError where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        raise MachineError(
            f"the library {name.partition('.')[0]} is not installed", "It comes with `uv sync --extra adapters`"
        ) from None
