"""Hooks of mkdocs: pages that are written from the code, and links of our pages to what is not a page.

Pages are read in the repository too, where a link to a folder or to a source file is right. On the site a folder gets a
page that lists it, and a source file is copied beside the pages.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from deployment.docs.reference import commands_page, settings_page

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)#\s:]+)(?P<rest>#[^)\s]*)?(?=\))")
_COPIES = "source"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is written from the code, a page for each folder that pages link to, and copies of source files."""
    generated = {"reference/commands.md": commands_page(), "reference/settings.md": settings_page()}
    for folder in ("adr", "schemas"):
        generated[f"{folder}/index.md"] = _list_page(files, folder)
    for name, text in generated.items():
        files.append(File.generated(config, name, content=text))
    for path in sorted(_linked_sources(files)):
        files.append(File.generated(config, f"{_COPIES}/{path}.txt", content=(ROOT / path).read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  # mkdocs' names
    """Point links at folders and source files to where they are on the site."""
    here = posixpath.dirname(page.file.src_uri)

    def point(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(here, link["target"]))
        if target.startswith("../"):
            return posixpath.relpath(f"{_COPIES}/{target.removeprefix('../')}.txt", here or ".") + (link["rest"] or "")
        if files.get_file_from_path(f"{target}/index.md") is not None:
            return posixpath.relpath(f"{target}/index.md", here or ".")
        return link[0]

    return _LINK.sub(point, markdown)


def _linked_sources(files: Files) -> set[str]:
    """Paths in the repository, outside docs/, that a page links to; raises PluginError for one that there is not."""
    found = set()
    for file in files.documentation_pages():
        here = posixpath.dirname(file.src_uri)
        for link in _LINK.finditer(file.content_string):
            target = posixpath.normpath(posixpath.join(here, link["target"]))
            if target.startswith("../"):
                path = target.removeprefix("../")
                if not (ROOT / path).is_file():
                    raise PluginError(f"{file.src_uri} links to {link['target']}, which is no file")
                found.add(path)
    return found


def _list_page(files: Files, folder: str) -> str:
    """List the files of a folder; pages of it by their headings."""
    lines = []
    for file in sorted(
        (each for each in files if each.src_uri.startswith(f"{folder}/")), key=lambda each: each.src_uri
    ):
        name = file.src_uri.removeprefix(f"{folder}/")
        title = name.removesuffix(".json")
        if name.endswith(".md"):
            title = file.content_string.partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({name})")
    heading = {"adr": "Decisions", "schemas": "JSON Schemas of the events"}[folder]
    return "\n".join([f"# {heading}", "", *lines, ""])
