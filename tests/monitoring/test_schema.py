"""The boards hold Grafana's own types: the published package ``@grafana/schema``, by the TypeScript compiler."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitoring.boards import BOARDS
from monitoring.dashboards.build import build
from monitoring.render import ROOT, dashboard_text

PACKAGES = ROOT / "deployment" / "grafana" / "schema"
KINDS = {"stat": "Stat", "timeseries": "TimeSeries", "heatmap": "Heatmap", "table": "Table"}
FLAGS = ("--strict", "--noEmit", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext")
HEAD = """
import type { Dashboard } from '@grafana/schema';
type Plain<T> = T extends string ? `${T}`  // an enum is a string in JSON
  : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
// what Prometheus' data source reads of an annotation stands in no schema
type Own = {
  target: { refId: string; expr: string; interval: string; datasource: { type: string; uid: string } };
  titleFormat: string;
  textFormat: string;
};
type Mark = Omit<Plain<NonNullable<NonNullable<Dashboard['annotations']>['list']>[number]>, 'target'> & Own;
type Board = Omit<Plain<Dashboard>, 'annotations'> & { annotations: { list: Mark[] } };
"""


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiler beside the types, as the lock file names them; skips the test where they can't be had."""
    if shutil.which("npm") is None:
        pytest.skip("no npm on PATH (Debian: apt install npm)")
    folder = tmp_path_factory.mktemp("schema")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        pytest.skip(f"npm can't get @grafana/schema: {done.stderr.strip().splitlines()[-1]}")
    return folder


def source(boards: list[dict[str, Any]]) -> str:
    """A program that is well typed exactly if the boards are."""
    lines = [HEAD]
    for kind, name in KINDS.items():
        path = f"@grafana/schema/dist/esm/raw/composable/{kind}/panelcfg/x/{name}PanelCfg_types.gen"
        lines.append(f"import type * as {name} from '{path}';")
    for board in boards:
        lines.append(f"export const {_name(board)}: Board = {json.dumps(board)};")
        for panel in board["panels"]:
            if panel["type"] != "row":
                lines += _panel(f"{_name(board)}_{panel['id']}", panel)
    return "\n".join(lines)


def _name(board: dict[str, Any]) -> str:
    return str(board["uid"]).replace("-", "_")


def _panel(name: str, panel: dict[str, Any]) -> list[str]:
    kind, custom = KINDS[panel["type"]], panel["fieldConfig"]["defaults"].get("custom")
    lines = [f"export const {name}: Plain<{kind}.Options> = {json.dumps(panel.get('options', {}))};"]
    if custom and kind != "Table":  # its fields are typed with the common ones
        lines.append(f"export const {name}_field: Plain<{kind}.FieldConfig> = {json.dumps(custom)};")
    return lines


def complaints(compiler: Path, boards: list[dict[str, Any]]) -> str:
    """What the compiler says of them."""
    (compiler / "boards.ts").write_text(source(boards))
    command = [str(compiler / "node_modules" / ".bin" / "tsc"), *FLAGS, "boards.ts"]
    return subprocess.run(command, cwd=compiler, capture_output=True, text=True, check=False, timeout=120).stdout


@pytest.mark.slow
def test_every_board_is_well_typed(compiler: Path) -> None:
    """Boards, the options of every panel, and how it draws a field; then one mistake of each sort is found."""
    boards = [json.loads(dashboard_text(build(board))) for board in BOARDS]
    stat = next(panel for panel in boards[0]["panels"] if panel["type"] == "stat")

    assert complaints(compiler, boards) == ""
    boards[0]["refreshes"] = "5s"
    boards[1]["annotations"]["list"][0]["target"] = "up"
    stat["options"]["graphMode"] = "bars"
    found = complaints(compiler, boards)
    words = ("'\"refreshes\"' does not exist", "'\"bars\"' is not assignable", "'string' is not assignable")
    assert [word for word in words if word not in found] == []
