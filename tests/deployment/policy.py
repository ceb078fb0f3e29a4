"""What every Kubernetes object of ours must be: the house rules, as complaints about rendered manifests."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
NO_PROBE = "weir.io/no-probe"  # annotation with the reason, where there is nothing to ask
_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
_SECRET_WORDS = ("password", "secret", "token", "private key")


def complaints(documents: Sequence[Document]) -> list[str]:
    """Say what breaks a rule, each as "KIND NAME: what"; empty where nothing does."""
    found = []
    for document in documents:
        place = f"{document['kind']} {document['metadata']['name']}"
        found += [f"{place}: {what}" for what in (*_of_secrets(document), *_of_workload(document, documents))]
    return found


def _of_secrets(document: Document) -> Iterator[str]:
    if document["kind"] == "Secret":
        yield "a secret stands in the manifests"
    for key, value in document.get("data", {}).items():
        for line in str(value).splitlines():
            name, _, said = line.partition("=")
            is_reference = said.strip().strip('"').startswith(("env:", "file:", "/"))  # a variable or a path
            if said and not is_reference and any(word in name.lower() for word in _SECRET_WORDS):
                yield f"{key} holds {name.strip()}"


def _of_workload(document: Document, documents: Sequence[Document]) -> Iterator[str]:
    if document["kind"] not in _WORKLOADS:
        return
    pod = document["spec"]["template"]["spec"]
    if pod.get("automountServiceAccountToken") is not False:
        yield "it may talk to the API of Kubernetes"
    if pod.get("enableServiceLinks") is not False:
        yield "it gets variables of services, which settings take for theirs"
    yield from (f"{flag} is on" for flag in ("hostNetwork", "hostPID", "hostIPC") if pod.get(flag))
    paths = (volume["name"] for volume in pod.get("volumes", ()) if "hostPath" in volume)
    yield from (f"volume {name} is a path of the node" for name in paths)
    if not _is_fenced(document["spec"]["template"]["metadata"].get("labels", {}), documents):
        yield "no NetworkPolicy that denies by default selects it"
    may_lack_probes = document["metadata"].get("annotations", {}).get(NO_PROBE)
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        probes = () if may_lack_probes else _of_probes(container)
        for what in (*_of_rights(container, pod), *_of_container(container), *probes):
            yield f"container {container['name']}: {what}"


def _of_rights(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    rights = pod.get("securityContext", {}) | container.get("securityContext", {})
    if rights.get("runAsNonRoot") is not True or not rights.get("runAsUser"):
        yield "it may run as root"
    if rights.get("readOnlyRootFilesystem") is not True:
        yield "its root file system can be written"
    if rights.get("allowPrivilegeEscalation") is not False or rights.get("privileged"):
        yield "it may gain privileges"
    if rights.get("capabilities", {}).get("drop") != ["ALL"] or rights["capabilities"].get("add"):
        yield "it keeps capabilities"
    if rights.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "it may make any system call"


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("requests", "limits"):
        if {"cpu", "memory"} - container.get("resources", {}).get(kind, {}).keys():
            yield f"cpu or memory has no {kind}"
    name, _, tag = container["image"].rpartition(":")
    if not name or tag == "latest" or not any(mark.isdigit() for mark in tag):
        yield f"image {container['image']} is not pinned to a version"
    for variable in container.get("env", ()):
        if "value" in variable and any(word in variable["name"].lower() for word in _SECRET_WORDS):
            yield f"variable {variable['name']} holds its secret itself"


def _of_probes(container: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        if kind not in container:
            yield f"it has no {kind}"


def _is_fenced(labels: Mapping[str, str], documents: Sequence[Document]) -> bool:
    for policy in documents:
        if policy["kind"] != "NetworkPolicy":
            continue
        spec = policy["spec"]
        selected = spec["podSelector"].get("matchLabels", {}).items() <= labels.items()
        denies = {"Ingress", "Egress"} <= set(spec["policyTypes"]) and not (spec.get("ingress") or spec.get("egress"))
        if selected and denies and "matchExpressions" not in spec["podSelector"]:
            return True
    return False
