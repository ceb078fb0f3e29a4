"""A latency histogram that takes a whole slice at once: sorting into buckets is one numpy call, whatever the slice."""

from collections.abc import Iterable, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

MILLISECONDS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 250, 500, 750)
SECONDS = (1, 2, 5, 10, 30, 60)
BUCKETS: tuple[float, ...] = (*(ms / 1000 for ms in MILLISECONDS), *map(float, SECONDS))


class Latencies(Collector):
    """A Prometheus histogram in seconds, equal to prometheus_client's own fed value by value.

    name        metric, ending in ``_seconds``
    about       what it measures, one sentence
    label       name of its one label; "" for none
    expected    label values that are shown from the start, with nothing in them
    """

    def __init__(self, name: str, about: str, label: str = "", expected: Sequence[str] = ("",)) -> None:
        self.name = name
        self._about = about
        self._label = label
        self._bounds = np.array(BUCKETS)
        self._counts = {value: self._nothing() for value in expected}
        self._sums = dict.fromkeys(expected, 0.0)
        self._lock = Lock()

    def observe(self, seconds: NDArray[np.float64], value: str = "") -> None:
        """Add ``seconds (n,)``, finite, under the label's value; a value on a bound belongs to the bucket it closes."""
        places = np.searchsorted(self._bounds, seconds, side="left")
        counts = np.bincount(places, minlength=len(BUCKETS) + 1)
        with self._lock:
            self._counts[value] = self._counts.get(value, 0) + counts
            self._sums[value] = self._sums.get(value, 0.0) + float(seconds.sum())

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Yield the histogram as a scrape sees it."""
        names = [self._label] if self._label else []
        family = HistogramMetricFamily(self.name, self._about, labels=names)
        bounds = [*map(str, BUCKETS), "+Inf"]
        with self._lock:
            for value, counts in self._counts.items():
                running = np.cumsum(counts).tolist()
                labels = [value] if self._label else []
                family.add_metric(labels, list(zip(bounds, running, strict=True)), self._sums[value])
        yield family

    @staticmethod
    def _nothing() -> NDArray[np.int64]:
        return np.zeros(len(BUCKETS) + 1, np.int64)
