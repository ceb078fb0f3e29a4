"""The whole chain of watching: worker, producers and notify, a real Prometheus and Alertmanager, a real webhook."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitoring.boards import BOARDS
from monitoring.dashboards.board import Listing, expressions
from monitoring.preview import asked
from monitoring.processes import PROCESSES, samples
from stream.settings import Settings
from tests.integration.pipeline import ROOT, Pipeline, worker_of
from tests.monitoring.alertmanager import Webhook, alertmanager, webhook
from tests.monitoring.prometheus import Prometheus, prometheus

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

LISTINGS = {panel.title for board in BOARDS for row in board.rows for panel in row.panels if isinstance(panel, Listing)}
JOBS = ("weir-worker", "weir-notify")  # what runs here; tests/monitoring/test_boards.py has all
QUIET = {  # empty in a run of a few seconds without trouble, and says so by ``empty``
    "Refused, by reason",  # nothing was
    "Bars beyond the value at risk",  # 250 bars are not over yet
}
ABSENT = {'board="weir-models"}'} | {  # the promise of the models is judged by weir monitor
    name for process in PROCESSES if process.job not in JOBS for name in samples(process) if name.startswith("weir_")
}


def free_port() -> int:
    """A port that nobody has, so that a worker that comes back has the one it had."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextlib.contextmanager
def weir(settings: Settings, *words: str, **told: str) -> Iterator[None]:
    """Run a ``weir`` command beside the worker until it is no longer needed; ``told``: more of its environment."""
    kafka = settings.kafka
    place = {"WEIR_BOOTSTRAP": kafka.bootstrap, "WEIR_KAFKA_PREFIX": kafka.prefix, "WEIR_KAFKA_GROUP": kafka.group}
    process = subprocess.Popen(
        [sys.executable, "-m", "stream", *words],
        cwd=ROOT,
        env={**os.environ, **place, **told},
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def until(holds: Callable[[], bool], what: str, *, seconds: float = 120.0) -> None:
    """Wait for something that is to come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.2)


def empty_panels(prom: Prometheus) -> set[str]:
    """Titles of panels whose query returns nothing."""
    return {
        title
        for board in BOARDS
        for title, expression in expressions(board)
        if title not in LISTINGS | QUIET
        and not any(name in expression for name in ABSENT)
        and not prom.query(asked(expression, rate="30s", span="60s"))
    }


def test_a_killed_worker_reaches_a_webhook_and_resolves(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """Every panel shows what a real run does; then the worker is killed: on-call hears of it, and of its return."""
    settings = Pipeline(bootstrap, prefix).settings
    (tmp_path / "weir.toml").write_text(
        f'[notify.sinks.archive]\ntype = "file"\npath = {json.dumps(str(tmp_path / "alerts.jsonl"))}\n'
        '[notify.routes.all]\nsinks = ["archive"]\ngroup_by = ["alert"]\n'
    )
    ports = {job: free_port() for job in JOBS}
    told = {"WEIR_WORKER_METRICS_PORT": str(ports["weir-worker"]), "WEIR_MARKET_BAR_SECONDS": "1"}
    notify = ("notify", "--config", str(tmp_path / "weir.toml"))
    with (
        webhook() as hook,
        alertmanager(tmp_path, hook.url) as address,
        prometheus(
            tmp_path, targets={job: f"127.0.0.1:{port}" for job, port in ports.items()}, alertmanager=address
        ) as prom,
        weir(settings, *notify, WEIR_NOTIFY_METRICS_PORT=str(ports["weir-notify"])),
    ):
        with worker_of(settings, told=told) as worker:
            until(lambda: bool(prom.query("weir_ready == 1")), "a worker that is ready")
            with (
                weir(settings, "produce", "cards", "--rate", "500", "--seed", "1"),
                weir(settings, "produce", "market", "--rate", "300", "--seed", "1"),
            ):
                until(lambda: not empty_panels(prom), f"every panel shows something, but for {QUIET}")
            worker.kill()
            until(lambda: ("on-call", "firing") in hook.states("WeirWorkerDown"), "the webhook hears of it")
            until(lambda: "WeirWorkerDown" in burning_names(prom), "the board of the pipeline lists it")
        with worker_of(settings, told=told):
            until(lambda: ("on-call", "resolved") in hook.states("WeirWorkerDown"), "the webhook hears of its return")
    expected = [("on-call", "firing"), ("on-call", "resolved")]

    assert hook.states("WeirWorkerDown") == expected
    assert_says_what_to_do(hook)


def burning_names(prom: Prometheus) -> set[str]:
    """What the listing of the board of the pipeline shows."""
    listing = next(
        expression
        for board in BOARDS
        if board.uid == "weir-pipeline"
        for title, expression in expressions(board)
        if title in LISTINGS
    )
    return {one["metric"]["alertname"] for one in prom.query(listing)}


def assert_says_what_to_do(hook: Webhook) -> None:
    """Each notice names a section of the runbook that there is."""
    sections = {line[3:].lower() for line in (ROOT / "docs/runbook.md").read_text().splitlines() if line[:3] == "## "}
    alerts = [alert for _, notice in hook.told for alert in notice["alerts"]]

    assert {alert["annotations"]["runbook_url"].partition("#")[2] for alert in alerts} <= sections
