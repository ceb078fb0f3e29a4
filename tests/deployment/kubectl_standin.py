"""A stand-in for kubectl and the cluster behind it, as far as deploy.sh asks: ``STANDIN`` is the folder of its state.

It renders by the real kubectl (``KUBECTL``). Files in the folder say what the cluster is like: ``down``, ``refuses``,
``namespaces/NAME``, ``secrets/NAME``, ``stuck/WORKLOAD``, ``revisions/WORKLOAD`` (a number). Calls go to ``calls``.
"""

import os
import shutil
import sys
from pathlib import Path

import yaml

STATE = Path(os.environ["STANDIN"])
WORKLOADS = {"StatefulSet", "Deployment"}


def main(words: list[str]) -> int:
    """Answer one call as kubectl would."""
    if words[0] == "kustomize":
        os.execv(os.environ["KUBECTL"], [os.environ["KUBECTL"], *words])
    while words[0] in {"--context", "--namespace"}:
        words = words[2:]
    with (STATE / "calls").open("a") as calls:
        calls.write(" ".join(word for word in words if not word.startswith("/")) + "\n")
    if (STATE / "down").exists():
        sys.stderr.write("error: connection refused\n")
        return 1
    return answer(*words)


def answer(verb: str, what: str = "", name: str = "", *others: str) -> int:
    """Do what is asked of a cluster that answers."""
    if verb == "get" and what in {"namespace", "secret"}:
        return 0 if (STATE / f"{what}s" / name).exists() else 1
    if verb == "create" and what == "namespace":
        (STATE / "namespaces" / name).touch()
    if verb == "rollout":
        return rollout(what, STATE / "{}" / name.replace("/", "-"))
    if verb == "apply" and not any(word.startswith("--dry-run") for word in (what, name, *others)):
        if (STATE / "refuses").exists():
            sys.stderr.write("error: admission denied\n")
            return 1
        return apply(Path((what, name, *others)[-1]))
    return 0


def apply(manifests: Path) -> int:
    """Take the manifests; a workload that differs from the last time has a revision more."""
    last = STATE / "applied.yaml"
    before = {} if not last.exists() else by_name(last)
    for name, document in by_name(manifests).items():
        if before.get(name) != document:
            file = STATE / "revisions" / name
            file.write_text(str(int(file.read_text() if file.exists() else 0) + 1))
    shutil.copy(manifests, last)
    return 0


def by_name(manifests: Path) -> dict[str, object]:
    """The workloads of a file."""
    documents = yaml.safe_load_all(manifests.read_text())
    return {f"{d['kind']}-{d['metadata']['name']}": d for d in documents if d["kind"] in WORKLOADS}


def rollout(what: str, place: Path) -> int:
    """Answer for one workload."""
    file = STATE / "revisions" / place.name
    if what == "history":
        sys.stdout.write("\n".join(["REVISION", *map(str, range(1, 1 + int(file.read_text()))), ""]))
    return 1 if what == "status" and (STATE / "stuck" / place.name).exists() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
