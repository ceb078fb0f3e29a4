"""The example consumers of docs/consumers, in Python and Java, run as they stand on a real Kafka."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from deployment.local.jars import jars
from deployment.local.needs import java
from stream.errors import MachineError
from stream.wire.codec import encode
from stream.wire.topics import ALERTS
from tests.commands.analyst import Analyst
from tests.stream.some_alert import an_alert

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "consumers"
SCHEMA = ROOT / "docs" / "schemas" / "alert" / "1.json"
IDLE_SECONDS = "6"


def run(command: list[str | Path], *arguments: str) -> str:
    """Run an example to its end; what it printed."""
    ended = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def python(bootstrap: str, topic: str) -> str:
    """Run the Python example until nothing comes any more."""
    options = ("--group", f"{topic}-python", "--idle", IDLE_SECONDS)
    return run([sys.executable, EXAMPLES / "alerts.py"], bootstrap, topic, str(SCHEMA), *options)


@pytest.fixture(scope="module")
def java_class(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """Compile the Java example with the JRE that the embedded Kafka runs on; the command that starts it."""
    try:
        program = java()
        kafka = jars()
        *others, compiler = jars(lock=Path(__file__).with_name("consumers.lock"))
    except MachineError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"no Java, or no jars: {error}")
    folder = tmp_path_factory.mktemp("classes")
    path = os.pathsep.join(map(str, (folder, *others, *kafka)))
    options = ["-source", "17", "-target", "17", "-failOnWarning", "-cp", path, "-d", str(folder)]
    done = subprocess.run(
        [program, "-jar", compiler, *options, EXAMPLES / "Alerts.java"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    return [program, quiet, "-Xmx256m", "-cp", path, "Alerts"]


def test_both_read_every_alert_once_and_pass_over_what_is_none(
    bootstrap: str, prefix: str, tmp_path: Path, java_class: list[str | Path]
) -> None:
    """One as we write it, one of a newer writer with a field more, one without its severity, one that is no JSON.

    Both print the same; a second run, after one more alert, prints that one alone.
    """
    analyst = Analyst(bootstrap, prefix, tmp_path)
    topic = prefix + ALERTS.name
    newer = msgspec.json.decode(encode(an_alert("a2", kind="market", entity="symbol:ACME", reasons=())))
    without = msgspec.json.decode(encode(an_alert("a3")))
    del without["severity"]
    analyst.publish(an_alert("a1"), encode(newer | {"mood": "calm"}), encode(without), b"\xff{")
    examples: dict[str, Callable[[], str]] = {
        "python": lambda: python(bootstrap, topic),
        "java": lambda: run(java_class, bootstrap, topic, str(SCHEMA), f"{topic}-java", IDLE_SECONDS),
    }
    with ThreadPoolExecutor() as pool:
        first = dict(zip(examples, pool.map(_call, examples.values()), strict=True))
        analyst.publish(an_alert("a4"))
        second = dict(zip(examples, pool.map(_call, examples.values()), strict=True))

    assert first["python"].splitlines() == [
        "high fraud customer c42 amount_ratio a1",
        "high market symbol ACME no reason a2",
        *["not an alert/1: passed over"] * 2,
    ]
    assert first["java"] == first["python"]
    assert second == dict.fromkeys(("python", "java"), "high fraud customer c42 amount_ratio a4\n")


def _call(example: Callable[[], str]) -> str:
    return example()
