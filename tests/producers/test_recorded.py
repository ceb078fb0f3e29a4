"""Files are read as their mapping says, in event-time order, and no row is lost without being counted."""

import gzip
import logging
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from producers.recorded import Recorded
from producers.recorded_rows import Row, in_time
from producers.source import Record
from stream.errors import SettingsError
from stream.wire.events import Label, Quote, Trade, Transaction

DAY_MS = 86_400_000
BANK = """
[[file]]
name = "bank"
event = "transaction"
at = [{ column = "booked", format = "%d.%m.%Y %H:%M:%S" }]
time_zone = "Europe/Berlin"
disorder_seconds = 60

[file.fields]
id = "reference"
customer = { column = "card", prefix = "c", width = 4 }
terminal = { columns = ["shop", "till"], join = "-" }
amount = { column = "euros", scale = 100 }
currency = { constant = "EUR" }
fraud = "is_fraud"
scenario = { column = "kind", map = { SKIM = "terminal" } }
"""
BANK_HEADER = "reference,booked,card,shop,till,euros,is_fraud,kind\n"


def bank(folder: Path, rows: str, *, name: str = "bank.csv", **config: object) -> Recorded:
    """A file of the bank's with its mapping."""
    mapping = folder / "bank.toml"
    mapping.write_text(BANK)
    file = folder / name
    text = (BANK_HEADER + rows).encode()
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return Recorded(config={"transactions": str(file), "mapping": str(mapping), **config})


def ms(text: str) -> int:
    """Epoch ms of a time with its offset."""
    return int(pd.Timestamp(text).timestamp() * 1000)


def test_a_csv_is_read_as_its_mapping_says(tmp_path: Path) -> None:
    """Local time, padded and joined ids, cents of units; a fraud on truth at once, verdicts a delay later."""
    rows = (
        "r1,02.01.2025 10:00:00,17,s9,2,12.34,1,SKIM\n"
        "r2,02.01.2025 10:00:01,18,s9,3,0.5,0,\n"
        "r3,02.01.2025 10:00:02,18,s9,3,7,,X\n"
    )
    at, later = ms("2025-01-02T10:00:00+01:00"), ms("2025-01-03T10:00:00+01:00")

    def label(of: str, when: int, customer: str, terminal: str, *, fraud: bool, scenario: str) -> Label:
        return Label(transaction=of, at=when, customer=customer, terminal=terminal, fraud=fraud, scenario=scenario)

    def paid(name: str, when: int, customer: str, terminal: str, amount: int) -> Transaction:
        return Transaction(id=name, at=when, customer=customer, terminal=terminal, amount=amount)

    assert list(bank(tmp_path, rows, label_delay_days=1).records()) == [
        Record("transactions", "c0017", paid("r1", at, "c0017", "s9-2", 1_234)),
        Record("truth", "c0017", label("r1", at, "c0017", "s9-2", fraud=True, scenario="terminal")),
        Record("transactions", "c0018", paid("r2", at + 1_000, "c0018", "s9-3", 50)),
        Record("transactions", "c0018", paid("r3", at + 2_000, "c0018", "s9-3", 700)),  # no verdict on this one
        Record("labels", "c0017", label("r1", later, "c0017", "s9-2", fraud=True, scenario="terminal")),
        Record("labels", "c0018", label("r2", later + 1_000, "c0018", "s9-3", fraud=False, scenario="")),
    ]


def test_a_compressed_csv_reads_the_same(tmp_path: Path) -> None:
    """A ``.csv.gz`` gives the records of its ``.csv``."""
    rows = "".join(f"r{i},02.01.2025 10:00:{i:02d},{i},s,1,{i}.99,0,\n" for i in range(60))

    plain, packed = bank(tmp_path, rows), bank(tmp_path, rows, name="bank.csv.gz")
    assert list(plain.records()) == list(packed.records())


