"""``weir replay``: the same walk with no broker, over files or a simulator."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from stream.commands.options import OutFile, config_option, file_options, settings_from
from stream.errors import SettingsError
from stream.replay import Keyed, Replay
from stream.show import print_summary
from stream.summary import Tally
from stream.wire.events import Alert, DeadLetter, Label, Scores
from stream.wire.records import Outgoing
from stream.wire.topics import ALERTS, DEAD_LETTERS, LABELS, SCORES, TICKS, TRANSACTIONS, TRUTH


@click.command()
@config_option
@file_options
@click.option("--source", help="Instead of files: a producer by name (`weir sources`), with --count.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of --source.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many records.")
@click.option("--json", "json_path", type=OutFile(), help="Write the summary here.")
@click.option("--alerts", "alerts_path", type=OutFile(), help="Write the alerts here, one JSON object a line.")
def replay(
    config: Path | None,
    *,
    transactions: Path | None,
    ticks: Path | None,
    mapping: Path | None,
    source: str | None,
    seed: int,
    count: int | None,
    json_path: Path | None,
    alerts_path: Path | None,
) -> None:
    """Run files or a simulator through the code that runs live, with no broker: same events, same alerts and scores.

    Times are those of the events, so a summary has no latency. `weir replay --source cards --count 200000` needs no
    file.
    """
    from producers.plugins import open_source  # noqa: PLC0415  # pandas and kernels are not needed for --help
    from stream.walk import detectors_of  # noqa: PLC0415

    settings = settings_from(config)
    files = {"transactions": transactions, "ticks": ticks, "mapping": mapping}
    given = {name: str(path) for name, path in files.items() if path is not None}
    if bool(given) == bool(source):
        raise SettingsError("--transactions, --ticks, --source", "files or a source", where="replay")
    if source and not count:
        raise SettingsError("--count", "how many records of the source: a simulator never ends", where="replay")
    name = source or "recorded"
    stream = open_source(name, seed=seed, config={**settings.producers.get(name, {}), **given})
    console = Console(highlight=False, stderr=True)
    began = time.monotonic()
    walk = _Walk(Replay(settings, detectors_of(settings)), alerts_path)
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("replaying")
        walk.go(islice(stream.records(), count), lambda text: progress.update(task, description=text))
    summary = walk.tally.summary(
        events_in=walk.records[TRANSACTIONS.name] + walk.records[TICKS.name],
        labels_in=walk.records[LABELS.name],
        ticks_scored=walk.ticks_scored,
        seconds=time.monotonic() - began,
    )
    print_summary(console, summary)
    refused: dict[str, int] = getattr(stream, "refused", {})
    for what, number in refused.items():
        console.print(f"{number:,} rows that are no event: {what}")
    if json_path is not None:
        json_path.write_bytes(msgspec.json.format(msgspec.json.encode(summary)) + b"\n")


class _Walk:
    """One replay and what came of it."""

    def __init__(self, replay: Replay, alerts_path: Path | None) -> None:
        self._replay = replay
        self._alerts = alerts_path
        self.tally = Tally()
        self.records: Counter[str] = Counter()
        self.ticks_scored = 0

    def go(self, records: Iterable[Keyed], tell: Callable[[str], object]) -> None:
        """Replay all records."""
        with ExitStack() as stack:
            sink = None if self._alerts is None else stack.enter_context(self._alerts.open("wb"))
            for output in self._replay.run(self._listen(records)):
                self.ticks_scored += output.counts["scored", "ticks"]
                for record in output.records:
                    self._take(record)
                    if sink is not None and record.topic == ALERTS.name:
                        sink.write(record.value + b"\n")
                tell(f"{self.records.total():,} records, {len(self.tally.alert_ids):,} alerts")

    def _listen(self, records: Iterable[Keyed]) -> Iterator[Keyed]:
        for record in records:
            if record[0] != TRUTH.name:
                self.records[record[0]] += 1
                yield record
            elif isinstance(record[2], Label):
                self.tally.truth(record[2])

    def _take(self, record: Outgoing) -> None:
        if record.topic == SCORES.name:
            self.tally.scores(msgspec.json.decode(record.value, type=Scores))
        elif record.topic == ALERTS.name:
            self.tally.alert(msgspec.json.decode(record.value, type=Alert))
        elif record.topic == DEAD_LETTERS.name:
            self.tally.dead_letter(msgspec.json.decode(record.value, type=DeadLetter))
