"""A real Alertmanager with the routes that are deployed, whose every receiver is one real webhook."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.monitoring.prometheus import DEPLOYMENT, hastened, require, served

_TIMES = ("group_wait", "group_interval", "repeat_interval")


class Webhook:
    """What came, in order: receiver → notices of Alertmanager's webhook format, version 4."""

    def __init__(self) -> None:
        told: list[tuple[str, dict[str, Any]]] = []
        self.told = told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.append((self.path.removeprefix("/"), json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def states(self, alertname: str) -> list[tuple[str, str]]:
        """Receiver and state of each notice of an alert, without repeats."""
        found = [
            (receiver, alert["status"])
            for receiver, notice in self.told
            for alert in notice["alerts"]
            if alert["labels"]["alertname"] == alertname
        ]
        return list(dict.fromkeys(found))


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Listen until no longer needed."""
    hook = Webhook()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hook
    finally:
        hook.server.shutdown()
        hook.server.server_close()
        thread.join()


@contextmanager
def alertmanager(folder: Path, hook: str) -> Iterator[str]:
    """Run Alertmanager with the deployed settings, in a twelfth of the time; yields host:port.

    hook  URL below which each receiver tells its name
    """
    binary = require("prometheus-alertmanager", "prometheus-alertmanager")
    config = hastened(
        yaml.safe_load((DEPLOYMENT / "alertmanager" / "alertmanager.yml").read_text()),
        keys=_TIMES,
    )
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": f"{hook}/{receiver['name']}", "send_resolved": True}]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    options = {"config.file": folder / "alertmanager.yml", "storage.path": folder / "alerts"}
    flags = [f"--{name}={value}" for name, value in options.items()]
    with served([binary, *flags, "--cluster.listen-address="], folder / "alertmanager.log") as address:
        yield address


def post(address: str, alerts: list[dict[str, str]]) -> None:
    """Tell Alertmanager of firing alerts, by their labels."""
    body = json.dumps([{"labels": labels} for labels in alerts]).encode()
    request = urllib.request.Request(
        f"http://{address}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def inhibited(address: str) -> set[tuple[str, str]]:
    """Names and severities of the alerts that another one makes superfluous."""
    with urllib.request.urlopen(f"http://{address}/api/v2/alerts", timeout=10) as answer:
        alerts = json.load(answer)
    return {
        (alert["labels"]["alertname"], alert["labels"]["severity"])
        for alert in alerts
        if alert["status"]["inhibitedBy"]
    }
