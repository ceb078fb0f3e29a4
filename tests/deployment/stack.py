"""A stack of ``docker-compose.yml`` of its own: other name, free ports, asked from outside as its users ask it."""

import json
import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
STARTED = {name: spec for name, spec in COMPOSE["services"].items() if "profiles" not in spec}
UNAVAILABLE = {"grafana"}  # where its image is not to be had; everything else must be
START_SECONDS = 600  # a build from nothing and kernels compiled for the first time, on two loaded cores


class Stack:
    """A project of its own, so that it meets no other stack of this machine."""

    def __init__(self) -> None:
        self.name = f"weir-{uuid.uuid4().hex[:8]}"
        self.services = [name for name in STARTED if has_image(name)]
        self.ports = {name: free_port() for name in self.services if "ports" in STARTED[name]}
        self._environment = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}

    def run(self, *arguments: str, timeout: float = 120, check: bool = True) -> str:
        """Run ``docker compose`` on the project and return what it says."""
        command = ["docker", "compose", "-p", self.name, *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | self._environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout[-2000:]} {done.stderr[-4000:]}"
        return done.stdout

    def start(self) -> None:
        """Build what is to be built and wait until everything is healthy."""
        try:
            self.run("up", "-d", "--build", "--wait", *self.services, timeout=START_SECONDS)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            states = self.run("ps", "-a", "--format", "{{.Service}} {{.Status}}", check=False)
            ours = [name for name in self.services if "build" in STARTED[name]]
            logs = self.run("logs", "--no-color", "--tail", "30", *ours, check=False)
            pytest.fail(f"{str(error)[-1500:]}\n{states}{logs[-6000:]}", pytrace=False)

    def ask(self, service: str, path: str, **query: str) -> Any:
        """Get JSON from a published port."""
        url = f"http://127.0.0.1:{self.ports[service]}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    def measure(self, promql: str) -> float:
        """Value of a query to the stack's Prometheus; nan where it has none yet."""
        result = self.ask("prometheus", "/api/v1/query", query=promql)["data"]["result"]
        return float(result[0]["value"][1]) if result else float("nan")

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of the service's container."""
        container = self.run("ps", "-a", "-q", service).split()[0]
        found: dict[str, Any] = json.loads(docker("inspect", container))[0]
        return found

    def left(self) -> list[str]:
        """Containers, networks and volumes of the project that the engine still has."""
        mark = f"label=com.docker.compose.project={self.name}"
        kinds = (("ps", "-a"), ("network", "ls"), ("volume", "ls"))
        return [found for kind in kinds for found in docker(*kind, "-q", "--filter", mark).split()]


def docker(*arguments: str) -> str:
    """Ask the engine."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True, timeout=30).stdout


def has_image(service: str) -> bool:
    """Tell whether the engine has the image or builds it; a hub is asked only where a person runs the test."""
    spec = STARTED[service]
    if "build" in spec:
        return True
    known = subprocess.run(["docker", "image", "inspect", spec["image"]], capture_output=True, check=False, timeout=30)
    if known.returncode == 0 or "CI" in os.environ:
        return known.returncode == 0
    pulled = subprocess.run(["docker", "pull", "-q", spec["image"]], capture_output=True, check=False, timeout=300)
    return pulled.returncode == 0


def free_port() -> int:
    """Find one that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def eventually(claim: Callable[[], bool], *, within_seconds: float = 90.0) -> bool:
    """Ask until the claim holds or the time is over; tell whether it holds."""
    until = time.monotonic() + within_seconds
    while not (holds := claim()) and time.monotonic() < until:
        time.sleep(1.0)
    return holds
