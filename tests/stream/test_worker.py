"""How a worker process begins and ends, as its supervisor sees it."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from stream import errors

ROOT = Path(__file__).parents[2]


def test_a_worker_that_is_stopped_while_it_starts_ends_with_0() -> None:
    """SIGTERM while it still waits for Kafka's first answer: nothing was begun, so nothing failed."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        told = {"WEIR_BOOTSTRAP": f"127.0.0.1:{mute.getsockname()[1]}", "WEIR_WORKER_METRICS_PORT": "0"}
        command = [sys.executable, "-m", "stream", "worker"]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **told}) as worker:
            mute.settimeout(60)
            connection, _ = mute.accept()
            worker.send_signal(signal.SIGTERM)
            code = worker.wait(60)
            connection.close()

    assert code == 0


def test_the_exit_codes_are_told_by_help() -> None:
    """Each code that an error of ours has stands in ``weir worker --help``."""
    codes = {error.exit_code for error in vars(errors).values() if hasattr(error, "exit_code")}
    shown = subprocess.run(
        [sys.executable, "-m", "stream", "worker", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    listed = {int(line.split()[0]) for line in shown.stdout.splitlines() if line.strip()[:1].isdigit()}

    assert listed == codes | {0}
    assert len(codes) == 6
