"""A registry on disk: one folder per artefact, named by its identity and never changed, and the journal beside them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from models.artifact import MANIFEST, Manifest, read_manifest
from models.registry.journal import Entry, append, locked, read, sealed
from models.registry.states import STEPS, Action, State, may
from stream.errors import ModelError

JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one model stands: its state, since when (epoch ms), and the change that put it there."""

    model: str
    state: State
    last: Entry


@dataclass(frozen=True, slots=True)
class Registry:
    """The artefacts under ``path`` and what the journal says of them."""

    path: Path

    def journal(self) -> list[Entry]:
        """All changes, first to last; raises ModelError where the journal was tampered with."""
        return read(self.path / JOURNAL)

    def standings(self) -> dict[str, Standing]:
        """Every model's, in the order in which they were registered."""
        found: dict[str, Standing] = {}
        for entry in self.journal():
            if STEPS[entry.action][1] == "champion":
                for model, one in found.items():
                    if one.state == "champion":
                        found[model] = Standing(model=model, state="retired", last=entry)
            if entry.model:
                found[entry.model] = Standing(model=entry.model, state=STEPS[entry.action][1], last=entry)
        return found

    def champion(self) -> str:
        """Identity of the one that serves; empty: that of the settings."""
        return next((one.model for one in self.standings().values() if one.state == "champion"), "")

    def before(self, model: str) -> str:
        """Identity of the champion that ``model`` took the place of; empty: that of the settings.

        Raises ModelError where it never took any.
        """
        for entry in reversed(self.journal()):
            if entry.model == model and entry.action == "promote":
                return entry.before
        raise ModelError(f"model {model or 'of the settings'}: expected one that was promoted, was none")

    def find(self, name: str) -> str:
        """Find an identity by its beginning, or as ``champion`` or ``candidate`` (the latest registered).

        Raises ModelError where there is none, or more than one, with those there are.
        """
        standings = self.standings()
        if name in ("champion", "candidate", "shadow"):
            found = [one.model for one in standings.values() if one.state == name][-1:]
        else:
            found = [model for model in standings if model.startswith(name)]
        if len(found) != 1:
            known = ", ".join(standings) or "none yet: `weir models register FOLDER`"
            raise ModelError(f"model {name}: expected one of the registry ({known}), found {len(found)}")
        return found[0]

    def folder(self, model: str) -> tuple[Path, Manifest]:
        """The artefact of a model, every file of it held to its hash. Raises ModelError that names what is not so."""
        place, manifest = read_manifest(self.path / model)
        if manifest.identity != model:
            raise ModelError(f"{model}/{MANIFEST}: expected identity {model}, was {manifest.identity}")
        return place, manifest

    def take_in(self, folder: Path) -> str:
        """Copy a checked artefact in; returns its identity. It is there whole or not at all, whatever happens.

        Does nothing where it is there already; raises ModelError where the folder holds no sound artefact.
        """
        source, manifest = read_manifest(folder)
        target = self.path / manifest.identity
        if target.exists():
            self.folder(manifest.identity)
            return manifest.identity
        self.path.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=".half-", dir=self.path))
        try:
            for name in (*sorted(manifest.files), MANIFEST):
                shutil.copyfile(source / name, half / name)
                _sync(half / name)
            _sync(half)
            half.chmod(0o755)
            half.rename(target)
        finally:
            shutil.rmtree(half, ignore_errors=True)
        _sync(self.path)
        return manifest.identity

    def require(self, action: Action, model: str, *, forced: str = "") -> None:
        """Refuse a step that the model's state does not allow; ModelError says which state it is in.

        forced  why it is to be done all the same; holds only for a champion that was no shadow before
        """
        standing = self.standings().get(model)
        state = standing.state if standing else None
        if may(action, state) or (forced and action == "promote" and state in ("candidate", "retired")):
            return
        starts = " or ".join(one or "one that is not in the registry" for one in STEPS[action][0])
        raise ModelError(f"{action} {model}: expected a model that is {starts}, was {state or 'not in the registry'}")

    @contextmanager
    def changing(self) -> "Iterator[None]":
        """Hold the registry for one change; raises ModelError where another process has it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path):
            yield

    def prepared(self, entry: Entry) -> tuple[bytes, Entry]:
        """Put an entry in its place without writing it: what ``write`` takes, and the entry as it will stand."""
        return sealed(entry, self.journal())

    def write(self, line: bytes) -> None:
        """Write a prepared entry: from then on the change is made."""
        append(self.path / JOURNAL, line)
        _sync(self.path)


def entry_of(
    action: Action,
    model: str,
    *,
    at: int,
    by: str,
    why: str,
    before: str = "",
    forced: str = "",
    gates: list[dict[str, object]] | None = None,
) -> Entry:
    """Describe a change that has no place in the journal yet; see ``Entry``."""
    draft = Entry(number=0, previous="", at=at, by=by, action=action, model=model, why=why)
    return msgspec.structs.replace(draft, before=before, forced=forced, gates=gates or [])


def _sync(path: Path) -> None:
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
