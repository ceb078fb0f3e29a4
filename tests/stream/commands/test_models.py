"""``weir models`` as a user runs it: steps that are refused say why, and what was done can be read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stream.commands.models import models
from stream.errors import MachineError, ModelError, SettingsError
from stream.registry.steps import GateError
from tests.models.registry.artefacts import an_artefact

WORLD = ("--source", "cards", "--days", "5", "--since", "2000-01-01")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an artefact, no settings and no Kafka."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEIR_BOOTSTRAP", raising=False)
    (tmp_path / "weir.toml").write_text("[producers.cards]\ncustomers = 40\nterminals = 12\n")
    an_artefact(tmp_path / "mine", 1.5)
    return tmp_path


def run(*words: str) -> Result:
    """Run ``weir models``; an error of ours is raised, as ``weir`` itself sees it."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(models, words, catch_exceptions=False)


def test_a_candidate_is_compared_shown_and_listed_with_its_reason(folder: Path) -> None:
    """Five simulated days, on which it differs from the champion by its threshold alone."""
    model = run("register", "mine", "--why", "June").stdout.split()[1]
    compared = run("compare", model[:6], *WORLD, "--detector", "autoencoder", "--json", "found.json")
    found = json.loads((folder / "found.json").read_text())
    listed, shown = run("list"), run("show", "candidate")

    assert compared.exit_code == 0, compared.output
    assert found["challenger"]["model"] == model
    assert found["rank_correlation"] == 1.0
    assert found["gain_95"] in ([0.0, 0.0], None)
    assert found["only_challenger"] == 0
    assert "candidate" in listed.stdout
    assert "June" in listed.stdout
    assert "register by" in shown.stdout
    assert "weights.npz" in shown.stdout


def test_a_step_without_evidence_or_from_the_wrong_state_is_refused(folder: Path) -> None:
    """No payments to judge by; payments that say too little; no shadow yet; no Kafka to tell; nothing to go back to."""
    model = run("register", "mine").stdout.split()[1]
    with pytest.raises(SettingsError, match="the payments to judge by, or --force REASON"):
        run("shadow", model)
    with pytest.raises(GateError, match=r"refused by evidence: [0-9]+ frauds among .*; asked are 50; ") as refused:
        run("shadow", model, *WORLD, "--detector", "autoencoder")
    with pytest.raises(SettingsError, match=r"kafka\.bootstrap: expected host:port"):
        run("promote", model)
    with pytest.raises(ModelError, match="was candidate"):
        run("promote", model, "--bootstrap", "127.0.0.1:1")
    with pytest.raises(MachineError, match="No Kafka answers"):
        run("list", "--bootstrap", "127.0.0.1:1")
    with pytest.raises(ModelError, match="model of the settings: expected one that was promoted"):
        run("rollback", "--bootstrap", "127.0.0.1:1")

    assert refused.value.exit_code == 1
    assert [line.split()[1] for line in run("list").stdout.splitlines()[1:]] == ["candidate"]
    assert (folder / "registry" / "journal.jsonl").read_bytes().count(b"\n") == 1


def test_force_is_on_record_with_its_reason(folder: Path) -> None:
    """The journal says who did it, that no gate was asked, and why."""
    model = run("register", "mine").stdout.split()[1]
    told = run("shadow", model, "--force", "to see it run")
    retired = run("retire", model, "--why", "seen enough")

    assert told.stdout == f"shadow {model}: run `weir worker --shadow {model}`\n"
    assert retired.stdout == f"retired {model}\n"
    assert "forced: to see it run" in run("show", model).stdout
    assert json.loads(run("show", model, "--json").stdout)["journal"][1]["forced"] == "to see it run"
    assert sorted(path.name for path in folder.iterdir()) == ["mine", "registry", "weir.toml"]


def test_fairness_asks_for_a_file_of_groups(folder: Path) -> None:
    """A file without the columns is refused by name; with them, rates are told per group."""
    model = run("register", "mine").stdout.split()[1]
    (folder / "wrong.csv").write_text("name,kind\nc1,x\n")
    names = [f"c{number:05d},{'north' if number % 2 else 'south'}" for number in range(100)]
    (folder / "groups.csv").write_text("\n".join(["customer,group", *names]) + "\n")
    with pytest.raises(SettingsError, match="columns customer and group"):
        run("compare", model, *WORLD, "--groups", "wrong.csv")
    done = run("compare", model, *WORLD, "--groups", "groups.csv", "--json", "found.json")

    assert done.exit_code == 0
    assert set(json.loads((folder / "found.json").read_text())["champion"]["genuine_alert_ratio_by_group"]) == {
        "north",
        "south",
    }
