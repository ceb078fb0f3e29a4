"""The folder of evidence: a report to read (Markdown and HTML), the same as JSON, and the payments as CSV."""

import csv
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import msgspec

from stream.errors import WeirError
from stream.explaining.bars import html_bars
from stream.explaining.dossier import Dossier, Line
from stream.explanation import Explanation
from stream.show import number

FILES = ("report.md", "report.html", "report.json", "transactions.csv")
_IN_REPORT = 20  # payments; all are in the CSV
_HEADINGS = ("at (UTC)", "role", "payment", "customer", "terminal", "amount", "verdict")
_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}td,th{padding:.2em .8em .2em 0;"
    "text-align:left}code{word-break:break-all}"
)


def write_evidence(dossier: Dossier, explained: Explanation, folder: Path) -> list[Path]:
    """Write all files into ``folder``, which is made; those of the same names are replaced. Returns their paths.

    Raises WeirError where they can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / name for name in FILES]
        paths[0].write_text(markdown(dossier), encoding="utf-8")
        paths[1].write_text(page(dossier, explained), encoding="utf-8")
        paths[2].write_bytes(msgspec.json.format(msgspec.json.encode(dossier)) + b"\n")
        with paths[3].open("w", newline="", encoding="utf-8") as sink:
            writer = csv.writer(sink)
            writer.writerow(Line.__struct_fields__)
            writer.writerows(
                [_harmless(str(getattr(line, name))) for name in Line.__struct_fields__]
                for line in dossier.transactions
            )
    except OSError as error:
        raise WeirError(f"--evidence: can't write into {folder} ({error.strerror})") from None
    return paths


def markdown(dossier: Dossier) -> str:
    """Write the report as Markdown."""
    parts = [f"# Suspicious activity: alert {dossier.alert.id}", "", *(f"{text}\n" for text in dossier.narrative)]
    for title, headings, rows in _tables(dossier):
        parts += [f"## {title}", "", "| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
        parts += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        parts.append("")
    return "\n".join(parts)


def page(dossier: Dossier, explained: Explanation) -> str:
    """Write the report as one HTML page that needs nothing else, with the plot of contributions."""
    title = escape(f"Suspicious activity: alert {dossier.alert.id}")
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>',
        f"<body><h1>{title}</h1>",
        *(f"<p>{escape(text)}</p>" for text in dossier.narrative),
        f"<h2>What made the score</h2>{html_bars(explained)}",
    ]
    for name, headings, rows in _tables(dossier):
        head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        parts.append(f"<h2>{escape(name)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    return "\n".join([*parts, "</body></html>", ""])


def _tables(dossier: Dossier) -> Iterator[tuple[str, Sequence[str], list[Sequence[str]]]]:
    alert = dossier.alert
    link = dossier.audit or {}
    yield (
        "How it was judged",
        ("what", "value"),
        [
            ("alert", alert.id),
            ("detector", f"{alert.detector.name} {alert.detector.version}"),
            ("settings", alert.config),
            ("source record", f"{alert.source.topic}/{alert.source.partition} offset {alert.source.offset}"),
            ("SHA-256 of the alert", dossier.digest),
            ("audit link", f"{link['number']}, hash {link['hash']}" if link else "none yet"),
            ("replay", "the same in every bit" if not dossier.differences else "; ".join(dossier.differences)),
        ],
    )
    yield (
        "Detectors",
        ("detector", "score", "threshold", "severity", "nearest limit"),
        [
            (
                one.detector,
                number(one.score),
                number(one.threshold),
                one.severity,
                f"{number(one.limit)} ({one.becomes})",
            )
            for one in dossier.margins
        ],
    )
    yield (
        "What would have passed",
        ("change",),
        [(way.what,) for way in dossier.ways_to_pass] or [("nothing tried did",)],
    )
    payments = [line for line in dossier.transactions if line.role != "terminal"][-_IN_REPORT:]
    rest = len(dossier.transactions) - len(payments)
    yield (
        f"Payments of the customer up to the alert ({rest:,} more in transactions.csv)",
        _HEADINGS,
        [
            (one.at, one.role, one.transaction, one.customer, one.terminal, f"{one.amount} {one.currency}", one.verdict)
            for one in payments
        ],
    )


def _harmless(cell: str) -> str:
    """A name that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
