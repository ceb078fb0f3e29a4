import json
import shutil
from pathlib import Path

import pytest

from monitoring.render import DASHBOARDS, ROOT, RULES, check, promtool, rendered, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with everything rendered."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    assert write(tmp_path) == []
    return tmp_path


def test_what_is_committed_is_what_the_code_says() -> None:
    """Boards, rules and schemas were rendered after the last change."""
    assert check(ROOT) == []


def test_rendering_twice_gives_the_same_bytes() -> None:
    """A render changes only what the code changed."""
    assert rendered() == rendered()


def test_a_fresh_render_passes_the_check(root: Path) -> None:
    """Writing and checking agree."""
    assert check(root) == []


def test_a_file_changed_by_hand_is_named(root: Path) -> None:
    """A board edited in Grafana and saved over the file would be lost at the next render."""
    path = root / DASHBOARDS / "weir-market.json"
    path.write_text(path.read_text().replace("Drawdown", "Loss"))
    (root / RULES / "weir.yml").unlink()

    assert check(root) == [
        f"{DASHBOARDS}/weir-market.json: differs from the code; run `make render`",
        f"{RULES}/weir.yml: differs from the code; run `make render`",
    ]


def test_a_board_that_is_no_more_is_named_and_then_removed(root: Path) -> None:
    """Grafana would go on showing it."""
    (root / DASHBOARDS / "weir-old.json").write_text("{}")

    assert check(root) == [f"{DASHBOARDS}/weir-old.json: nothing renders it any more; run `make render`"]
    assert write(root) == []
    assert check(root) == []


def test_a_schema_promise_that_is_broken_stops_the_render(root: Path) -> None:
    """The committed schema of a tag knows a field that the event no longer has: nothing is written."""
    path = root / "docs" / "schemas" / "transaction" / "1.json"
    schema = json.loads(path.read_text())
    schema["$defs"]["Transaction"]["properties"]["channel"] = {"type": "string", "default": ""}
    path.write_text(json.dumps(schema))
    (root / RULES / "weir.yml").unlink()
    problems = write(root)

    assert problems == [
        (
            "docs/schemas/transaction/1.json: Transaction.channel is gone; "
            "within a version fields are only added, optional: raise the version"
        )
    ]
    assert not (root / RULES / "weir.yml").exists()


def test_promtool_accepts_the_rules_and_they_fire_and_clear_on_time() -> None:
    """The tests beside the rules say at which minute each fires, and at which it no longer does."""
    if shutil.which("promtool") is None:
        pytest.skip("no promtool on PATH (Debian: apt install prometheus)")

    assert promtool(ROOT) == []


def test_promtool_finds_a_rule_that_is_wrong(root: Path) -> None:
    """A rule that is no PromQL is told with promtool's own words."""
    if shutil.which("promtool") is None:
        pytest.skip("no promtool on PATH (Debian: apt install prometheus)")
    shutil.copytree(ROOT / RULES / "tests", root / RULES / "tests")
    path = root / RULES / "weir.yml"
    path.write_text(path.read_text().replace("weir_ready == 0", "weir_ready = 0"))

    assert any("promtool check rules" in problem for problem in promtool(root))
