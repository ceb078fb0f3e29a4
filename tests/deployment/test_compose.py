"""The stack of ``docker-compose.yml``, really up, where a Docker engine with its images answers."""

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.engine import engine_missing

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
UNAVAILABLE = {"grafana"}  # where its image is not to be had; everything else must be
PUBLISHED = {"kafka": 19092, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000}
START_SECONDS = 600  # a build from nothing and kernels compiled for the first time, on two loaded cores

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(900)]


class Stack:
    """A project of its own, so that it meets no other stack of this machine."""

    def __init__(self, folder: Path) -> None:
        self.name = f"weir-{uuid.uuid4().hex[:8]}"
        self.services = [name for name in COMPOSE["services"] if has_image(name)]
        self.override = folder / "ports.yml"  # any free port of the host instead of the documented ones
        lines = [
            f'  {name}: {{ports: !override ["127.0.0.1::{PUBLISHED[name]}"]}}\n'
            for name in self.services
            if name in PUBLISHED
        ]
        self.override.write_text("services:\n" + "".join(lines))

    def run(self, *arguments: str, timeout: float = 120, check: bool = True) -> str:
        """Run ``docker compose`` on the project and return what it says."""
        files = ["-f", "docker-compose.yml", "-f", str(self.override)]
        command = ["docker", "compose", "-p", self.name, *files, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout[-2000:]} {done.stderr[-4000:]}"
        return done.stdout

    def start(self) -> None:
        """Build what is to be built and wait until everything is healthy."""
        try:
            self.run("up", "-d", "--build", "--wait", *self.services, timeout=START_SECONDS)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            logs = self.run("logs", "--no-color", "--tail", "40", check=False)
            pytest.fail(f"{str(error)[-1500:]}\n{logs[-6000:]}")

    def ask(self, service: str, path: str, **query: str) -> Any:
        """Get JSON from a published port."""
        address = self.run("port", service, str(PUBLISHED[service])).strip()
        url = f"http://{address}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    def measure(self, promql: str) -> float:
        """Value of a query to the stack's Prometheus; nan where it has none yet."""
        result = self.ask("prometheus", "/api/v1/query", query=promql)["data"]["result"]
        return float(result[0]["value"][1]) if result else float("nan")

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of the service's container."""
        container = self.run("ps", "-a", "-q", service).split()[0]
        done = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True, timeout=30)
        found: dict[str, Any] = json.loads(done.stdout)[0]
        return found


def has_image(service: str) -> bool:
    """Tell whether the engine has the image or builds it; a hub is asked only where a person runs the test."""
    spec = COMPOSE["services"][service]
    if "build" in spec:
        return True
    known = subprocess.run(["docker", "image", "inspect", spec["image"]], capture_output=True, check=False, timeout=30)
    if known.returncode == 0 or "CI" in os.environ:
        return known.returncode == 0
    pulled = subprocess.run(["docker", "pull", "-q", spec["image"]], capture_output=True, check=False, timeout=300)
    return pulled.returncode == 0


def eventually(claim: Callable[[], bool], *, within_seconds: float = 90.0) -> bool:
    """Ask until the claim holds or the time is over; tell whether it holds."""
    until = time.monotonic() + within_seconds
    while not (holds := claim()) and time.monotonic() < until:
        time.sleep(1.0)
    return holds


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Bring everything up and wait until it is healthy; skipped with the reason where that can't be tried."""
    if why := engine_missing("info") or engine_missing("compose", "version"):
        pytest.skip(why)
    running = Stack(tmp_path_factory.mktemp("compose"))
    missing = set(COMPOSE["services"]) - set(running.services) - UNAVAILABLE
    if missing:
        pytest.skip(f"no images for {', '.join(sorted(missing))}")
    try:
        running.start()
        yield running
    finally:
        running.run("down", "-v", "--remove-orphans", check=False)


def test_events_are_judged_and_alerts_told(stack: Stack) -> None:
    """Producers publish, the worker scores, alerts come: as Prometheus counts them."""
    assert eventually(lambda: stack.measure("sum(weir_scored_events_total)") > 1000)
    assert eventually(lambda: stack.measure("sum(weir_alerts_total)") > 0)


def test_prometheus_sees_every_part(stack: Stack) -> None:
    """All targets answer, the rules are loaded, and Alertmanager is known to it."""
    assert eventually(lambda: stack.measure("min(up)") == 1)
    targets = stack.ask("prometheus", "/api/v1/targets")["data"]["activeTargets"]
    rules = stack.ask("prometheus", "/api/v1/rules")["data"]["groups"]
    managers = stack.ask("prometheus", "/api/v1/alertmanagers")["data"]["activeAlertmanagers"]

    assert {target["labels"]["job"] for target in targets} == {"weir-worker", "prometheus", "alertmanager"}
    assert sum(len(group["rules"]) for group in rules) > 0
    assert len(managers) == 1


def test_an_alert_is_read_from_the_topic(stack: Stack) -> None:
    """The tool of the image reads the alerts' topic inside the stack, with its reasons."""
    said = stack.run(
        "exec", "-T", "worker", "timeout", "20", "weir", "alerts", "--json", "--from-beginning", check=False
    )
    alerts = [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    assert alerts
    assert all(alert["reasons"] for alert in alerts if alert["kind"] == "fraud")


def test_the_containers_are_confined_as_the_file_says(stack: Stack) -> None:
    """The engine itself: read-only roots, no capabilities, limits; our own image runs as nobody special."""
    for service in stack.services:
        seen = stack.inspect(service)

        assert seen["HostConfig"]["ReadonlyRootfs"], service
        assert seen["HostConfig"]["CapDrop"] == ["ALL"], service
        assert seen["HostConfig"]["Memory"] > 0, service
    assert stack.inspect("worker")["Config"]["User"] == "10001:10001"


def test_a_worker_that_is_told_to_stop_ends_in_order(stack: Stack) -> None:
    """SIGTERM: it commits and ends with 0 before anybody loses patience, and Prometheus notices."""
    began = time.monotonic()
    stack.run("stop", "worker")

    assert stack.inspect("worker")["State"]["ExitCode"] == 0
    assert time.monotonic() - began < 25
    assert eventually(lambda: stack.measure('min(up{job="weir-worker"})') != 1)
