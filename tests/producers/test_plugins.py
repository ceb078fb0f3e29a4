"""Producers are found by entry point; what is unknown or broken is named."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from producers.cards import Cards
from producers.plugins import PluginError, installed, load_source, open_any, open_source
from stream.errors import SettingsError

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a module and a distribution with one producer on the path, as an installer would."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(name: str, source: str) -> None:
        (tmp_path / f"weir_test_{name}.py").write_text(source)
        info = tmp_path / f"weir_test_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: weir-test-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[weir.producers]\n{name} = weir_test_{name}:Source\n")
        sys.modules.pop(f"weir_test_{name}", None)

    return put


def test_ours_are_listed_with_their_first_line() -> None:
    """Cards, market and recorded, each told by its docstring."""
    about = {plugin.name: plugin.about for plugin in installed()}

    assert about.keys() >= {"cards", "market", "recorded"}
    assert about["cards"] == "Card payments of simulated customers; frauds of four kinds, verdicts days later."


def test_a_source_is_built_by_name() -> None:
    """Seed and configuration reach it."""
    source = open_source("cards", seed=7, config={"customers": 12})

    assert isinstance(source, Cards)
    assert (source.seed, source.config.customers) == (7, 12)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """The message lists what is installed."""
    with pytest.raises(SettingsError, match=r"cards, .*market, .*recorded.*'carts'"):
        load_source("carts")


def test_a_live_source_is_no_source_for_a_replay(tmp_path: Path) -> None:
    """What came from outside can't be had again, so it is refused where events are to be read again."""
    config = {"folder": str(tmp_path), "ledger": str(tmp_path / "ledger")}

    assert callable(getattr(open_any("folder", seed=0, config=config), "batches", None))
    with pytest.raises(SettingsError, match="a source that can be read again"):
        open_source("folder", seed=0, config=config)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import a_package_that_is_not_there", "a_package_that_is_not_there"),
        ("raise OSError('no disk')", "OSError: no disk"),
        ("class Other: ...", "Source"),
        ("class Source:\n    '''A source.'''", "records()"),
    ],
)
def test_a_broken_plugin_is_named_and_hides_no_other(install: Install, source: str, reason: str) -> None:
    """One that does not import, one without the class, one without records(): listed with the reason."""
    install("broken", source)
    plugins = {plugin.name: plugin for plugin in installed()}

    problem = plugins["broken"].problem
    assert problem is not None
    assert "broken" in str(problem)
    assert reason in str(problem)
    assert plugins["cards"].problem is None
    with pytest.raises(PluginError):
        load_source("broken")
