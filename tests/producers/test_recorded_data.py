"""The built-in mappings on the real files, where they lie beside the checkout; pandas reads them once more."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest

from producers.recorded import Recorded
from producers.source import Record
from stream.wire.events import Event, Label, Quote, Trade, Transaction

DATA = Path(__file__).parents[2].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside this checkout")


def first(count: int, **config: str) -> list[Record]:
    """The first records."""
    return list(islice(Recorded(config=config).records(), count))


def of(kind: type[Event], records: list[Record]) -> list[Event]:
    """Events of a kind."""
    return [record.event for record in records if isinstance(record.event, kind)]


def test_cards_handbook_payments_are_those_of_the_file() -> None:
    """The first 30,000, three days of April 2018: ids, times, amounts in cents, and the frauds on truth."""
    records = first(30_000, transactions=str(DATA / "cards-handbook"))
    payments, frauds = of(Transaction, records), of(Label, records)
    file = pd.read_parquet(DATA / "cards-handbook" / "transactions.parquet").head(len(payments))

    assert [(p.id, p.at, p.amount) for p in payments if isinstance(p, Transaction)] == list(
        zip(
            "t" + file["TRANSACTION_ID"].astype(str).str.zfill(9),
            file["TX_DATETIME"].astype("datetime64[ms]").astype("int64"),
            (file["TX_AMOUNT"] * 100).round().astype("int64"),
            strict=True,
        )
    )
    assert len(frauds) == file["TX_FRAUD"].sum()


def test_all_of_fx_is_read() -> None:
    """532,903 quotes of EURUSD, none refused, in order."""
    source = Recorded(config={"ticks": str(DATA / "ticks-fx")})
    at = [record.event.at for record in source.records() if isinstance(record.event, Quote)]

    assert len(at) == 532_903
    assert at == sorted(at)
    assert not source.refused


def test_equity_opens_at_four_in_new_york() -> None:
    """The first trade and quote of each symbol are of 04:00 on 2013-10-07, in UTC 08:00."""
    records = first(40_000, ticks=str(DATA / "ticks-equity"))
    symbols = Counter((record.key, type(record.event).__name__) for record in records)
    begin = records[0].event

    assert set(symbols) == {("AIG", "Trade"), ("BAC", "Trade"), ("BAC", "Quote"), ("IBM", "Trade"), ("IBM", "Quote")}
    assert isinstance(begin, Quote)
    assert pd.Timestamp(begin.at, unit="ms") == pd.Timestamp("2013-10-07 08:00:00.054")


def test_crypto_is_in_the_order_of_its_exchange_stamps() -> None:
    """414,569 events of six books; the spot quotes' receive stamps are moved among them, and no row is lost."""
    source = Recorded(config={"ticks": str(DATA / "ticks-crypto")})
    events = [record.event for record in source.records()]
    at = [event.at for event in events if isinstance(event, Trade | Quote)]

    assert len(at) == 78_638 + 335_931
    assert at == sorted(at)
    assert not source.refused


def test_of_dirty_taq_only_quotes_without_any_side_are_refused() -> None:
    """All trades come through, bad ones too: to judge them is the stream's part."""
    source = Recorded(config={"ticks": str(DATA / "ticks-dirty-taq")})
    kinds = Counter(type(record.event).__name__ for record in source.records())
    file = pd.read_parquet(DATA / "ticks-dirty-taq" / "sampleQDataRaw.parquet")
    empty = int(((file["BID"] == 0) & (file["OFR"] == 0)).sum())

    assert kinds == {"Trade": 77_263, "Quote": 131_401 - empty}
    assert source.refused["sampleQDataRaw.parquet: bid and ask"] == empty
