"""A real Prometheus on a free port of this machine, for as long as a test needs it."""

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

RULES = Path(__file__).parents[2] / "deployment" / "prometheus" / "rules"


class Prometheus:
    """Asks a running Prometheus."""

    def __init__(self, address: str) -> None:
        self.address = address

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Samples of an instant query, at most a quarter of a second old."""
        return self._get("query", query=expression)

    def course(self, expression: str, *, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Samples of a range query."""
        return self._get("query_range", query=expression, start=start, end=end, step=step)

    def _get(self, page: str, **parameters: object) -> list[dict[str, Any]]:
        url = f"http://{self.address}/api/v1/{page}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def prometheus(folder: Path, *, target: str) -> Iterator[Prometheus]:
    """Run Prometheus with our rules, scraping ``target`` four times a second; skips the test where there is none."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("no prometheus on PATH (Debian: apt install prometheus)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    often = {"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "1s"}
    jobs = [{"job_name": "weir-worker", "static_configs": [{"targets": [target]}]}]
    config = {"global": often, "rule_files": [str(RULES / "*.yml")], "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    options = {"config.file": folder / "prometheus.yml", "storage.tsdb.path": folder / "data"}
    flags = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([binary, *flags, f"--web.listen-address={address}"], stderr=log)
    try:
        asked = Prometheus(address)
        deadline = time.monotonic() + 30
        while not asked.is_ready():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "prometheus did not become ready in 30 s"
            time.sleep(0.1)
        yield asked
    finally:
        process.terminate()
        process.wait(timeout=10)
