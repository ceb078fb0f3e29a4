"""Reference pages from the code: the commands as click knows them, the settings as ``stream/settings.py`` says them."""

import ast
import inspect
import tokenize
from collections.abc import Iterator
from io import StringIO

import click

import stream.settings
from stream.cli import weir


def commands_page() -> str:
    """Every command with its help, in the order of ``weir --help``."""
    parts = ["# Commands", "", "From the command line's own help: `weir COMMAND --help` shows the same.", ""]
    for name, command in _commands(weir, "weir"):
        text = click.Context(command, info_name=name, max_content_width=100).get_help()
        parts += [f"## {name}", "", "```text", _plain(text), "```", ""]
    return "\n".join(parts)


def _commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name=name)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        if command is None or command.hidden:
            continue
        yield f"{name} {word}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{name} {word}")


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\b", "").splitlines())


def settings_page() -> str:
    """Every section of ``weir.toml`` with its fields, their defaults and what the source says of them."""
    source = inspect.getsource(stream.settings)
    remarks = _remarks(source)
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    parts = [
        "# Settings",
        "",
        "`weir.toml` in the working folder, or the file that `--config` names; and `WEIR_<SECTION>_<FIELD>`.",
        "A field that is not listed is refused by name. Sections of producers: [sources](../sources.md).",
        "",
    ]
    for field in _fields(classes["Settings"]):
        kind = ast.unparse(field.annotation)
        if kind in classes:
            parts += _section(f"[{_name(field)}]", classes[kind], remarks)
    parts += _section("[notify.routes.NAME]", classes["Route"], remarks)
    return "\n".join(parts)


def _section(heading: str, node: ast.ClassDef, remarks: dict[int, str]) -> list[str]:
    rows = [f"## {heading}", "", ast.get_docstring(node) or "", "", "| field | default | |", "|---|---|---|"]
    for field in _fields(node):
        default = "required" if field.value is None else f"`{ast.unparse(field.value)}`"
        rows.append(f"| `{_name(field)}` | {default} | {_cell(remarks.get(field.end_lineno or 0, ''))} |")
    return [*rows, ""]


def _fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    return [statement for statement in node.body if isinstance(statement, ast.AnnAssign)]


def _name(field: ast.AnnAssign) -> str:
    return ast.unparse(field.target)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")


def _remarks(source: str) -> dict[int, str]:
    """Line → the comment at its end."""
    found = tokenize.generate_tokens(StringIO(source).readline)
    return {token.start[0]: token.string.removeprefix("# ") for token in found if token.type == tokenize.COMMENT}
