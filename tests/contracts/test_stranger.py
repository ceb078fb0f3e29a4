"""A stranger's package, really installed beside ours, is listed, keeps the contract and flows through Kafka."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.integration.pipeline import Pipeline, end

ROOT = Path(__file__).parents[2]
PACKAGE = Path(__file__).with_name("stranger")

Command = list[str]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which uv has built and installed the stranger's package, without any network."""
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv is not None, "uv installs the stranger's package: run the tests by `make test`"
    source = tmp_path_factory.mktemp("source") / "stranger"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "build"))
    target = tmp_path_factory.mktemp("site")
    options = ["--offline", "--no-deps", "--no-build-isolation", "--python", sys.executable, "--target", str(target)]
    subprocess.run([uv, "pip", "install", *options, str(source)], check=True, capture_output=True)
    return target


def run(site: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package on its path, as it would be after ``pip install``."""
    path = os.pathsep.join((str(site), str(ROOT)))
    return subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200"} | environment,
        cwd=site,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_is_listed_beside_ours(site: Path) -> None:
    """``weir sources`` names it with its package and its first line."""
    listed = run(site, "-m", "stream", "sources")

    assert listed.returncode == 0, listed.stderr
    line = next(line.strip() for line in listed.stdout.splitlines() if line.startswith("stranger"))
    assert line.split(maxsplit=2)[1:] == ["stranger-source", "Payments at the tills of a stranger's shop."]
    assert any(line.startswith("cards") for line in listed.stdout.splitlines())


def test_it_can_run_the_contract_test(site: Path) -> None:
    """As the package's own test suite would."""
    code = "from producers.contract import check_source; from stranger_source.tills import Tills; check_source(Tills)"
    checked = run(site, "-W", "error", "-c", code)

    assert checked.returncode == 0, checked.stderr


def test_a_bad_setting_of_it_is_refused_in_one_line(site: Path, tmp_path: Path) -> None:
    """What stands under ``[producers.stranger]`` reaches it, and its refusal reaches the user."""
    config = tmp_path / "weir.toml"
    config.write_text("[producers.stranger]\ntilts = 4\n")
    refused = run(site, "-m", "stream", "produce", "stranger", "--config", str(config))

    assert refused.returncode == 2
    assert refused.stderr.strip() == "weir: [producers.stranger]: tilts: expected tills, the only setting"


def test_its_sink_is_listed_keeps_the_contract_and_rings(site: Path, tmp_path: Path) -> None:
    """``weir notify`` finds it by its entry point, and hands it what it would hand ours."""
    (tmp_path / "weir.toml").write_text(
        f'[notify.sinks.door]\ntype = "bell"\nrope = "{tmp_path / "rope"}"\n[notify.routes.all]\nsinks = ["door"]\n'
    )
    listed = run(site, "-m", "stream", "notify", "--sinks")
    code = f"""
from stream.notify.contract import check_sink
from stranger_source.bell import Bell
check_sink(Bell, config={{"rope": "{tmp_path / "other"}"}}, down={{"rope": "{tmp_path / "nowhere" / "rope"}"}})"""
    checked = run(site, "-W", "error", "-c", code)
    rung = run(site, "-m", "stream", "notify", "--try", "door", "--config", str(tmp_path / "weir.toml"))

    assert "Rings a bell in a stranger's shop." in listed.stdout
    assert checked.returncode == 0, checked.stderr
    assert (rung.returncode, rung.stdout) == (0, "door took it\n"), rung.stderr
    assert (tmp_path / "rope").read_text() == "low\n"


@pytest.mark.kafka
def test_its_events_flow_through_kafka(site: Path, bootstrap: str, prefix: str) -> None:
    """``weir produce stranger --count 200``: the 200 payments stand on ``transactions``, keyed by customer."""
    produced = run(
        site,
        *("-m", "stream", "produce", "stranger", "--count", "200", "--seed", "5", "--bootstrap", bootstrap),
        WEIR_KAFKA_PREFIX=prefix,
    )
    assert produced.returncode == 0, produced.stderr
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=5_000)
    topic = f"{prefix}transactions"
    partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    records = [next(consumer) for _ in range(sum(ends.values()))]
    consumer.close()

    assert len(records) == 200
    assert all(record.value.startswith(b'{"type":"transaction/1","id":"till-') for record in records)
    assert all(b'"customer":"' + record.key + b'"' in record.value for record in records)


@pytest.mark.kafka
@pytest.mark.slow
def test_its_events_are_scored_with_no_change_in_the_stream(site: Path, bootstrap: str, prefix: str) -> None:
    """Its 3,000 payments go through a real worker: each is scored once."""
    pipeline = Pipeline(bootstrap, prefix)
    produced = run(
        site,
        *("-m", "stream", "produce", "stranger", "--count", "3000", "--bootstrap", bootstrap),
        WEIR_KAFKA_PREFIX=prefix,
    )
    assert produced.returncode == 0, produced.stderr
    with pipeline.worker() as worker:
        pipeline.drain(worker)
        assert end(worker) == 0
    scored = [name for value in pipeline.read("scores") for name in json.loads(value)["ids"]]

    assert sorted(scored) == sorted(f"till-{number}" for number in range(1, 3001))
