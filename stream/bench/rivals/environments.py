"""A virtual environment per rival, made on first use and kept: nothing of Weir in it, nothing of it in Weir.

The folder is named by what is in it (requirements and Python), so other pins make another environment.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from deployment.local.jars import cache_folder
from stream.errors import MachineError

_PYTHON = Path("bin", "python")
_PATIENCE_SECONDS = 900.0  # for one command of the installer
_GIST = 200  # characters of its complaint


def environment(
    requirements: Path, *, home: Path | None = None, on_progress: Callable[[str], None] = lambda _: None
) -> Path:
    """Have an environment with exactly these requirements; returns its Python.

    requirements  file of exact pins
    home          where environments are kept; None: a folder in the user's cache
    on_progress   told in one line that it is being made; not called where it is there
    Raises MachineError, with the installer's complaint, where it can't be made: no network, no disk.
    """
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    kept = (home or cache_folder() / "rivals") / f"{requirements.stem}-{digest}"
    if not (kept / _PYTHON).exists():
        on_progress(f"installing {requirements.stem} into an environment of its own, once (kept in {kept})")
        _make(requirements, kept)
    return kept / _PYTHON


def _make(requirements: Path, kept: Path) -> None:
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=kept.parent))
    except OSError as error:
        raise MachineError(
            f"Can't keep environments in {kept.parent}: {error.strerror}", "Set XDG_CACHE_HOME to a folder with space"
        ) from error
    made = scratch / kept.name
    try:
        for command in _commands(requirements, made):
            _do(command, requirements.stem)
        shutil.rmtree(kept, ignore_errors=True)  # one whose Python is gone
        made.rename(kept)  # whole or not at all; Python finds its packages beside itself, wherever that is
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _commands(requirements: Path, made: Path) -> list[list[str]]:
    """How to make it: by uv, or by Python's own means where there is none."""
    python = str(made / _PYTHON)
    if uv := shutil.which("uv"):
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(made)],
            [uv, "pip", "install", "--quiet", "--python", python, "--requirement", str(requirements)],
        ]
    install = [python, "-m", "pip", "install", "--quiet", "--retries", "1", "--requirement", str(requirements)]
    return [[sys.executable, "-m", "venv", str(made)], install]


def _do(command: list[str], name: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(  # noqa: S603  # our own commands
            command, env=environment, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(
            f"Can't install {name}: {type(error).__name__}", "Mend the network or the installer"
        ) from error
    if done.returncode:
        raise MachineError(f"Can't install {name}: {_gist(done.stderr)}", "Mend the network or the installer")


def _gist(said: str) -> str:
    """What an installer complained of, in one line, without its hints and ornaments."""
    complaint = said.partition("hint:")[0].split()
    return " ".join(word for word in complaint if word.isascii())[:_GIST].rstrip(".") or "it said nothing"
