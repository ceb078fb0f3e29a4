"""The watchdog in a process of its own: what ends it, with which code, and what does not."""

import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
_PROLOGUE = """
import logging, re, threading, time
from monitoring.health import Stall
from stream.agents.watchdog import Watchdog
from stream.settings import Kafka, Settings
logging.basicConfig()
settings = Settings(kafka=Kafka(bootstrap="127.0.0.1:1", watchdog_seconds=2.0))
well = lambda: None
print("ready", flush=True)
"""


def a_process(code: str) -> "subprocess.Popen[str]":
    """Run code after the prologue; returns when that is done."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROLOGUE + code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_stall_ends_the_process_with_5_though_no_kafka_answers() -> None:
    """The main thread waits for ever; the log has the reason, where it waits, and that the alert could not be told."""
    process = a_process(
        "with Watchdog(settings, lambda: Stall(reason='t-0: too long', seconds=3.0)): threading.Event().wait()"
    )
    _, log = process.communicate(timeout=60)

    assert process.returncode == 5
    assert "event=worker_stalled error=StalledError exit_code=5 reason='t-0: too long'" in log
    assert "in wait" in log
    assert "event=stall_not_told" in log


def test_a_call_that_never_gives_the_interpreter_back_ends_too() -> None:
    """A regular expression that takes for ever holds Python's lock: no thread runs, and still the code is 5."""
    process = a_process("with Watchdog(settings, well): re.match(r'(a+)+$', 60 * 'a' + 'b')")
    _, log = process.communicate(timeout=60)

    assert process.returncode == 5
    assert "in match" in log  # where it is


def test_a_worker_that_gets_on_is_left_alone() -> None:
    """Longer than the watchdog's seconds, most of it computing; then it ends as it will."""
    process = a_process(
        "with Watchdog(settings, well):\n"
        "    until = time.process_time() + 3.0\n"
        "    while time.process_time() < until: pass\n"
    )
    _, log = process.communicate(timeout=60)

    assert process.returncode == 0, log


def test_a_process_that_was_paused_is_given_its_time_again() -> None:
    """SIGSTOP for longer than the watchdog's seconds: the stall seen right after SIGCONT was not the worker's."""
    process = a_process(
        "seen = [time.monotonic()]\n"
        "def look():\n"
        "    seen.append(time.monotonic())\n"
        "    paused = seen[-1] - seen[-2] > 2.0\n"
        "    return Stall(reason='long ago', seconds=9.0) if paused else None\n"
        "with Watchdog(settings, look):\n"
        "    while len(seen) < 3 or max(b - a for a, b in zip(seen, seen[1:])) < 2.0: time.sleep(0.1)\n"
        "    time.sleep(1.0)\n"
    )
    time.sleep(1.0)
    process.send_signal(signal.SIGSTOP)
    time.sleep(3.0)
    process.send_signal(signal.SIGCONT)
    _, log = process.communicate(timeout=60)

    assert process.returncode == 0, log
