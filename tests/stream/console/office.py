"""The console's app over what a test puts into its book, and tokens of every role."""

from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from stream.console.app import Known, build
from stream.console.book import Book
from stream.console.health import Doctor
from stream.console.live import Live
from stream.console.symbols import Symbols
from stream.console.tokens import ROLES, Keyring
from stream.settings import Console, Settings
from stream.wire.codec import encode
from stream.wire.events import Alert


class Office:
    """One app, to be asked by ``get`` and the like as some role.

    alerts  that stand in its book
    limit   requests a minute
    """

    def __init__(self, folder: Path, *alerts: Alert, settings: Settings | None = None, limit: int = 10_000) -> None:
        base = settings or Settings()
        self.settings = msgspec.structs.replace(base, console=Console(requests_a_minute=limit))
        self.keyring = Keyring(folder / f"tokens-{id(self)}.json")
        self.tokens: dict[str, str] = {role: self.keyring.add(f"{role}-1", role) for role in ROLES}
        self.book, self.symbols = Book(1000), Symbols(1000)
        for alert in alerts:
            self.book.take_alert(0, encode(alert))
        self.live = Live(self.book)
        self.app: Litestar = build(
            Known(
                settings=self.settings,
                keyring=self.keyring,
                book=self.book,
                symbols=self.symbols,
                live=self.live,
                doctor=Doctor(self.settings, lambda: True),
                registry=CollectorRegistry(),
                is_following=lambda: True,
            )
        )
        self.client = TestClient(self.app)

    def ask(self, method: str, path: str, *, role: str = "viewer", **options: Any) -> Any:
        """Send a request with a role's token; none for role "".

        -> httpx's response
        """
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        with self.client as client:
            return client.request(method, path, headers=headers, **options)
