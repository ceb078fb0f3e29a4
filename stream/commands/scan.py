"""``weir scan``: looks for card numbers in everything that Weir writes, and says where they stand, never which."""

import gzip
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import SettingsError, WeirError
from stream.settings import Settings
from stream.wire.cards import cards_in, records_with_cards
from stream.wire.topics import TOPICS

_SHOWN = 20  # places of one topic, file or page
_PIECE, _SEAM = 1 << 24, 64  # bytes read of a file at once; a number that ends so near a seam is left to the next


@click.command()
@config_option
@bootstrap_option
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--url", "urls", multiple=True, help="A page to look through: metrics, a console. Repeatable.")
@click.option("--no-topics", is_flag=True, help="Only the paths and pages.")
def scan(
    config: Path | None, bootstrap: str | None, *, paths: tuple[Path, ...], urls: tuple[str, ...], no_topics: bool
) -> None:
    """Look for card numbers on every topic, in files (logs, artefacts; .gz too) and on pages.

    Keys, values and headers of all records, whatever field; ends with 1 where there is one. Say where it came from by
    the record's place; its producer must send tokens (docs/security.md).

    \b
        weir scan logs/ models/trained --url http://127.0.0.1:9108/metrics
    """  # noqa: D301  # click's mark against re-wrapping
    settings = settings_from(config, bootstrap)
    found: Counter[str] = Counter()
    if not no_topics:
        if not settings.kafka.bootstrap:
            raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
        _tell(found, _in_topics(settings))
    for path in paths:
        _tell(found, _in_path(path))
    for url in urls:
        _tell(found, ((url, f"{url}: byte {start}") for start, _ in cards_in(_page(url))))
    for where, count in found.items():
        if count > _SHOWN:
            click.echo(f"{where}: {count - _SHOWN:,} more")
    if found:
        raise WeirError(f"{sum(found.values()):,} card numbers found")
    click.echo("no card number found")


def _tell(found: Counter[str], places: Iterator[tuple[str, str]]) -> None:
    for where, place in places:
        found[where] += 1
        if found[where] <= _SHOWN:
            click.echo(place)


def _in_topics(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield topic and place of every record with a card number, up to the present end of each topic."""
    from stream.agents.spec import changelog_topic  # noqa: PLC0415  what only this part needs
    from stream.consume import consumer_of  # noqa: PLC0415
    from stream.walk import STAGES  # noqa: PLC0415

    logs = [changelog_topic(settings, stage).removeprefix(settings.kafka.prefix) for stage in STAGES]
    names = [topic.name for topic in TOPICS] + logs
    with closing(consumer_of(settings, names, from_beginning=True, with_erased=True)) as consumer:
        ends = consumer.end_offsets(consumer.assignment())
        while any(consumer.position(place) < end for place, end in ends.items()):
            for place, records in consumer.poll(timeout_ms=200).items():
                texts = [
                    b"\n".join((one.key or b"", one.value or b"", *(value or b"" for _, value in one.headers)))
                    for one in records
                ]
                for i in records_with_cards(texts):
                    yield place.topic, f"{place.topic}-{place.partition} offset {records[i].offset}"


def _in_path(path: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]:
        for start in _in_file(file):
            yield str(file), f"{file}: byte {start}"


def _in_file(file: Path) -> Iterator[int]:
    """Yield where card numbers begin, in the file as it is unpacked."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as source:
            at, rest, told = 0, b"", -1
            while piece := source.read(_PIECE):
                text = rest + piece
                for start, end in cards_in(text):
                    if end <= len(text) - _SEAM and at + start > told:
                        told = at + start
                        yield told
                rest = text[-2 * _SEAM :]
                at += len(text) - len(rest)
            yield from (at + start for start, _ in cards_in(rest) if at + start > told)
    except (OSError, EOFError) as error:
        raise SettingsError(str(file), f"a file to read ({error})", where="scan") from None


def _page(url: str) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise SettingsError("--url", "http:// or https://", url, where="scan")
    try:
        with urllib.request.urlopen(url, timeout=10.0) as answer:  # noqa: S310  looked at above
            body: bytes = answer.read()
    except OSError as error:
        raise SettingsError("--url", f"a page that answers ({error})", url, where="scan") from None
    return body
