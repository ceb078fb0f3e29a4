"""``weir console`` and ``weir score`` as processes, with an analyst's topics, asked over HTTP."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from stream.console.tokens import ROLES, Keyring
from tests.commands.analyst import Analyst

_SECONDS = 30.0


class Desk:
    """A console that runs, and a token of every role.

    url  where it answers
    """

    def __init__(self, url: str, tokens: dict[str, str]) -> None:
        self.url, self.tokens = url, tokens
        self._client = httpx.Client(base_url=url, timeout=_SECONDS)

    def ask(self, method: str, path: str, *, role: str = "viewer", **options: Any) -> httpx.Response:
        """Send a request with a role's token."""
        return self._client.request(method, path, headers={"Authorization": f"Bearer {self.tokens[role]}"}, **options)

    def get(self, path: str, *, role: str = "viewer") -> Any:
        """What a request that must succeed answers."""
        answer = self.ask("GET", path, role=role)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def desk_of(analyst: Analyst, command: str = "console", *, folder: Path | None = None) -> Iterator[Desk]:
    """Run a command that serves HTTP, on any free port, until the block is left; it must end in order.

    folder  of its tokens; None: the analyst's
    """
    path = (folder or analyst.shell.folder) / "weir-tokens.json"
    keyring = Keyring(path)
    tokens: dict[str, str] = {role: keyring.add(f"{role}-{len(keyring.tokens())}", role) for role in ROLES}
    with analyst.shell.start(command, "--port", "0") as running:
        running.wait_for(lambda: "http://" in running.out or running.process.poll() is not None)
        found = re.search(r"http://[\d.:]+", running.out)
        assert found is not None, running.err
        yield Desk(found.group(), tokens)
        running.process.terminate()
        assert running.process.wait(_SECONDS) == 0, running.err
        assert "4111" not in running.out + running.err
