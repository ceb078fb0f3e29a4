"""Alerts as they come, to every page that looks: server-sent events, a few a second however many alerts there are.

A page that reads slowly makes nobody wait: what it missed is counted, and what it gets is the newest.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from heapq import nlargest
from typing import Any

import msgspec

from stream.console.book import Book
from stream.console.shown import AlertShown, shown
from stream.wire.events import Alert

_PAUSE_SECONDS = 0.25
_BEAT_SECONDS = 15.0
_SENT = 50  # alerts of one message, the newest
_PAGES = 200  # that may look at once


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the message before.

    alerts  the newest of them, oldest first
    came    how many there were in all
    """

    alerts: list[AlertShown]
    came: int


class _Viewer:
    """One page: what it has not been sent yet."""

    def __init__(self) -> None:
        self.waiting: list[Alert] = []  # the newest
        self.came = 0
        self.has_triage = False
        self.wake = asyncio.Event()


class Live:
    """Hands what the book takes to every page; lives in one event loop, ``heard`` may be called from any thread."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._viewers: set[_Viewer] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._triage = book.words
        self._is_closed = False

    def attach(self) -> None:
        """Begin, in the running loop; what the book has taken by now is no news."""
        self._loop = asyncio.get_running_loop()
        self._book.fresh()

    def close(self) -> None:
        """End every page's stream."""
        self._is_closed = True
        for viewer in self._viewers:
            viewer.wake.set()

    def heard(self) -> None:
        """Say that the book took something; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread)

    @property
    def pages(self) -> int:
        """How many look."""
        return len(self._viewers)

    @property
    def is_full(self) -> bool:
        """Whether no more may look."""
        return len(self._viewers) >= _PAGES

    def _spread(self) -> None:
        fresh, words = self._book.fresh(), self._book.words
        has_triage, self._triage = words != self._triage, words
        for viewer in self._viewers:
            viewer.waiting = nlargest(_SENT, viewer.waiting + fresh, key=_place)
            viewer.came += len(fresh)
            viewer.has_triage |= has_triage
            if fresh or has_triage:
                viewer.wake.set()

    async def stream(self, wants: Callable[[Alert], bool]) -> AsyncIterator[dict[str, Any]]:
        """Yield messages for one page until it goes or the process ends.

        wants  which alerts it is shown; all are counted
        """
        viewer = _Viewer()
        self._viewers.add(viewer)
        try:
            yield {"event": "hello", "data": "{}"}
            while not self._is_closed:
                try:
                    await asyncio.wait_for(viewer.wake.wait(), _BEAT_SECONDS)
                except TimeoutError:
                    yield {"event": "beat", "data": "{}"}
                    continue
                viewer.wake.clear()
                for message in self._messages(viewer, wants):
                    yield message
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._viewers.discard(viewer)

    def _messages(self, viewer: _Viewer, wants: Callable[[Alert], bool]) -> list[dict[str, Any]]:
        messages = []
        if viewer.came:
            alerts = [shown(alert, self._book.triage) for alert in reversed(viewer.waiting) if wants(alert)]
            news = News(alerts=alerts, came=viewer.came)
            messages.append({"event": "alerts", "data": msgspec.json.encode(news).decode()})
            viewer.waiting = []
            viewer.came = 0
        if viewer.has_triage:
            viewer.has_triage = False
            messages.append({"event": "triage", "data": "{}"})
        return messages


def _place(alert: Alert) -> tuple[int, str]:
    return alert.emitted_at, alert.id