def test_bad_rows_are_counted_by_their_first_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One good row among eight that are none; each counts once, under file and field, in the source and in the log."""
    rows = (
        "r1,02.01.2025 10:00:00,1,s,1,1.00,0,\n"
        "r2,2025-01-02,1,s,1,1.00,0,\n"  # another form of date
        "r3,30.03.2025 02:30:00,1,s,1,1.00,0,\n"  # skipped by the clocks that day
        ",02.01.2025 10:00:00,1,s,1,1.00,0,\n"
        f"{'x' * 65},02.01.2025 10:00:00,1,s,1,1.00,0,\n"
        "r4,02.01.2025 10:00:00,1,s,1,-1,0,\n"
        "r5,02.01.2025 10:00:00,1,s,1,plenty,0,\n"
        "r6,02.01.2025 10:00:00,1,s,1,,0,\n"
        "r7,02.01.2025 10:00:00,1,s,1,1.00,0,,,\n"
    )
    source = bank(tmp_path, rows)
    with caplog.at_level(logging.WARNING):
        kept = [record.event.id for record in source.records() if isinstance(record.event, Transaction)]

    assert kept == ["r1"]
    assert source.refused == {"bank.csv: at": 2, "bank.csv: id": 2, "bank.csv: amount": 3, "bank.csv: columns": 1}
    assert sum("refused rows=" in message for message in caplog.messages) == 4


def test_rows_out_of_order_are_put_in_place_or_counted(tmp_path: Path) -> None:
    """Within the minute that the mapping allows every row is put in its place, ties as they came."""
    seconds = [5, 3, 4, 3, 50, 2]
    rows = "".join(f"r{i},02.01.2025 10:00:{s:02d},1,s,1,1,,\n" for i, s in enumerate(seconds))
    source = bank(tmp_path, rows)

    assert [r.event.id for r in source.records() if isinstance(r.event, Transaction)] == [
        "r5",
        "r1",
        "r3",
        "r2",
        "r0",
        "r4",
    ]
    assert not source.refused


def test_a_row_too_late_for_its_chunk_is_counted() -> None:
    """At most 10 ms late: of the second chunk the row at 85 comes after 90 was told, the one at 95 does not."""
    record = Record("ticks", "A", Trade(symbol="A", at=0, price=1.0, size=1.0))
    refused: Counter[str] = Counter()
    chunks = [[Row(at, record) for at in (80, 100, 90)], [Row(at, record) for at in (85, 95, 120)]]
    told = [row.at for row in in_time(chunks, within_ms=10, late="late", refused=refused)]

    assert told == [80, 90, 95, 100, 120]
    assert refused == {"late": 1}


def test_trades_and_quotes_of_a_folder_are_merged_in_time(tmp_path: Path) -> None:
    """Equity files: New York time, the symbol from the file's name, one-sided quotes; other files are reported."""
    stamp = pd.to_datetime(["2013-10-07 09:30:00.100", "2013-10-07 09:30:00.300"])
    pd.DataFrame({"ts": stamp, "price": [10.0, 10.1], "size": [100, 200], "exch": "P"}).to_parquet(
        tmp_path / "abc_trades.parquet"
    )
    side = {"bid": [9.9, 0.0], "bid_size": [300, 0], "ask": [0.0, 10.2], "ask_size": [0, 400]}
    pd.DataFrame({"ts": stamp + pd.Timedelta(milliseconds=50), **side}).to_parquet(tmp_path / "abc_quotes.parquet")
    pd.DataFrame({"day": ["Monday"]}).to_csv(tmp_path / "notes.csv", index=False)
    source = Recorded(config={"ticks": str(tmp_path)})
    at = ms("2013-10-07T09:30:00.100-04:00")

    assert [record.event for record in source.records()] == [
        Trade(symbol="ABC", at=at, price=10.0, size=100.0),
        Quote(symbol="ABC", at=at + 50, bid=9.9, ask=0.0, bid_size=300.0, ask_size=0.0),
        Trade(symbol="ABC", at=at + 200, price=10.1, size=200.0),
        Quote(symbol="ABC", at=at + 250, bid=0.0, ask=10.2, bid_size=0.0, ask_size=400.0),
    ]
    assert source.refused == {"notes.csv: no mapping fits, file left out": 1}


