"""The Kubernetes manifests as kustomize renders them: valid by Kubernetes' own schemas, and by the house rules."""

import copy
import functools
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from stream.access import ROLES
from stream.settings import load_settings
from stream.wire.topics import TOPICS
from tests.deployment.policy import complaints

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deployment" / "kubernetes"
OVERLAYS = ("dev", "production")
VERSIONS = ("1.31", "1.37")  # of Kubernetes: the oldest and the newest that are promised


@functools.cache
def render(overlay: str) -> tuple[dict[str, Any], ...]:
    """Render an overlay by ``kubectl kustomize``; skips where there is none, or one from before 2021."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl here")
    command = [kubectl, "kustomize", str(FOLDER / "overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def one(documents: tuple[dict[str, Any], ...], kind: str, name: str) -> dict[str, Any]:
    """Pick the object of this kind and name."""
    (found,) = (each for each in documents if each["kind"] == kind and each["metadata"]["name"].startswith(name))
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_knows_every_field(overlay: str, version: str) -> None:
    """Each object is valid by the strict schema of that release; KEDA's own kinds are not Kubernetes'."""
    for document in render(overlay):
        if not document["apiVersion"].startswith("keda.sh/"):
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_house_rules_are_kept(overlay: str) -> None:
    """No root, no writable root, no privileges, limits, probes, pinned images, no secret, no open network."""
    assert complaints(render(overlay)) == []


def _worker(documents: list[dict[str, Any]]) -> dict[str, Any]:
    pod: dict[str, Any] = one(tuple(documents), "StatefulSet", "weir-worker")["spec"]["template"]["spec"]
    return pod


def _container(documents: list[dict[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any] = _worker(documents)["containers"][0]
    return container


FAULTS: dict[str, tuple[Callable[[list[dict[str, Any]]], object], str]] = {
    "root": (lambda d: _worker(d)["securityContext"].update(runAsNonRoot=False), "it may run as root"),
    "user": (lambda d: _worker(d)["securityContext"].pop("runAsUser"), "it may run as root"),
    "writable": (lambda d: _container(d)["securityContext"].pop("readOnlyRootFilesystem"), "can be written"),
    "escalation": (lambda d: _container(d)["securityContext"].pop("allowPrivilegeEscalation"), "may gain privileges"),
    "capability": (lambda d: _container(d)["securityContext"]["capabilities"].update(add=["NET_RAW"]), "capabilities"),
    "seccomp": (lambda d: _worker(d)["securityContext"].pop("seccompProfile"), "any system call"),
    "limits": (lambda d: _container(d)["resources"]["limits"].pop("memory"), "has no limits"),
    "requests": (lambda d: _container(d)["resources"].pop("requests"), "has no requests"),
    "probe": (lambda d: _container(d).pop("livenessProbe"), "it has no livenessProbe"),
    "latest": (lambda d: _container(d).update(image="weir-worker:latest"), "not pinned"),
    "no tag": (lambda d: _container(d).update(image="weir-worker"), "not pinned"),
    "plain": (lambda d: _container(d)["env"].append({"name": "WEIR_KAFKA_PASSWORD", "value": "x"}), "secret itself"),
    "secret": (lambda d: d.append({"kind": "Secret", "metadata": {"name": "s"}}), "a secret stands"),
    "settings": (
        lambda d: one(tuple(d), "ConfigMap", "weir")["data"].update({"weir.toml": 'password = "x"'}),
        "holds password",
    ),
    "token": (lambda d: _worker(d).pop("automountServiceAccountToken"), "may talk to the API"),
    "host path": (lambda d: _worker(d)["volumes"].append({"name": "h", "hostPath": {"path": "/"}}), "path of the node"),
    "network": (lambda d: d.remove(one(tuple(d), "NetworkPolicy", "weir-nothing-else")), "no NetworkPolicy"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    """Each rule speaks up when it alone is broken."""
    plant, said = FAULTS[fault]
    documents = copy.deepcopy(list(render("production")))
    plant(documents)

    assert any(said in complaint for complaint in complaints(documents))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_mounted_are_settings_that_weir_takes(overlay: str, tmp_path: Path) -> None:
    """The file in the ConfigMap is read by the very code that will read it; its routes name sinks that there are."""
    file = tmp_path / "weir.toml"
    file.write_text(one(render(overlay), "ConfigMap", "weir-settings")["data"]["weir.toml"])
    pod = one(render(overlay), "StatefulSet", "weir-worker")["spec"]["template"]["spec"]
    settings = load_settings(file, {each["name"]: "weir-worker-0" for each in pod["containers"][0]["env"]})

    assert settings.kafka.bootstrap
    assert settings.kafka.instance == "weir-worker-0"
    assert settings.worker.metrics_host == settings.notify.metrics_host == "0.0.0.0"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_and_scrapes_ask_where_weir_answers(overlay: str) -> None:
    """Ports and paths of probes and annotations are those of the settings, by name."""
    settings = load_settings(None, {})
    for kind, name, port in (
        ("StatefulSet", "weir-worker", settings.worker.metrics_port),
        ("Deployment", "weir-notify", settings.notify.metrics_port),
        ("Deployment", "weir-console", settings.console.port),
        ("Deployment", "weir-monitor", settings.monitor.metrics_port),
    ):
        template = one(render(overlay), kind, name)["spec"]["template"]
        (container,) = template["spec"]["containers"]

        assert container["ports"] == [{"name": "metrics", "containerPort": port}]
        assert template["metadata"]["annotations"]["prometheus.io/port"] == str(port)
        assert container["readinessProbe"]["httpGet"].items() >= {"path": "/readyz", "port": "metrics"}.items()
        assert container["livenessProbe"]["httpGet"].items() >= {"path": "/healthz", "port": "metrics"}.items()


def test_workers_scale_by_lag_up_to_one_a_partition() -> None:
    """KEDA scales the workers' StatefulSet, which names no count itself, by topics and the group of the settings."""
    documents = render("production")
    settings = tomllib.loads(one(documents, "ConfigMap", "weir-settings")["data"]["weir.toml"])["kafka"]
    scaled = one(documents, "ScaledObject", "weir-worker")["spec"]
    known = {document["metadata"]["name"] for document in documents if document["kind"] == "TriggerAuthentication"}

    assert scaled["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "weir-worker"}
    assert "replicas" not in one(documents, "StatefulSet", "weir-worker")["spec"]
    assert scaled["maxReplicaCount"] == settings["partitions"]
    for trigger in scaled["triggers"]:
        assert trigger["metadata"]["bootstrapServers"] == settings["bootstrap"]
        assert trigger["metadata"]["consumerGroup"] == settings.get("group", "weir")
        assert trigger["metadata"]["topic"] in {topic.name for topic in TOPICS}
        assert trigger["authenticationRef"]["name"] in known


def test_a_worker_keeps_its_name_in_the_group() -> None:
    """Static membership: the pod's name is the member's, and a budget keeps all but one of them up."""
    documents = render("production")
    budget = one(documents, "PodDisruptionBudget", "weir-worker")["spec"]
    worker = one(documents, "StatefulSet", "weir-worker")["spec"]["template"]
    variables = {each["name"]: each for each in worker["spec"]["containers"][0]["env"]}

    assert variables["WEIR_KAFKA_INSTANCE"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= worker["metadata"]["labels"].items()


def test_each_process_comes_to_kafka_by_a_role_of_its_own() -> None:
    """The secrets are of the roles that rights are granted by; only who makes topics is the administrator."""
    documents = render("production")
    processes = {f"weir-{role}": role for role in ("worker", "notify", "audit", "score", "monitor")}
    processes["weir-console"] = "analyst"
    users = {}
    for document in documents:
        if document["kind"] in {"StatefulSet", "Deployment", "Job"}:
            (container,) = document["spec"]["template"]["spec"]["containers"]
            variables = {each["name"]: each["valueFrom"] for each in container["env"]}
            users[document["metadata"]["name"]] = variables["WEIR_KAFKA_USERNAME"]["secretKeyRef"]["name"]

    assert users == {name: f"weir-kafka-{role}" for name, role in (processes | {"weir-topics": "admin"}).items()}
    assert set(processes.values()) <= {role.name for role in ROLES}
