"""An earlier release of Weir out of this checkout's history, so that its workers can run beside the present ones."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deployment.local.jars import cache_folder
from stream.errors import MachineError

_GIT = ("git", "-C", str(Path(__file__).parents[2]))
_WARM_UP = """
from stream.settings import Kafka, Settings
from stream.walk import detectors_of
from stream.warm_up import warm_up

warm_up(Settings(), detectors_of(Settings()))
print(*Kafka.__struct_fields__)
"""


def is_known(commit: str) -> bool:
    """Tell whether the history has this commit: a shallow clone or an image has not."""
    if shutil.which("git") is None:
        return False
    asked = subprocess.run([*_GIT, "cat-file", "-e", commit], check=False, capture_output=True)  # noqa: S603  our own
    return asked.returncode == 0


def environment_of(commit: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Have a worker's environment run the release of ``commit``: its code, and what it knows of ``settings.kafka``.

    The code is kept in the user's cache, with its compiled kernels: the first time takes a minute.
    Raises MachineError where it does not run in this environment.
    """
    tree = _tree(commit)
    own = {"PYTHONPATH": str(tree)}
    done = subprocess.run(  # noqa: S603  our own words
        [sys.executable, "-c", _WARM_UP],
        cwd=tree,
        env={**os.environ, **own},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise MachineError(f"The release of {commit} does not run here", done.stderr[-500:])
    known = {f"WEIR_KAFKA_{field.upper()}" for field in done.stdout.split()}
    return {k: v for k, v in environment.items() if not k.startswith("WEIR_KAFKA_") or k in known} | own


def _tree(commit: str) -> Path:
    tree = cache_folder() / f"release-{commit}"
    if not tree.exists():
        tree.parent.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run([*_GIT, "archive", commit], check=True, capture_output=True).stdout  # noqa: S603  our own
        with tempfile.TemporaryDirectory(dir=tree.parent) as scratch, tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(scratch, filter="data")
            Path(scratch).rename(tree)
            Path(scratch).mkdir()  # for the context to remove
    return tree
