"""The bell over the shop's door: rings once for each notice, by a line in a file."""

from collections.abc import Mapping
from pathlib import Path

from stream.errors import SettingsError
from stream.notify.sink import NotTakenError
from stream.wire.triage import Notice


class Bell:
    """Rings a bell in a stranger's shop."""

    def __init__(self, *, name: str, config: Mapping[str, object]) -> None:
        for field in config.keys() - {"rope"}:
            raise SettingsError(field, "rope, the only setting", where=f"[notify.sinks.{name}]")
        self._rope = Path(str(config["rope"]))

    def deliver(self, notice: Notice) -> None:
        """Ring."""
        try:
            with self._rope.open("a") as rope:
                rope.write(f"{notice.alerts[0].severity}\n")
        except OSError as error:
            raise NotTakenError(f"the rope is torn: {error.strerror}") from None

    def close(self) -> None:
        """The bell stays."""
