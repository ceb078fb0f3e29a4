"""What is deployed passes the checkers of the programs that read it, and keeps the promises of its comments."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream.logs import JsonLines

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SCRAPED = {"worker", "notify", "console", "score", "monitor"}


def check(*command: str | Path) -> None:
    """Run a checker in the checkout; its complaint fails the test, its absence skips it."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    program = shutil.which(command[0], path=beside)
    if program is None:
        pytest.skip(f"{command[0]} is not installed here")
    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_settings_and_rules() -> None:
    """Promtool reads the file that the container reads, and every rule file that it names."""
    check("promtool", "check", "config", "deployment/prometheus/prometheus.yml")


def test_alertmanager_takes_its_settings() -> None:
    """Amtool reads the file that the container reads."""
    check("amtool", "check-config", "deployment/alertmanager/alertmanager.yml")


@pytest.mark.parametrize(("severity", "receiver"), [("critical", "on-call"), ("warning", "operators")])
def test_an_alert_reaches_whom_its_severity_names(severity: str, receiver: str) -> None:
    """Critical wakes somebody, the rest waits for the morning."""
    check(
        "amtool",
        "config",
        "routes",
        "test",
        "--config.file=deployment/alertmanager/alertmanager.yml",
        f"--verify.receivers={receiver}",
        f"severity={severity}",
    )


def test_the_dockerfile_is_in_order() -> None:
    """Hadolint finds nothing."""
    check("hadolint", "deployment/Dockerfile")


def test_the_yaml_is_in_order() -> None:
    """Yamllint finds nothing in what people edit by hand."""
    files = (path for ending in ("yml", "yaml") for path in ROOT.glob(f"deployment/**/*.{ending}"))
    check("yamllint", "--strict", "docker-compose.yml", *sorted(files))


def test_the_shell_scripts_are_in_order() -> None:
    """Shellcheck finds nothing in what CI and operators run."""
    ours = [path for path in (ROOT / ".ci").iterdir() if path.is_file()]
    check("shellcheck", *sorted([*ours, *ROOT.glob("deployment/scripts/*.sh")]))


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_nothing_it_does_not_need(name: str) -> None:
    """Each has a read-only root, no capability, no way to new privileges, and a limit to its memory."""
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service
    assert not service.get("privileged")


def test_nothing_listens_beyond_this_machine() -> None:
    """Every published port is bound to the loopback interface."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize(
    "name", ["kafka", "worker", "notify", "console", "score", "monitor", "prometheus", "alertmanager", "grafana"]
)
def test_a_server_says_whether_it_is_well(name: str) -> None:
    """Each long-running server has a health check of its own."""
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_every_image_is_pinned_to_a_version() -> None:
    """No tag that moves: the same file brings up the same programs."""
    tags = {name: service["image"].rpartition(":")[2] for name, service in SERVICES.items()}

    assert all(any(mark.isdigit() for mark in tag) for tag in tags.values()), tags


def test_what_is_mounted_exists() -> None:
    """A bind mount of a missing path would come up as an empty folder of root's."""
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ()) if mount.startswith("./")]

    assert mounts
    assert [mount for mount in mounts if not (ROOT / mount.split(":")[0]).exists()] == []


def test_no_secret_stands_in_the_files() -> None:
    """No variable of the stack is a password or a token."""
    names = {name for service in SERVICES.values() for name in service.get("environment", {})}

    assert not [name for name in names if any(word in name for word in ("PASSWORD", "SECRET", "TOKEN"))]


def test_the_log_pipeline_reads_fields_that_processes_write() -> None:
    """Alloy takes time, level, event and trace out of a line, and each stands in one that the worker writes."""
    pipeline = (ROOT / "deployment" / "alloy" / "weir.alloy").read_text()
    read = re.search(r"expressions = \{(.*)\}", pipeline)
    record = logging.LogRecord("weir", logging.INFO, "", 0, "event=alert_told trace=%s", ("transactions-0-7",), None)

    assert read is not None
    assert set(re.findall(r"(\w+) =", read[1])) <= json.loads(JsonLines().format(record)).keys()
