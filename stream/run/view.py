"""The live view of a run: rates, lag, latency and the alerts as they come; plain lines where there is no terminal."""

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from stream.run.watch import Watch
from stream.show import line
from stream.wire.topics import TICKS, TRANSACTIONS

_PLAIN_SECONDS = 5.0  # between figures where nobody watches a terminal
_PLAIN_ALERTS = 10  # alert lines between two of them
_HEAD_LINES = 7  # of the live view: figures on up to three lines, a hint, and room to breathe


@dataclass(slots=True)
class View:
    """Shows a watch; refreshed by its owner."""

    console: Console
    watch: Watch
    started: float = field(default_factory=time.monotonic)
    _live: Live | None = None
    _last: tuple[float, int] = field(default_factory=lambda: (time.monotonic(), 0))
    _rate: float = 0.0
    _shown: int = 0
    _unshown: int = 0

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def refresh(self) -> None:
        """Show the present figures and what alerts are new."""
        now = time.monotonic()
        elapsed = now - self._last[0]
        if self._live is None:
            self._plain_alerts()
        if elapsed < (_PLAIN_SECONDS if self._live is None else 1.0):
            return
        records = self.watch.produced()
        produced = records[TRANSACTIONS.name] + records[TICKS.name]
        self._rate = (produced - self._last[1]) / elapsed
        self._last = (now, produced)
        if self._live is None:
            if self._unshown:
                self.console.print(f"         and {self._unshown:,} more", style="dim")
            self._shown = self._unshown = 0
            self.console.print(self._figures(produced), style="dim", soft_wrap=True)
        else:
            self._live.update(Group(self._table(produced), *self._alerts()))

    def _figures(self, produced: int) -> str:
        tally = self.watch.tally
        latency = self.watch.recent_latency_ms()
        speed = "–" if latency is None else f"p50 {latency[0]:.0f} ms, p99 {latency[1]:.0f} ms"
        return (
            f"{time.monotonic() - self.started:6.0f} s  {produced:,} events in, {self._rate:,.0f}/s, "
            f"{len(tally.scored_payments):,} payments scored, lag {self.watch.lag():,}, "
            f"{len(tally.alert_ids):,} alerts ({speed}), {len(tally.letters):,} dead letters"
        )

    def _plain_alerts(self) -> None:
        shown = self.watch.new[: max(0, _PLAIN_ALERTS - self._shown)]
        for alert in shown:
            self.console.print(line(alert), soft_wrap=True)
        self._shown += len(shown)
        self._unshown += len(self.watch.new) - len(shown)
        self.watch.new.clear()

    def _table(self, produced: int) -> Table:
        tally = self.watch.tally
        latency = self.watch.recent_latency_ms()
        figures = {
            "events in": f"{produced:,}",
            "per s": f"{self._rate:,.0f}",
            "scored": f"{len(tally.scored_payments):,}",
            "lag": f"{self.watch.lag():,}",
            "refused": f"{len(tally.letters):,}",
            "ms to alert": "–" if latency is None else f"{latency[0]:.0f}, p99 {latency[1]:.0f}",
            "alerts": ", ".join(f"{kind} {count:,}" for kind, count in sorted(tally.alerts.items())) or "none yet",
        }
        table = Table.grid(padding=(0, 2))
        for name in figures:
            table.add_column(no_wrap=name != "alerts")
        table.add_row(*(Text(name, style="dim") for name in figures))
        table.add_row(*figures.values())
        return table

    def _alerts(self) -> list[Text]:
        """The newest alerts, as many as the terminal has room for, newest first."""
        self.watch.new.clear()
        lines = [Text("Ctrl-C stops everything cleanly", style="dim"), Text()]
        room = self.console.height - _HEAD_LINES
        for alert in reversed(self.watch.recent):
            text = line(alert)
            room -= len(text.wrap(self.console, self.console.width))
            if room < 0:
                break
            lines.append(text)
        return lines
