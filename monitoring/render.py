"""Writes what is generated from code (boards, rules, reference, schemas), or checks that it is what the code says.

``python -m monitoring.render`` writes, ``--check`` compares, lints, and lets promtool judge and test the rules.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.boards import BOARDS
from monitoring.dashboards.build import build
from monitoring.lint import lint_dashboard, lint_links, lint_rules
from monitoring.reference import reference
from monitoring.rules import RUNBOOK, rule_file
from stream.wire.schemas import breaks, schemas

ROOT = Path(__file__).parents[1]
DASHBOARDS = "deployment/grafana/dashboards"
RULES = "deployment/prometheus/rules"
SCHEMAS = "docs/schemas"
REFERENCE = "docs/metrics.md"
_SAY = "# Rendered from monitoring/rules.py by `make render`: change it there.\n"


def dashboard_text(dashboard: Dashboard) -> str:
    """A dashboard as its file holds it."""
    plain = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    for variable in plain["templating"]["list"]:  # the SDK writes fields of interval variables into all
        for field in [name for name in variable if name.startswith("auto")]:
            del variable[field]
    for panel in plain["panels"]:
        if panel["type"] == "table":
            panel["options"].pop("footer", None)  # likewise; newer Grafanas have it per field
    return _json(plain)


def rendered() -> dict[str, str]:
    """Everything generated: path from the repository's root → text."""
    boards = {f"{DASHBOARDS}/{board.uid}.json": dashboard_text(build(board)) for board in BOARDS}
    rules = {f"{RULES}/weir.yml": _SAY + _yaml(rule_file())}
    words = {REFERENCE: reference()}
    return boards | rules | words | {f"{SCHEMAS}/{tag}.json": _json(schema) for tag, schema in schemas().items()}


def broken_promises(root: Path) -> Iterator[str]:
    """Say where the events no longer keep what their committed schemas promise."""
    present = schemas()
    for path in sorted((root / SCHEMAS).rglob("*.json")):
        tag = path.relative_to(root / SCHEMAS).with_suffix("").as_posix()
        if tag not in present:
            yield f"{SCHEMAS}/{tag}.json: its event is gone. If nobody holds such records any more, delete the file"
            continue
        for found in breaks(json.loads(path.read_text()), present[tag]):
            yield f"{SCHEMAS}/{tag}.json: {found}; within a version fields are only added, optional: raise the version"


def write(root: Path) -> list[str]:
    """Write every file whose schema promises are kept; returns what hinders, then nothing is written."""
    problems = list(broken_promises(root))
    if problems:
        return problems
    for path in _leftovers(root):
        (root / path).unlink()
    for name, text in rendered().items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return []


def check(root: Path) -> list[str]:
    """Compare the files with the code and judge them; returns what is wrong, file by file."""
    problems = list(broken_promises(root))
    for name, text in rendered().items():
        path = root / name
        if not path.exists() or path.read_text() != text:
            problems.append(f"{name}: differs from the code; run `make render`")
    problems += [f"{name}: nothing renders it any more; run `make render`" for name in _leftovers(root)]
    texts = {f"{DASHBOARDS}/{board.uid}.json": dashboard_text(build(board)) for board in BOARDS}
    problems += [f"{DASHBOARDS}: {wrong}" for wrong in lint_links([json.loads(text) for text in texts.values()])]
    for name, text in texts.items():
        problems += [f"{name}: {wrong}" for wrong in lint_dashboard(json.loads(text))]
        if _read_back(text) != text:
            problems.append(f"{name}: the SDK reads back something else")
    runbook = root / RUNBOOK
    return problems + [
        f"{RULES}/weir.yml: {wrong}"
        for wrong in lint_rules(
            rule_file(), runbook.read_text() if runbook.exists() else "", [board.uid for board in BOARDS]
        )
    ]


def promtool(root: Path) -> list[str]:
    """Let promtool check and test the rules; says aloud where it is not at hand."""
    tool = shutil.which("promtool")
    if tool is None:
        click.echo("promtool is not on PATH: rules were neither checked nor tested by it")
        return []
    rules, tests = sorted((root / RULES).glob("*.yml")), sorted((root / RULES / "tests").glob("*.yml"))
    problems = []
    for task, files in (("check", rules), ("test", tests)):
        done = subprocess.run([tool, task, "rules", *map(str, files)], capture_output=True, text=True, check=False)  # noqa: S603  # both fixed here
        if done.returncode:
            problems.append(f"promtool {task} rules: {done.stdout}{done.stderr}".strip())
    return problems


@click.command()
@click.option("--check", "is_check", is_flag=True, help="Write nothing; fail where a file differs or is wrong.")
def main(*, is_check: bool) -> None:
    """Write what is generated from code: boards, alerting rules, schemas of the events."""
    problems = [*check(ROOT), *promtool(ROOT)] if is_check else write(ROOT)
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(rendered())} files {'compared' if is_check else 'rendered'}, {len(problems)} problems")
    sys.exit(1 if problems else 0)


def _leftovers(root: Path) -> list[str]:
    """Rendered files of boards or rules that are no more; schemas stay for ever."""
    there = [*(root / DASHBOARDS).glob("*.json"), *(root / RULES).glob("*.yml")]
    return sorted({path.relative_to(root).as_posix() for path in there} - rendered().keys())


def _read_back(text: str) -> str:
    register_default_plugins()
    return dashboard_text(Dashboard.from_json(json.loads(text)))


class _Indented(yaml.SafeDumper):
    """Indents the items of a list below its key, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # theirs
        super().increase_indent(flow, indentless=False)


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Indented, sort_keys=False, width=70, allow_unicode=True)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
