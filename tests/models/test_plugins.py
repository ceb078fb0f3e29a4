"""Detectors are found by name among installed packages, and a bad one is named."""

import sys
from pathlib import Path

import pytest

from models.plugins import installed, load_detectors
from stream.errors import ModelError, SettingsError


def install(folder: Path, name: str, target: str, source: str) -> None:
    """Put a package with one detector where Python finds it: a module and its metadata, as pip would."""
    (folder / f"{target}.py").write_text(source)
    info = folder / f"{target}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {target}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[weir.detectors]\n{name} = {target}:load\n")


def test_the_detectors_of_the_settings_come_in_their_order() -> None:
    """Both of ours from the reference artefact, in one version."""
    robust, autoencoder = load_detectors(("robust", "autoencoder"), None)

    assert (robust.name, autoencoder.name) == ("robust", "autoencoder")
    assert robust.version == autoencoder.version


def test_a_strangers_detector_shows_up_and_gets_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed beside ours, with no change in Weir."""
    source = (
        "from models.robust import load as ours\n"
        "def load(path):\n    detector = ours(None)\n    detector.name = 'twin'\n    detector.version = str(path)\n"
        "    return detector\n"
    )
    install(tmp_path, "twin", "stranger_twin", source)
    monkeypatch.syspath_prepend(tmp_path)
    (detector,) = load_detectors(["twin"], Path("some/model"))

    assert "twin" in installed()
    assert detector.version == str(Path("some/model"))


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """A slip in alerts.detectors."""
    with pytest.raises(SettingsError, match=r"alerts\.detectors.*autoencoder, .*robust.*'autoencoderr'"):
        load_detectors(["autoencoderr"], None)


def test_a_name_given_twice_is_refused() -> None:
    """Each alert would come twice."""
    with pytest.raises(SettingsError, match="each detector once"):
        load_detectors(["robust", "robust"], None)


@pytest.mark.parametrize(
    ("target", "source", "said"),
    [
        ("stranger_raises", "def load(path):\n    raise OSError('no disk')\n", "OSError: no disk"),
        ("stranger_empty", "def load(path):\n    return object()\n", "expected attribute name, was missing"),
    ],
)
def test_a_detector_that_does_not_load_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, source: str, said: str
) -> None:
    """What it raises is shown with its name and place, as one error of ours."""
    install(tmp_path, "bad", target, source)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModelError, match=rf"detector bad \({target}:load\): {said}"):
        load_detectors(["bad"], None)
    sys.modules.pop(target, None)
