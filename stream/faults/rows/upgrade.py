"""Upgrades under load: workers of an earlier release end one after the other, and the present one takes their place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stream.faults.fleet import Worker
from stream.faults.harm import Harm, Setup
from stream.faults.release import environment_of, is_known
from stream.faults.scene import Scene
from stream.faults.waiting import wait_for

_END_SECONDS = 60.0
_PORT = "WEIR_WORKER_METRICS_PORT"


class Upgrade:
    """From the release of a commit to the present one, worker by worker."""

    def __init__(self, commit: str) -> None:
        self.commit = commit
        self._present: Mapping[str, str] = {}

    def lacks(self) -> str:
        """Say whether the history lacks the commit."""
        return "" if is_known(self.commit) else f"needs the git history back to {self.commit}"

    @contextmanager
    def begun(self, scene: Scene) -> Iterator[None]:
        """Have the workers start with the earlier release."""
        self._present = scene.fleet.environment
        scene.fleet.environment = environment_of(self.commit, self._present)
        yield

    def replace(self, scene: Scene) -> None:
        """SIGTERM to each worker in turn; the present release starts in its place, and the next one waits for it."""
        for worker in scene.fleet.workers:
            ended = len(worker.endings)
            worker.environment = {**self._present, _PORT: worker.environment[_PORT]}
            scene.fleet.terminate(worker)
            _wait_ended(worker, ended)
            scene.fleet.wait_ready(worker)


def _wait_ended(worker: Worker, before: int) -> None:
    wait_for(lambda: len(worker.endings) > before, what=f"{worker.name} still runs", within_seconds=_END_SECONDS)


# The first that judges as the present one does, with today's layouts of all that is stored: moved on whenever features,
# the artefact or a layout change, for what an older one has made can't equal a replay by the present one. That old
# layouts are migrated, or refused by name, is held by the tests of ``stream.core.layout``.
_UPGRADE = Upgrade("70c48ae")

HARMS = (
    Harm(
        name="upgraded in turn",
        sentence="Two workers of an earlier release are replaced by present ones, one after the other.",
        inflict=_UPGRADE.replace,
        setup=Setup(workers=2, seconds=30.0, between=(0.1, 0.3), around=_UPGRADE.begun),
        lacks=_UPGRADE.lacks,
    ),
)
