"""The steps of a model, done in an order that may break off anywhere: journal, files, audit, and last the workers."""

import getpass
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from models.registry.gates import Gate, failed
from models.registry.shelf import Registry, entry_of
from models.registry.states import Action
from stream.core.swap import OWN
from stream.errors import ModelError, WeirError
from stream.registry.arrivals import champion_of, detectors_in
from stream.registry.publishing import order_swap, publish_model
from stream.registry.telling import tell_steps
from stream.settings import Settings


class GateError(WeirError):
    """A step that a model may not take: the gates that do not hold, and by how much."""

    def __init__(self, action: str, model: str, gates: Sequence[Gate]) -> None:
        super().__init__(action, model, gates)
        self.action, self.model, self.gates = action, model, tuple(gates)

    def __str__(self) -> str:
        lacking = "; ".join(f"{gate.name}: {gate.says}" for gate in self.gates)
        return f"{self.action} {self.model}: refused by {lacking}. --force REASON does it all the same, on record"


def whoever() -> str:
    """User and host, for the record."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What may be done to models; each is refused, or done and on record.

    settings  with a Kafka for ``promote`` and ``rollback``; without one, a step is on record with the next that has it
    by        who does it
    """

    settings: Settings
    registry: Registry
    by: str

    def register(self, folder: Path, why: str) -> str:
        """Take an artefact in as a candidate; returns its identity. Raises ModelError where it is there, or unsound."""
        with self.registry.changing():
            model = self.registry.take_in(folder)
            self.registry.require("register", model)
            self._note("register", model, why=why)
        return model

    def shadow(self, model: str, gates: Sequence[Gate], *, why: str, forced: str = "") -> None:
        """Let a candidate score beside the champion. Raises ModelError or GateError where it may not."""
        self._serves(model)
        with self.registry.changing():
            self.registry.require("shadow", model)
            _admit("shadow", model, gates, forced)
            self._note("shadow", model, why=why, gates=gates, forced=forced)

    def promote(self, model: str, gates: Sequence[Gate], *, why: str, forced: str = "") -> None:
        """Make a model the champion and have every worker change over. Raises as ``shadow`` does.

        Raises DeliveryError or MachineError where Kafka fails: it is champion then, and ``resend`` tells the workers.
        """
        self._serves(model)
        with self.registry.changing():
            self.registry.require("promote", model, forced=forced)
            _admit("promote", model, gates, forced)
            before = self.registry.champion()
            with self._sending():
                self._note("promote", model, why=why, before=before, gates=gates, forced=forced)
                self._send(model)

    def rollback(self, why: str) -> str:
        """Bring back the champion that the present one took the place of; returns its identity, ``OWN`` the settings'.

        Raises ModelError where there is none, or the workers were never told of the present one.
        """
        with self.registry.changing():
            present = self.registry.champion()
            model = self.registry.before(present)
            serves = champion_of(self.settings)
            if serves != present:
                raise ModelError(
                    f"rollback: expected workers to score by {present}, was {serves or 'the model of the settings'}: "
                    "`weir models promote champion` tells them"
                )
            with self._sending():
                self._note("rollback", model, why=why, before=present)
                self._send(model)
        return model

    def resend(self) -> str:
        """Tell the workers once more who is champion; returns its identity. Changes nothing where they know."""
        with self.registry.changing():
            model = self.registry.champion()
            self._send(model)
        return model

    def retire(self, model: str, why: str) -> None:
        """Put a model aside. Raises ModelError for the champion: another takes its place, by promotion or rollback."""
        with self.registry.changing():
            self.registry.require("retire", model)
            self._note("retire", model, why=why)

    def _serves(self, model: str) -> None:
        """Refuse what no worker of these settings could load."""
        folder, _ = self.registry.folder(model)
        detectors_in(self.settings, folder, model)

    def _note(
        self, action: Action, model: str, *, why: str, before: str = "", gates: Sequence[Gate] = (), forced: str = ""
    ) -> None:
        asked = [msgspec.to_builtins(gate) for gate in gates]
        now = time.time_ns() // 1_000_000
        draft = entry_of(action, model, at=now, by=self.by, why=why, before=before, forced=forced, gates=asked)
        line, _ = self.registry.prepared(draft)
        self.registry.write(line)
        if self.settings.kafka.bootstrap and action not in ("promote", "rollback"):
            tell_steps(self.settings, self.registry.journal(), {})

    def _send(self, model: str) -> None:
        """Files, then the audit, then the order: nothing scores that is not on record."""
        folder, manifest = self.registry.folder(model) if model != OWN else (None, None)
        detectors = detectors_in(self.settings, folder, model) if folder is not None else []
        if folder is not None and manifest is not None:
            publish_model(self.settings, folder, manifest)
        tell_steps(self.settings, self.registry.journal(), {one.name: one.version for one in detectors})
        order_swap(self.settings, model, by=self.by)

    @contextmanager
    def _sending(self) -> Iterator[None]:
        try:
            yield
        except WeirError as error:
            raise WeirError(
                f"{error}. The journal has the step, not all workers may: `weir models promote champion` tells them"
            ) from error


def _admit(action: Action, model: str, gates: Sequence[Gate], forced: str) -> None:
    lacking = failed(gates)
    if lacking and not forced:
        raise GateError(action, model, lacking)
