"""Reference pages from the code: the commands as click knows them, the settings as ``stream/settings.py`` says them."""

import ast
import inspect
import tokenize
from collections.abc import Iterator
from io import StringIO

import click
import msgspec

import stream.settings
from producers.adapters.folder import FolderConfig
from producers.adapters.iso8583 import Iso8583Config
from producers.adapters.markets import MarketsConfig
from producers.adapters.outbox import OutboxConfig
from producers.adapters.webhook import WebhookConfig
from producers.card_config import CardsConfig
from producers.market_config import MarketConfig
from producers.recorded import RecordedConfig
from stream.cli import weir

_SOURCES = (
    *(CardsConfig, MarketConfig, RecordedConfig),
    *(FolderConfig, WebhookConfig, MarketsConfig, OutboxConfig, Iso8583Config),
)


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
        "`weir.toml` in the working folder, or the file that `--config` names. Fields but those of sources can also be",
        "given as `WEIR_<SECTION>_<FIELD>`. One that is not listed is refused by name.",
        "",
    ]
    for field in _fields(classes["Settings"]):
        kind = ast.unparse(field.annotation)
        if kind in classes:
            parts += _section(f"[{_name(field)}]", classes[kind], remarks)
    parts += _section("[notify.routes.NAME]", classes["Route"], remarks)
    for config in _SOURCES:
        parts += _source(config)
    return "\n".join(parts)


def _source(config: type[msgspec.Struct]) -> list[str]:
    heading, _, text = inspect.cleandoc(config.__doc__ or "").partition("\n")
    name = heading.replace("`", "").partition("]")[0] + "]"
    rows = [f"## {name}", "", "```text", text.strip() or heading, "```", "", "| field | default |", "|---|---|"]
    for field in msgspec.structs.fields(config):
        is_required = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        rows.append(f"| `{field.name}` | {'required' if is_required else f'`{default!r}`'} |")
    return [*rows, ""]


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
