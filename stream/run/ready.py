"""Asking the worker over HTTP: is it ready, and what do its counters say."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from stream.errors import WeirError
from stream.run.children import Child

_READY_SECONDS = 300.0  # a first start compiles the kernels: about a minute
_SLOW_SECONDS = 10.0


def wait_ready(address: str, worker: Child, on_slow: Callable[[str], None]) -> None:
    """Return when the worker says that it is assigned and recovered.

    address  of its HTTP server, "http://host:port"
    on_slow  told once why it takes long
    Raises WeirError if it ends before, or takes too long.
    """
    began, told = time.monotonic(), False
    while (waited := time.monotonic() - began) < _READY_SECONDS:
        if waited > _SLOW_SECONDS and not told:
            told = True
            on_slow("a first start compiles the kernels, which takes about a minute; the next one loads them")
        worker.require_alive()
        if is_ready(address):
            return
        time.sleep(0.1)
    raise WeirError(f"the worker is not ready after {_READY_SECONDS:.0f} s; its log is {worker.log}")


def is_ready(address: str) -> bool:
    """Ask once whether the worker is assigned and recovered; one that does not answer is not."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310  # our own worker
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def counter(address: str, name: str, **labels: str) -> float:
    """Sum a counter of the worker over all label values but the given ones."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:  # noqa: S310  # our own worker
        text = answer.read().decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and all(sample.labels.get(key) == value for key, value in labels.items())
    )
