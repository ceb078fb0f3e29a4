"""Asking the worker over HTTP: is it ready, and what do its counters say."""

import time
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from stream.errors import WeirError
from stream.run.children import Child

_READY_SECONDS = 120.0  # compiled kernels may not be cached yet


def wait_ready(address: str, worker: Child) -> None:
    """Return when the worker says that it is assigned and recovered.

    address  of its HTTP server, "http://host:port"
    Raises WeirError if it ends before, or takes too long.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        worker.require_alive()
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310  # our own worker
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise WeirError(f"the worker is not ready after {_READY_SECONDS:.0f} s; its log is {worker.log}")


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
