"""Workers with detectors of strangers that hang or fail on one payment: installed as packages, run as processes."""

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from kafka import KafkaProducer

from deployment.local.needs import free_port
from stream.wire.codec import encode
from stream.wire.events import Transaction
from stream.wire.topics import TRANSACTIONS
from tests.integration.pipeline import ROOT, settings_for, worker_of

PATIENCE_SECONDS = 120.0
START = 1_735_689_600_000
BAD = 666_66  # minor units: what the detectors can't bear

_DETECTOR = '''"""A detector as a stranger would write it: the amount; it does {what} at one."""

import threading

import numpy as np


class Odd:
    name, version, features, threshold, usual = "odd", "1", ("amount",), 400.0, np.array([50.0])

    def score(self, x):
        if (x == {bad} / 100).any():
            {what}
        return x[:, 0].copy()

    def explain(self, x):
        return x.copy()

    def probability(self, score):
        return None


def load(path):
    return Odd()
'''
HANGS = "threading.Event().wait()"
RAISES = "raise ArithmeticError('beyond me')"


def install(site: Path, what: str) -> None:
    """Put a package with the detector ``odd`` into a folder, as an installer would."""
    (site / "weir_odd.py").write_text(_DETECTOR.format(what=what, bad=BAD))
    info = site / "weir_odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weir-odd\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[weir.detectors]\nodd = weir_odd:load\n")


class Watched:
    """One test's topics and group, and a worker whose log and health can be read.

    site  a folder on the worker's path, with or without a package in it
    """

    def __init__(self, bootstrap: str, prefix: str, site: Path, *, watchdog_seconds: float = 90.0) -> None:
        self.settings = settings_for(bootstrap, prefix, watchdog_seconds=watchdog_seconds)
        self.site, self.log, self.port = site, site / "worker.log", free_port(0)

    def worker(self, *, detectors: str) -> "contextlib.AbstractContextManager[subprocess.Popen[bytes]]":
        """Run ``weir worker``, its log in ``log``."""
        told = {
            "WEIR_KAFKA_WATCHDOG_SECONDS": str(self.settings.kafka.watchdog_seconds),
            "WEIR_ALERTS_DETECTORS": detectors,
            "WEIR_WORKER_METRICS_PORT": str(self.port),
            "PYTHONPATH": os.pathsep.join((str(self.site), str(ROOT))),
        }
        return worker_of(self.settings, told=told, log=self.log)

    def page(self, path: str) -> tuple[int, str]:
        """Status and text of a page of the worker's; 0 while it does not listen."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.02)

    def send(self, producer: KafkaProducer, first: int, count: int, *, bad: tuple[int, ...] = ()) -> None:
        """Publish payments of 1.00 to 90.00, those numbered in ``bad`` of the amount that the detectors can't bear."""
        for i in range(first, first + count):
            amount = BAD if i in bad else 100 + 100 * (i % 90)
            payment = Transaction(
                id=f"t{i}", at=START + 1000 * i, customer=f"c{i % 50}", terminal=f"m{i % 40}", amount=amount
            )
            key, stamp = payment.customer.encode(), payment.at
            producer.send(
                self.settings.kafka.prefix + TRANSACTIONS.name, key=key, value=encode(payment), timestamp_ms=stamp
            )
