"""``deployment/scripts/deploy.sh`` on a stand-in for the cluster: what it does, in which order, and what it refuses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDIN = Path(__file__).with_name("kubectl_standin.py")
ROLES = ("admin", "worker", "notify", "audit", "analyst", "score", "monitor")
SECRETS = (*(f"weir-kafka-{role}" for role in ROLES), "weir-console-tls", "weir-console-tokens")
CHANGES = {"apply", "create", "delete", "rollout undo"}


class Cluster:
    """A stand-in with its state in a folder, and deploy.sh called on it."""

    def __init__(self, folder: Path) -> None:
        real = shutil.which("kubectl")
        if real is None:
            pytest.skip("there is no kubectl here to render with")
        self.state, programs = folder / "state", folder / "bin"
        for name in ("namespaces", "secrets", "stuck", "revisions"):
            (self.state / name).mkdir(parents=True)
        programs.mkdir()
        (programs / "kubectl").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STANDIN}" "$@"\n')
        (programs / "kubectl").chmod(0o755)
        self._environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "STANDIN": str(self.state),
            "KUBECTL": real,
        }

    def be(self, *files: str) -> None:
        """Be as these files say."""
        for file in files:
            (self.state / file).touch()

    def deploy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call the script; forgets what was called before."""
        (self.state / "calls").unlink(missing_ok=True)
        script = ROOT / "deployment" / "scripts" / "deploy.sh"
        return subprocess.run(
            [script, *arguments], env=self._environment, capture_output=True, text=True, check=False, timeout=60
        )

    @property
    def calls(self) -> list[str]:
        """What kubectl was asked, but to render."""
        file = self.state / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def changes(self) -> list[str]:
        """Those of the calls that change something."""
        asked = [call for call in self.calls if "--dry-run" not in call]
        return [call for call in asked if any(call.startswith(verb) for verb in CHANGES)]


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """Have an empty cluster in which the secrets of production lie."""
    cluster = Cluster(tmp_path)
    cluster.be(*(f"secrets/{name}" for name in SECRETS))
    return cluster


def test_a_new_cluster_gets_topics_before_anybody_waits_for_workers(cluster: Cluster) -> None:
    """Namespace, everything, the topics' job to its end, then each workload until it is ready."""
    done = cluster.deploy("production")

    assert done.returncode == 0, done.stderr
    assert cluster.changes == [
        "create namespace weir",
        "delete Job/weir-topics --ignore-not-found",
        "apply -f",
    ]
    waits = [call for call in cluster.calls if call.startswith(("wait", "rollout status"))]
    assert waits[0].startswith("wait Job/weir-topics --for=condition=complete")
    assert {call.split()[2] for call in waits[1:]} == {
        "StatefulSet/weir-worker",
        "Deployment/weir-notify",
        "Deployment/weir-console",
        "Deployment/weir-score",
        "Deployment/weir-monitor",
        "Deployment/weir-audit",
    }
    assert "is up in namespace weir" in done.stdout


def test_the_same_again_changes_no_workload(cluster: Cluster) -> None:
    """Twice ends as well as once, and no workload has a second revision."""
    first, second = cluster.deploy("dev"), cluster.deploy("dev")
    revisions = {file.name: file.read_text() for file in (cluster.state / "revisions").iterdir()}

    assert (first.returncode, second.returncode) == (0, 0)
    assert "create namespace weir" not in cluster.changes
    assert revisions == dict.fromkeys(revisions, "1")


@pytest.mark.parametrize("is_new", [True, False])
def test_a_dry_run_changes_nothing(cluster: Cluster, *, is_new: bool) -> None:
    """Neither where the namespace is new nor where it is there: the cluster only checks and compares."""
    if not is_new:
        cluster.be("namespaces/weir")
    done = cluster.deploy("--dry-run", "production")

    assert done.returncode == 0, done.stderr
    assert cluster.changes == []
    assert any("--dry-run" in call for call in cluster.calls)


def test_secrets_that_are_missing_are_named_before_anything_is_changed(cluster: Cluster) -> None:
    """A pod would wait for them for ever, and only its events would say so."""
    (cluster.state / "secrets" / "weir-kafka-audit").unlink()
    done = cluster.deploy("production")

    assert done.returncode == 1
    assert "lacks the secrets: weir-kafka-audit" in done.stderr
    assert not any(call.startswith("apply") for call in cluster.changes)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("down", "the cluster does not answer: error: connection refused"),
        ("refuses", "the cluster refused"),
        ("stuck/StatefulSet-weir-worker", "StatefulSet/weir-worker is not ready after 300s"),
    ],
)
def test_a_cluster_that_fails_is_told_in_one_line(cluster: Cluster, state: str, said: str) -> None:
    """Whatever goes wrong: exit code 1, and what to do about it."""
    cluster.be(state)
    done = cluster.deploy("production")

    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]


def test_back_goes_what_has_a_revision_before(cluster: Cluster) -> None:
    """The worker was deployed twice, the others once: it alone is taken back, and waited for."""
    cluster.deploy("production")
    (cluster.state / "revisions" / "StatefulSet-weir-worker").write_text("2")
    done = cluster.deploy("--rollback", "production")

    assert done.returncode == 0, done.stderr
    assert cluster.changes == ["rollout undo StatefulSet/weir-worker"]
    assert "Deployment/weir-notify: there is no revision before" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which overlay?"),
        (("staging",), "there is no overlay staging; there are: dev production"),
        (("dev", "production"), "one overlay at a time"),
        (("--fast", "dev"), "there is no option --fast"),
        (("dev", "--timeout"), "--timeout needs a value"),
        (("--dry-run", "--rollback", "dev"), "exclude each other"),
    ],
)
def test_a_wrong_call_is_refused_before_the_cluster_is_asked(
    cluster: Cluster, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2, and what is wrong."""
    done = cluster.deploy(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert cluster.calls == []
