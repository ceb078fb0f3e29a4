"""The registry on disk: which steps there are, and that neither an artefact nor the journal changes unseen."""

import hashlib
import json
from pathlib import Path

import pytest

from models.registry.journal import locked
from models.registry.shelf import JOURNAL, Registry, entry_of
from models.registry.states import Action
from stream.errors import ModelError
from tests.models.registry.artefacts import an_artefact


def note(registry: Registry, action: Action, model: str, *, before: str = "") -> None:
    """Write a step."""
    line, _ = registry.prepared(entry_of(action, model, at=1, by="ada@host", why="a test", before=before))
    registry.write(line)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An empty one."""
    return Registry(tmp_path / "registry")


def two(registry: Registry, folder: Path) -> tuple[str, str]:
    """Take two artefacts in, as candidates."""
    names = []
    for place, factor in (("a", 2.0), ("b", 3.0)):
        an_artefact(folder / place, factor)
        names.append(registry.take_in(folder / place))
        note(registry, "register", names[-1])
    return names[0], names[1]


def test_a_model_goes_from_candidate_to_shadow_to_champion_and_makes_room_for_the_next(
    registry: Registry, tmp_path: Path
) -> None:
    """The champion before is retired by the promotion, and is what a rollback leads back to."""
    a, b = two(registry, tmp_path)
    for model in (a, b):
        registry.require("shadow", model)
        note(registry, "shadow", model)
        registry.require("promote", model)
        note(registry, "promote", model, before=registry.champion())

    assert [(one.model, one.state) for one in registry.standings().values()] == [(a, "retired"), (b, "champion")]
    assert registry.before(b) == a
    assert registry.before(a) == ""

    note(registry, "rollback", registry.before(b), before=b)

    assert registry.champion() == a
    assert registry.standings()[b].state == "retired"


def test_a_rollback_of_the_first_champion_leads_back_to_the_model_of_the_settings(
    registry: Registry, tmp_path: Path
) -> None:
    """There was no other before it: nobody is champion then."""
    a, _ = two(registry, tmp_path)
    note(registry, "promote", a)
    note(registry, "rollback", "", before=a)

    assert registry.champion() == ""
    assert registry.standings()[a].state == "retired"
    with pytest.raises(ModelError, match="model of the settings: expected one that was promoted"):
        registry.before("")


def test_a_step_from_the_wrong_state_is_refused_with_the_state(registry: Registry, tmp_path: Path) -> None:
    """A candidate is not promoted unless forced, a champion is not retired, a stranger nothing."""
    a, b = two(registry, tmp_path)
    note(registry, "promote", b)

    with pytest.raises(ModelError, match=f"promote {a}: expected a model that is shadow, was candidate"):
        registry.require("promote", a)
    registry.require("promote", a, forced="it is urgent")
    with pytest.raises(ModelError, match=f"retire {b}: expected a model that is candidate or shadow, was champion"):
        registry.require("retire", b)
    with pytest.raises(ModelError, match="was not in the registry"):
        registry.require("shadow", "0123")


def test_models_are_found_by_the_beginning_of_their_identity_or_by_state(registry: Registry, tmp_path: Path) -> None:
    """A beginning that two share, or none has, is told with those there are."""
    a, b = two(registry, tmp_path)
    note(registry, "promote", a)

    assert registry.find(a[:5]) == a
    assert registry.find("champion") == a
    assert registry.find("candidate") == b
    with pytest.raises(ModelError, match=f"expected one of the registry \\({a}, {b}\\), found 2"):
        registry.find("")
    with pytest.raises(ModelError, match="found 0"):
        registry.find("shadow")


def test_an_artefact_is_there_whole_or_not_at_all_and_held_to_its_hashes_ever_after(
    registry: Registry, tmp_path: Path
) -> None:
    """A changed byte in what was registered is found before it serves; taking it in twice changes nothing."""
    a, _ = two(registry, tmp_path)

    assert registry.take_in(tmp_path / "a") == a
    assert sorted(path.name for path in registry.path.iterdir() if path.name.startswith(".half")) == []

    weights = registry.path / a / "weights.npz"
    content = bytearray(weights.read_bytes())
    content[100] ^= 1
    weights.write_bytes(content)

    with pytest.raises(ModelError, match=r"weights\.npz: expected SHA-256"):
        registry.folder(a)


def test_a_journal_that_was_changed_is_refused_by_line_and_by_any_program(registry: Registry, tmp_path: Path) -> None:
    """Each line is held by its own hash and to the line before; the check in the docs needs nothing of Weir's."""
    two(registry, tmp_path)
    note(registry, "promote", registry.find("candidate"))
    path = registry.path / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    previous = "0" * 64
    for line in lines:
        body, _, seal = line.strip().rpartition(b',"hash":')
        entry = json.loads(line)
        assert hashlib.sha256(body).hexdigest() == entry["hash"] == json.loads(seal[:-1])
        assert entry["previous"] == previous
        previous = entry["hash"]

    for harmed in (
        [lines[0], lines[1].replace(b"a test", b"a tale"), lines[2]],
        [lines[0], lines[2]],
        [lines[1], lines[0], lines[2]],
    ):
        path.write_bytes(b"".join(harmed))
        with pytest.raises(ModelError, match=r"journal\.jsonl line [12]: expected it as it was written"):
            registry.champion()


def test_a_line_cut_short_by_a_power_failure_never_counted(registry: Registry, tmp_path: Path) -> None:
    """What was being written is left out on reading and cut off by the next step."""
    a, b = two(registry, tmp_path)
    path = registry.path / JOURNAL
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"number":2,"prev')

    assert list(registry.standings()) == [a, b]

    note(registry, "retire", a)

    assert registry.standings()[a].state == "retired"
    assert path.read_bytes().startswith(whole)


def test_two_do_not_change_a_registry_at_once(registry: Registry) -> None:
    """The second is told so, and nothing is written."""
    with registry.changing(), pytest.raises(ModelError, match="was locked"), locked(registry.path):
        pass
