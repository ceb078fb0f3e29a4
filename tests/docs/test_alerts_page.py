"""The page docs/alerts.md: its commands exist, its settings are taken, its receiver takes what we send."""

import re
import shlex
import subprocess
import sys
import urllib.error
from pathlib import Path

import click
import pytest

from deployment.local.needs import free_port
from stream.cli import weir
from stream.notify.sink import NotTakenError
from stream.notify.webhook import Webhook
from tests.commands.analyst import wait_until
from tests.commands.shell import Shell
from tests.stream.notify.receivers import a_notice

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "alerts.md").read_text()
COMMANDS = [line for line in re.findall(r"^(weir .*?)(?:  +#.*)?$", PAGE, re.MULTILINE) if line != "weir alerts"]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_is_one(line: str) -> None:
    """Its options and words are read as the command reads them; what it does is held by its own tests."""
    words = shlex.split(line)[1:]
    command: click.Command = weir
    context = click.Context(weir)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found

    assert command.make_context(command.name, words).params


def test_the_settings_of_the_page_are_taken(tmp_path: Path) -> None:
    """``weir notify --check`` opens every sink and shows every route of the example."""
    (example,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "weir.toml").write_text(example)
    secrets = dict.fromkeys(("CASES_SECRET", "CASES_TOKEN", "MAIL_PASSWORD"), "c2VjcmV0")
    checked = Shell(tmp_path).run("notify", "--check", CHANNEL_URL="https://chat.example.org/hook", **secrets)

    assert (checked.returncode, checked.stderr) == (0, "")
    for route in re.findall(r"^\[notify\.routes\.(\w+)\]", example, re.MULTILINE):
        assert re.search(rf"^{route} ", checked.stdout, re.MULTILINE)


def test_links_of_the_page_lead_somewhere() -> None:
    """To files that there are."""
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PAGE) if "://" not in link]

    assert links
    assert [link for link in links if not (DOCS / link.partition("#")[0]).exists()] == []


def test_the_example_receiver_takes_what_is_ours_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two notices of one alert, one of another: two lines; what is signed with another key is refused."""
    port = free_port(0)
    monkeypatch.setenv("WEIR_SECRET", "whsec_c2VjcmV0")
    monkeypatch.setenv("OTHER_SECRET", "b3RoZXI=")
    command = [sys.executable, str(DOCS / "consumers" / "receiver.py"), str(port)]
    config = {"url": f"http://127.0.0.1:{port}/"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as receiver:
        try:
            ours = Webhook(name="cases", config={**config, "secret": "env:WEIR_SECRET"})
            wait_until(lambda: _takes(ours, "a1"), "the receiver answers")
            ours.deliver(a_notice("a1"))
            ours.deliver(a_notice("a2"))
            with pytest.raises(NotTakenError, match="HTTP 401"):
                Webhook(name="cases", config={**config, "secret": "env:OTHER_SECRET"}).deliver(a_notice("a3"))
        finally:
            receiver.terminate()
        assert receiver.stdout is not None
        printed = receiver.stdout.read().splitlines()

    assert [line.split(maxsplit=1)[0] for line in printed] == ["high", "high"]


def _takes(sink: Webhook, name: str) -> bool:
    try:
        sink.deliver(a_notice(name))
    except (NotTakenError, urllib.error.URLError):
        return False
    return True