def test_the_exchange_stamp_counts_and_else_the_receivers(tmp_path: Path) -> None:
    """Crypto files: a quote without exchange stamp (0) takes the receiver's; a seller takes the maker's bid."""
    quotes: dict[str, object] = {
        "recv_ns": [1_723_161_254_024_619_568, 1_723_161_254_900_000_000],
        "exch_ms": [0, 1_723_161_255_000],
    }
    quotes |= {
        "venue": ["spot", "usdm"],
        "symbol": "ETHUSDT",
        "bid": 2683.8,
        "bid_qty": 3.0,
        "ask": 2683.81,
        "ask_qty": 31.0,
    }
    pd.DataFrame(quotes).to_parquet(tmp_path / "quotes.parquet")
    trades: dict[str, object] = {
        "recv_ns": [1],
        "trade_ms": [1_723_161_255_342],
        "venue": "spot",
        "symbol": "ETHUSDT",
        "price": 2683.8,
    }
    pd.DataFrame(trades | {"qty": 0.02, "buyer_is_maker": True, "trade_id": 7}).to_parquet(tmp_path / "trades.parquet")
    events = [record.event for record in Recorded(config={"ticks": str(tmp_path)}).records()]

    assert events == [
        Quote(symbol="ETHUSDT.spot", at=1_723_161_254_024, bid=2683.8, ask=2683.81, bid_size=3.0, ask_size=31.0),
        Quote(symbol="ETHUSDT.usdm", at=1_723_161_255_000, bid=2683.8, ask=2683.81, bid_size=3.0, ask_size=31.0),
        Trade(symbol="ETHUSDT.spot", at=1_723_161_255_342, price=2683.8, size=0.02, side="sell", id="7"),
    ]


def test_payments_and_ticks_together_are_one_stream_in_time(tmp_path: Path) -> None:
    """A tick between two payments stands between them; verdicts come after both."""
    paid = pd.to_datetime(["2025-01-02 10:00:00", "2025-01-02 10:00:02"])
    columns: dict[str, object] = {
        "TRANSACTION_ID": [1, 2],
        "TX_DATETIME": paid,
        "CUSTOMER_ID": 3,
        "TERMINAL_ID": 4,
        "TX_AMOUNT": 1.0,
    }
    pd.DataFrame(columns | {"TX_FRAUD": [0, 0], "TX_FRAUD_SCENARIO": 0}).to_parquet(tmp_path / "cards.parquet")
    quote = {"ts": [pd.Timestamp("2025-01-02 10:00:01")], "bid": 1.1, "ask": 1.2}
    pd.DataFrame(quote).to_parquet(tmp_path / "eurusd_quotes.parquet")
    config = {"transactions": str(tmp_path / "cards.parquet"), "ticks": str(tmp_path / "eurusd_quotes.parquet")}

    topics = [record.topic for record in Recorded(config=config).records()]
    assert topics == ["transactions", "ticks", "transactions", "labels", "labels"]


def test_a_file_of_no_format_is_refused_with_the_columns_found_and_expected(tmp_path: Path) -> None:
    """The message names what there is and what a mapping would need."""
    file = tmp_path / "mine.csv"
    file.write_text("when,who,how_much\n1,2,3\n")
    with pytest.raises(SettingsError) as refused:
        Recorded(config={"transactions": str(file)})

    assert refused.value.was == "when, who, how_much"
    assert "TX_AMOUNT" in refused.value.expected
    assert "--mapping" in refused.value.expected


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (('id = "reference"', ""), "fields.id"),
        (('id = "reference"', 'id = "reference"\ncolour = "x"'), "fields.colour"),
        (('id = "reference"', 'id = { column = "reference", constant = "x" }'), "fields.id"),
        (('id = "reference"', 'id = { file = "(" }'), "fields.id.file"),
        (("Europe/Berlin", "Europe/Atlantis"), "time_zone"),
        (("disorder_seconds", "disorder"), "file[0].disorder"),
        (('event = "transaction"', 'event = "payment"'), "file[0].event"),
    ],
)
def test_a_bad_mapping_is_refused_by_field(tmp_path: Path, change: tuple[str, str], field: str) -> None:
    """The error names the field and the file."""
    mapping = tmp_path / "bad.toml"
    mapping.write_text(BANK.replace(*change))
    with pytest.raises(SettingsError) as refused:
        Recorded(config={"transactions": str(tmp_path / "x.csv"), "mapping": str(mapping)})

    assert refused.value.field == field
    assert str(mapping) in str(refused.value)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "transactions, ticks"),
        ({"transactions": "nowhere.csv"}, "transactions"),
        ({"ticks": "."}, "ticks"),
        ({"path": "x"}, "path"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, object], field: str
) -> None:
    """No path, no such file, an empty folder, an unknown setting."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as refused:
        Recorded(config=config)

    assert refused.value.field == field
