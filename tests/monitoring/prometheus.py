"""A real Prometheus and a real Alertmanager on free ports of this machine, for as long as a test needs them."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOYMENT = Path(__file__).parents[2] / "deployment"
RULES = DEPLOYMENT / "prometheus" / "rules"
_OFTEN = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
HASTE = 12  # minutes in 5 s: longer than a busy machine keeps a live process from answering
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Prometheus:
    """Asks a running Prometheus."""

    def __init__(self, address: str) -> None:
        self.address = address

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Samples of an instant query."""
        return self._get("query", query=expression)

    def course(self, expression: str, *, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Samples of a range query."""
        return self._get("query_range", query=expression, start=start, end=end, step=step)

    def _get(self, page: str, **parameters: object) -> list[dict[str, Any]]:
        url = f"http://{self.address}/api/v1/{page}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found


@contextmanager
def prometheus(folder: Path, *, targets: Mapping[str, str], alertmanager: str = "") -> Iterator[Prometheus]:
    """Run Prometheus with the settings and rules that are deployed, but all of it in a twelfth of the time.

    targets       job → host:port; jobs without one are left out
    alertmanager  host:port; "" for none
    Skips the test where there is none.
    """
    binary = require("prometheus", "prometheus")
    config = yaml.safe_load((DEPLOYMENT / "prometheus" / "prometheus.yml").read_text())
    jobs = [
        {"job_name": job["job_name"], "static_configs": [{"targets": [targets[job["job_name"]]]}]}
        for job in config["scrape_configs"]
        if job["job_name"] in targets
    ]
    assert {job["job_name"] for job in jobs} == set(targets), "a job that prometheus.yml does not have"
    rules = yaml.safe_load((RULES / "weir.yml").read_text())
    (folder / "rules.yml").write_text(yaml.safe_dump(hastened(rules, keys=("for", "interval"))))
    tell = [{"static_configs": [{"targets": [alertmanager]}]}] if alertmanager else []
    config |= {"global": _OFTEN, "scrape_configs": jobs, "rule_files": [str(folder / "rules.yml")]}
    config["alerting"] = {"alertmanagers": tell}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    options = {"config.file": folder / "prometheus.yml", "storage.tsdb.path": folder / "data"}
    with served([binary, *(f"--{name}={value}" for name, value in options.items())], folder / "log") as address:
        yield Prometheus(address)


@contextmanager
def served(command: list[str], log: Path, *, more: Callable[[str], list[str]] = lambda _: []) -> Iterator[str]:
    """Run Prometheus or Alertmanager on a free port until it is no longer needed; yields its host:port when ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with log.open("w") as sink:
        process = subprocess.Popen([*command, f"--web.listen-address={address}", *more(address)], stderr=sink)
    try:
        deadline = time.monotonic() + 60
        while not _is_ready(address):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, f"{command[0]} did not become ready in 60 s"
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def hastened(value: Any, *, keys: tuple[str, ...]) -> Any:
    """The same settings with the durations under ``keys`` a twelfth as long, but no shorter than a second."""
    if isinstance(value, list):
        return [hastened(one, keys=keys) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _shorter(one) if key in keys else hastened(one, keys=keys) for key, one in value.items()}


def _shorter(duration: str) -> str:
    parts = re.findall(r"(\d+)([smhd])", duration)
    seconds = sum(int(count) * _SECONDS[unit] for count, unit in parts)
    return f"{max(1, round(seconds / HASTE))}s" if seconds else "0s"


def require(program: str, package: str) -> str:
    """Path of a program; skips the test where there is none."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"no {program} on PATH (Debian: apt install {package})")
    return found


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
