"""The stack of ``docker-compose.yml``, really up, where a Docker engine with its images answers.

The tests are one story and stand in its order: the stack comes up, works, loses its worker, and goes.
"""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.deployment.engine import engine_missing
from tests.deployment.stack import STARTED, UNAVAILABLE, Stack, eventually

JOBS = {"weir-worker", "weir-notify", "weir-console", "weir-monitor", "prometheus", "alertmanager"}

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Bring everything up and wait until it is healthy; skipped with the reason where that can't be tried."""
    if why := engine_missing("info") or engine_missing("compose", "version"):
        pytest.skip(why)
    running = Stack()
    missing = set(STARTED) - set(running.services) - UNAVAILABLE
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

    assert {target["labels"]["job"] for target in targets} == JOBS
    assert sum(len(group["rules"]) for group in rules) > 0
    assert len(managers) == 1


def test_a_payment_published_outside_becomes_an_alert_read_outside(stack: Stack) -> None:
    """A client on the host repeats customers' payments with absurd amounts, and reads an alert that they caused.

    What Kafka told the client of the payment's place is the trace in the alert, and in the logs of worker and notify.
    """
    stack.run("stop", "cards")  # so that no later payment of the simulator makes ours a late one
    where = f"127.0.0.1:{stack.ports['kafka']}"
    told = {}
    producer = KafkaProducer(bootstrap_servers=where)
    for payment in newest_of_each_partition(where):
        ours = payment | {"id": f"outside-{payment['id']}", "amount": 900_000_00, "at": payment["at"] + 1}
        sent = producer.send("transactions", json.dumps(ours).encode(), key=payment["customer"].encode()).get(20)
        told[ours["id"]] = f"transactions-{sent.partition}-{sent.offset}"
    producer.close()
    reader = KafkaConsumer("alerts", bootstrap_servers=where, auto_offset_reset="earliest", consumer_timeout_ms=60_000)
    ours_alone = (alert for alert in map(json_of, reader) if alert["evidence"].get("transaction") in told)
    alert = next(ours_alone, None)
    reader.close()

    assert alert is not None
    assert alert["kind"] == "fraud"
    assert alert["evidence"]["amount"] == 900_000_00
    assert alert["reasons"]
    trace = told[alert["evidence"]["transaction"]]
    assert alert["source"] == dict(zip(("topic", "partition", "offset"), split(trace), strict=True))
    assert trace in traces(stack, "worker", "alert_told")
    assert eventually(lambda: trace in traces(stack, "notify", "told"))


def test_the_console_shows_alerts_to_whom_it_gave_a_token(stack: Stack) -> None:
    """The address in its log opens the page, and its token the API, which has alerts; nobody else is answered."""
    found = re.search(r"#token=(\S+)", stack.run("logs", "--no-color", "--no-log-prefix", "console"))
    assert found is not None
    address = f"http://127.0.0.1:{stack.ports['console']}/v1/alerts"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {found[1]}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        alerts = json.load(answer)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address, timeout=20)
    refused.value.close()

    assert alerts
    assert refused.value.code == 401


def test_alerts_reach_the_sinks(stack: Stack) -> None:
    """``weir notify`` has written a line each to its archive, and the critical ones stand in Alertmanager."""
    read = "print(open('/var/lib/weir/alerts.jsonl').readline())"
    notice = json.loads(stack.run("exec", "-T", "notify", "python", "-c", read))

    assert notice["alerts"][0]["sentence"]
    assert eventually(lambda: len(stack.ask("alertmanager", "/api/v2/alerts")) > 0)


def test_the_containers_are_confined_as_the_file_says(stack: Stack) -> None:
    """The engine itself: read-only roots, no capabilities, limits; our own images run as nobody special."""
    for service in stack.services:
        seen = stack.inspect(service)

        assert seen["HostConfig"]["ReadonlyRootfs"], service
        assert seen["HostConfig"]["CapDrop"] == ["ALL"], service
        assert seen["HostConfig"]["Memory"] > 0, service
        if "build" in STARTED[service]:
            assert seen["Config"]["User"] == "10001:10001", service


def test_the_worker_carries_nothing_that_only_training_or_files_need(stack: Stack) -> None:
    """Its image has no TensorFlow, and none of what reads recorded files."""
    look = "import importlib.util as u; print([n for n in ('tensorflow', 'pandas', 'pyarrow') if u.find_spec(n)])"

    assert stack.run("exec", "-T", "worker", "python", "-c", look).strip() == "[]"


def test_a_worker_that_is_told_to_stop_ends_in_order_and_is_missed(stack: Stack) -> None:
    """SIGTERM: it commits and ends with 0; a rule fires after its minute, and Alertmanager hears of it."""
    stack.run("stop", "worker")

    assert stack.inspect("worker")["State"]["ExitCode"] == 0
    assert eventually(lambda: bool(worker_alerts(stack)), within_seconds=180)


def test_nothing_is_left_when_it_goes(stack: Stack) -> None:
    """``down`` ends every process of ours in order, and takes containers, networks and volumes with it."""
    stack.run("stop")
    ended = {name: stack.inspect(name)["State"]["ExitCode"] for name in stack.services if "build" in STARTED[name]}
    stack.run("down", "-v")

    assert ended == dict.fromkeys(ended, 0)
    assert stack.left() == []


def worker_alerts(stack: Stack) -> list[str]:
    """Names of the alerts of Prometheus about a missing worker that stand in Alertmanager."""
    names = [alert["labels"]["alertname"] for alert in stack.ask("alertmanager", "/api/v2/alerts")]
    return [name for name in names if name in {"WeirWorkerDown", "WeirNoWorker"}]


def split(trace: str) -> tuple[str, int, int]:
    """Take a trace apart."""
    topic, partition, offset = trace.rsplit("-", 2)
    return topic, int(partition), int(offset)


def traces(stack: Stack, service: str, event: str) -> set[str]:
    """The traces of an event that a service has logged, each line being JSON."""
    written = stack.run("logs", "--no-color", "--no-log-prefix", service).replace("\x1b[2K", "").splitlines()
    lines = [json.loads(line) for line in written if line.startswith("{")]
    return {trace for line in lines if line.get("event") == event for trace in line["trace"].split(",")}


def newest_of_each_partition(where: str) -> list[dict[str, Any]]:
    """Read the last payment of each partition."""
    reader = KafkaConsumer(bootstrap_servers=where, consumer_timeout_ms=20_000)
    places = [TopicPartition("transactions", number) for number in reader.partitions_for_topic("transactions")]
    newest = []
    for place in places:
        reader.assign([place])
        reader.seek(place, reader.end_offsets([place])[place] - 1)
        newest.append(json_of(next(reader)))
    reader.close()
    return newest


def json_of(record: Any) -> dict[str, Any]:
    """Decode a record's value."""
    found: dict[str, Any] = json.loads(record.value)
    return found
