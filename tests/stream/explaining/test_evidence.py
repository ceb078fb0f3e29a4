"""The evidence of an alert: files that a person and a program can read, with the facts and no card number."""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec

from stream.core.chain import Head, link
from stream.explaining.bars import bars_of, html_bars, write_plot
from stream.explaining.dossier import Dossier, dossier_of
from stream.explaining.evidence import FILES, write_evidence
from stream.explaining.margins import margins
from stream.wire.audit import AuditLink
from stream.wire.codec import encode
from stream.wire.events import SourceRef
from tests.stream.explaining.explained import a_case


def test_the_folder_holds_the_facts_in_words_and_as_data(tmp_path: Path) -> None:
    """The report says who, what, how much, which model, and the hash of the link; the CSV has every payment."""
    case = a_case()
    alert = case.explained.alert

    write_evidence(a_dossier(), case.explained, tmp_path / "case")

    assert sorted(path.name for path in (tmp_path / "case").iterdir()) == sorted(FILES)
    texts = {name: (tmp_path / "case" / name).read_text() for name in FILES}
    amount = f"{case.payment.amount / 100:,.2f} EUR"
    for name in ("report.md", "report.html"):
        for fact in (case.payment.customer, case.payment.terminal, amount, alert.detector.version, alert.id):
            assert fact in texts[name], (name, fact)
    again = msgspec.json.decode(texts["report.json"], type=Dossier)
    assert again.audit is not None
    assert again.audit["hash"] in texts["report.md"]
    lines = list(csv.DictReader(texts["transactions.csv"].splitlines()))
    assert len(lines) == len({line["transaction"] for line in lines})
    assert [line["transaction"] for line in lines if line["role"] == "reported"] == [case.payment.id]
    assert sum(line["role"] == "customer" for line in lines) == len(case.explained.customer)
    assert not re.search(r"(?<![0-9a-f])\d{13,19}(?![0-9a-f])", texts["transactions.csv"] + texts["report.md"])


def test_a_name_that_a_spreadsheet_would_run_is_text(tmp_path: Path) -> None:
    """A terminal called =HYPERLINK(…) gets an apostrophe in the CSV, and its markup does nothing in the page."""
    dossier = a_dossier()
    evil = msgspec.structs.replace(dossier.transactions[-1], role="customer", terminal="=HYPERLINK(1)<script>")

    write_evidence(
        msgspec.structs.replace(dossier, transactions=[*dossier.transactions, evil]), a_case().explained, tmp_path
    )

    lines = list(csv.DictReader((tmp_path / "transactions.csv").read_text().splitlines()))
    assert lines[-1]["terminal"] == "'=HYPERLINK(1)<script>"
    assert "<script" not in (tmp_path / "report.html").read_text()


def test_the_bars_add_up_to_the_score(tmp_path: Path) -> None:
    """Whatever is shown, what is left out is one bar more; the plot is a PNG, or SVG that a parser takes."""
    explained = a_case().explained
    write_plot(explained, tmp_path / "bars.png")

    assert abs(sum(bar.contribution for bar in bars_of(explained)) - explained.score) < 1e-9 * explained.score
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")
    texts = "".join(ET.fromstring(html_bars(explained)).itertext())
    assert all(bar.feature in texts for bar in bars_of(explained))


def a_dossier() -> Dossier:
    """Make that of the case, with an audit link."""
    case = a_case()
    alert = case.explained.alert
    value, _ = link(Head(), SourceRef(topic="alerts", partition=0, offset=0), encode(alert))
    return dossier_of(
        case.explained,
        margins=margins(case.explained.scores, case.explained.limits),
        ways=[],
        differences=[],
        link=msgspec.json.decode(value, type=AuditLink),
        digest="0" * 64,
    )
