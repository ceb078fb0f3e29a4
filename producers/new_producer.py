"""``weir new-producer NAME``: a package with a source, its entry point and its contract test, that passes at once."""

import re
from pathlib import Path
from string import Template

import click

from producers.plugins import installed
from stream.errors import SettingsError

_TEMPLATES = Path(__file__).with_name("template")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FILES = {  # template → where it stands in the package
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "init.py": "weir_$module/__init__.py",
    "source.py": "weir_$module/source.py",
    "test_contract.py": "tests/test_contract.py",
}
_OF_LIVE = ("README.md", "source.py", "test_contract.py")  # templates of which a live source has its own


@click.command("new-producer")
@click.argument("name")
@click.option(
    "--in",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where to make the package's folder. Default: here.",
)
@click.option("--live", "is_live", is_flag=True, help="One that takes what comes from outside, each event once.")
def new_producer(name: str, folder: Path, *, is_live: bool) -> None:
    """Make the package of a producer NAME, with its contract test: it installs and passes as it is.

    \b
        weir new-producer tills
        uv pip install --editable ./tills
        uv run pytest tills

    docs/tutorial-producer.md goes on from there.
    """  # noqa: D301  # click's mark against re-wrapping
    for path in make_package(name, folder, is_live=is_live):
        click.echo(f"wrote {path}")
    click.echo(f"Next: uv pip install --editable {folder / name}, then uv run pytest {folder / name}")


def make_package(name: str, folder: Path, *, is_live: bool = False) -> list[Path]:
    """Write the package of a producer into ``folder / name``.

    name     as ``weir produce`` is to know it: lower-case words of letters and digits, joined by hyphens
    is_live  whether it is to be a ``producers.live.Live`` instead of a ``producers.source.Source``
    -> the files written
    Raises SettingsError for another name, one that is taken, or a folder that exists.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError("NAME", "lower-case words of letters and digits, joined by hyphens", name, where="producer")
    if name in {plugin.name for plugin in installed()}:
        raise SettingsError("NAME", "a name that no installed producer has (`weir sources`)", name, where="producer")
    target = folder / name
    if target.exists():
        raise SettingsError("NAME", f"no {target} yet: nothing is written over", where="producer")
    words = {"name": name, "module": name.replace("-", "_"), "class": name.title().replace("-", "")}
    written = []
    for template, place in _FILES.items():
        path = target / Template(place).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = "live_" if is_live and template in _OF_LIVE else ""
        path.write_text(Template((_TEMPLATES / f"{kind}{template}.template").read_text()).substitute(words))
        written.append(path)
    return written
