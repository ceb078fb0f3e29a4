"""Compiling: numba with a cache on disk that is renewed when any kernel changes, not only the one in hand.

Numba's own cache looks at the file of each function alone; a caller in another file would go on with the old callee.
Here the stamp is a digest of all sources beside the function and of the measures of risk, which kernels elsewhere call.

Nor does it mind that two processes compile at once: each may take the same file for code of its own, and whoever loads
it then runs what was made for other types. Here one at a time writes, and nobody reads meanwhile.
"""

import fcntl
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.dispatcher import Dispatcher

_MEASURES = Path(__file__).with_name("risk")


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function on first call, or load it as compiled from the very same sources.

    Its types are numba's to check: within a kernel an integer is one of numpy's, whatever mypy takes it for.
    """
    compiled = njit(cache=True)(function)
    if isinstance(compiled, Dispatcher):  # a plain function where NUMBA_DISABLE_JIT is set
        folder = Path(function.__code__.co_filename).parent
        cache_file: Any = compiled._cache._cache_file  # type: ignore[attr-defined]  # noqa: SLF001  # no other door
        cache_file._source_stamp = _digest(folder)  # noqa: SLF001  # likewise
        lock = Path(compiled._cache.cache_path) / "kernels.lock"  # type: ignore[attr-defined]  # noqa: SLF001
        load, save = cache_file.load, cache_file.save
        cache_file.load = lambda key: _held(lock, fcntl.LOCK_SH, load, key)
        cache_file.save = lambda key, data: _held(lock, fcntl.LOCK_EX, save, key, data)
    return compiled


def _held(lock: Path, kind: int, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call with the lock of a cache held; freed with the process that holds it, however that ends."""
    try:
        file = lock.open("ab")
    except OSError:  # there is no cache yet, or nobody can write to it
        return call(*arguments)
    with file:
        fcntl.flock(file, kind)
        return call(*arguments)


@cache
def _digest(folder: Path) -> str:
    """Name the sources of a folder and of the measures by their content."""
    digest = hashlib.sha256()
    for source in sorted({*folder.glob("*.py"), *_MEASURES.glob("*.py")}):
        digest.update(source.read_bytes())
    return digest.hexdigest()
