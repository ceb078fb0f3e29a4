"""What a user got wrong is said in one line, with an exit code that scripts can tell apart; help costs nothing."""

import re
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployment.local.needs import free_port
from stream.wire.topics import TOPICS
from tests.commands.shell import PATIENCE_SECONDS, Shell

COMMANDS = {
    "run": ("--for", "--rate", "--speed", "--transactions", "--ticks", "--bootstrap", "--json", "--config"),
    "replay": ("--transactions", "--ticks", "--source", "--json", "--alerts"),
    "alerts": ("--until-end", "--kind", "--severity", "--since", "--last", "--follow", "--held", "--json"),
    "triage": ("snooze", "wake", "ack", "verdict", "list"),
    "notify": ("--check", "--try", "--again", "--sinks"),
    "console": ("--port",),
    "score": ("--port",),
    "monitor": ("--once", "--json", "measure"),
    "explain": ("ALERT_ID", "--history", "--plot", "--replay", "--evidence"),
    "sources": (),
    "produce": ("NAME", "--rate", "--speed", "--seed", "--count"),
    "new-producer": ("NAME", "--in"),
    "train": ("--transactions", "--seed", "--out"),
    "models": ("register", "promote", "rollback"),
    "evaluate": ("--protocol", "--data", "--json"),
    "bench": ("--only", "--json"),
    "faults": ("--only", "--short", "--json"),
    "rules": ("list", "test", "features"),
    "audit": ("record", "verify", "export"),
    "worker": ("--log-level",),
    "access": ("--role",),
    "certificates": (),
    "erase": (),
    "scan": (),
    "topics": ("--list",),
    "rebuild": ("{customers|terminals|market}",),
}
NEEDS_KAFKA = (
    "run",
    "worker",
    "topics",
    "rebuild market",
    "audit record",
    "alerts",
    "triage list",
    "explain 00",
    "monitor --once",
    "produce cards --count 1",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option(command: str, tmp_path: Path) -> None:
    """It needs neither a broker nor settings, and fits a terminal of 80 columns."""
    ended = Shell(tmp_path).run(command, "--help")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"Usage: weir {command}")
    assert [option for option in COMMANDS[command] if option not in ended.stdout] == []


def test_help_names_every_command(tmp_path: Path) -> None:
    """``weir --help`` is the way in."""
    ended = Shell(tmp_path).run("--help")

    assert ended.returncode == 0
    assert set(re.findall(r"^  ([a-z][a-z-]+)  ", ended.stdout, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.slow
def test_a_broker_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    """Every command that needs one says where it looked and what to do, within seconds, and ends with 3."""
    nowhere = f"127.0.0.1:{free_port(0)}"
    began = time.monotonic()
    with ExitStack() as stack:
        tried = {
            words: stack.enter_context(Shell(tmp_path / words.split()[0], WEIR_BOOTSTRAP=nowhere).start(*words.split()))
            for words in NEEDS_KAFKA
        }
        codes = {words: weir.process.wait(PATIENCE_SECONDS) for words, weir in tried.items()}
    waited = time.monotonic() - began

    assert codes == dict.fromkeys(NEEDS_KAFKA, 3)
    assert {words: weir.out for words, weir in tried.items()} == dict.fromkeys(NEEDS_KAFKA, "")
    line = re.compile(rf"weir: [Nn]o Kafka answers at {nowhere}.*WEIR_BOOTSTRAP.*\n")
    assert [weir.err for weir in tried.values() if not line.fullmatch(weir.err)] == []
    assert waited < 25.0, "6 s for one of them alone; kafka-python by itself waits for 30 s"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WEIR_KAFKA_PARTITIONS", "x", "kafka.partitions: expected int, was 'x'"),
        ("WEIR_KAFKA_PARTITIONS", "0", "kafka.partitions: expected int >= 1, was '0'"),
        ("WEIR_MARKET_MAX_DRAWDOWN", "nan", "market.max_drawdown: expected"),
        ("WEIR_ALERTS_COOLDOWN", "60", "alerts.cooldown: expected one of detectors, rules, cooldown_seconds, "),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, told: str, tmp_path: Path) -> None:
    """Nothing is started with half of the settings."""
    ended = Shell(tmp_path, **{name: value}).run("topics", "--list")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"weir: environment: {told}")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[kafka]\nprtitions = 3", "kafka.prtitions: expected one of bootstrap, prefix, inputs_prefix, partitions, "),
        ("[alert]\ncooldown_seconds = 3", "alert: expected one of kafka, payments, "),
        ("kafka = 3", "kafka: expected object, was 3"),
        ("[payments]\ncurrency = 978", "payments.currency: expected str, was 978"),
        ("[kafka", "expected valid TOML"),
    ],
)
def test_a_wrong_settings_file_is_named(text: str, told: str, tmp_path: Path) -> None:
    """The file, the field, what was expected and what stood there."""
    (tmp_path / "mine.toml").write_text(text)
    ended = Shell(tmp_path).run("topics", "--list", "--config", "mine.toml")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "mine.toml: " in ended.stderr
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_the_table_of_topics_is_shown_whole(tmp_path: Path) -> None:
    """Every topic with its partitions, in 80 columns, with no broker."""
    ended = Shell(tmp_path, WEIR_KAFKA_PARTITIONS="7").run("topics", "--list")
    lines = ended.stdout.splitlines()

    assert ended.returncode == 0
    assert max(map(len, lines)) <= 80
    for topic in TOPICS:
        assert [line for line in lines if line.split()[0] == topic.name and " 7 " in line]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run --for soon", "'soon' is no duration; write 60s, 10m or 1h"),
        ("run --transactions nowhere.csv", "'nowhere.csv' does not exist"),
        ("run --json nowhere/summary.json", "there is no folder 'nowhere' to write 'summary.json' in"),
        ("replay", "expected files or a source"),
        ("replay --source cards", "--count"),
        ("produce nobody --count 1", "recorded, webhook, was 'nobody'"),
        ("alerts --until-end", "kafka.bootstrap: expected host:port of a broker"),
    ],
)
def test_wrong_words_are_named(words: str, told: str, tmp_path: Path) -> None:
    """Usage errors end with 2."""
    ended = Shell(tmp_path).run(*words.split())

    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_of_unknown_columns_is_named_before_anything_starts(tmp_path: Path) -> None:
    """The file, the columns found and those expected; no Kafka is begun for it."""
    (tmp_path / "odd.csv").write_text("when,who,much\n1,2,3\n")
    ended = Shell(tmp_path).run("run", "--transactions", "odd.csv")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("weir: odd.csv: transactions: expected columns of a mapping (cards-handbook: ")
    assert "was 'when, who, much'" in ended.stderr
