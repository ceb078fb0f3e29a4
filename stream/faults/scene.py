"""The scene of one row: topics and a group of its own on some brokers, workers, and events that flow."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from stream.faults.fleet import Fleet
from stream.faults.ground import Ground
from stream.faults.load import Load
from stream.faults.waiting import wait_for
from stream.faults.watch import Watch
from stream.settings import Settings

PROGRESS_SECONDS = 90.0


@dataclass(slots=True, kw_only=True)
class Scene:
    """What a harm may lay hands on.

    settings  of the judge and the load: ``settings.kafka.prefix`` and ``.group`` are this row's own
    draw      all chance of the row, from its printed seed
    folder    logs, ``worker-1/`` … (each worker's working folder); kept when the row is not clean
    facts     anything worth telling beside the figures, by name
    """

    settings: Settings
    ground: Ground
    fleet: Fleet
    load: Load
    watch: Watch
    draw: Random
    folder: Path
    facts: dict[str, float | str] = field(default_factory=dict)

    def pause(self, least: float, most: float) -> None:
        """Sleep for a drawn time, seconds."""
        time.sleep(self.draw.uniform(least, most))

    def wait_progress(self, *, within_seconds: float = PROGRESS_SECONDS) -> None:
        """Return when the group has committed something since this call; raises WeirError if it does not."""
        self.watch.wait_progress(within_seconds=within_seconds)

    def wait_offered(self, share: float, *, within_seconds: float) -> None:
        """Return when so much of the load stands on the topics; raises WeirError if it does not."""
        wait_for(
            lambda: self.watch.offered() >= share * self.load.events or self.load.is_done(),
            what="too little was offered",
            within_seconds=within_seconds,
        )

    def over(self) -> None:
        """Say that the harm is over: the seconds of the row count from the last call, or from the harm's return."""
        self.watch.mark()
