import importlib.util
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stream.errors import StreamError
from stream.warm_up import insist

KERNELS = """
from numba import njit

@njit(cache=True)
def inner(x):
    return x + 1

@njit(cache=True)
def outer(x):
    return inner(x) * 2
"""


@contextmanager
def a_full_disk() -> Iterator[None]:
    """Let no file grow in this process: what a full disk does to whoever writes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_kernels_that_cannot_be_saved_are_used_all_the_same(tmp_path: Path) -> None:
    """Two kernels, one calling the other, are compiled on a full disk: (3 + 1) · 2 = 8, and nothing is saved."""
    path = tmp_path / "kernels.py"
    path.write_text(KERNELS)
    spec = importlib.util.spec_from_file_location("kernels", path)
    assert spec is not None
    assert spec.loader is not None
    kernels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernels)
    results: list[int] = []

    with a_full_disk():
        with pytest.raises(OSError, match="File too large"):
            kernels.outer(3)
        insist(lambda: results.append(kernels.outer(3)))

    assert results == [8]
    assert not list(tmp_path.rglob("*.nbc"))


def test_a_failure_that_no_disk_is_to_blame_for_is_told_at_once() -> None:
    """A stage fails for another reason: it is called once."""
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise StreamError("stage customers failed") from ValueError()

    with pytest.raises(StreamError):
        insist(fails)

    assert calls == [1]
