"""The book of alerts: bounded, asked page by page, the same after a restart."""

from random import Random

import pytest

from stream.console.book import Book
from stream.core.wanted import Wanted
from stream.erasures import Erasure
from stream.wire.codec import encode
from stream.wire.triage import Acknowledgement
from tests.stream.some_alert import NOON, an_alert

ALL = Wanted()


def ids(book: Book, wanted: Wanted = ALL, *, is_open: bool = False) -> list[str]:
    """All that is found, newest first."""
    return [alert.id for alert in book.newest(wanted, is_open=is_open, limit=500).alerts]


def test_what_is_kept_does_not_depend_on_when_it_began_to_listen() -> None:
    """One heard everything; one began with the last five of each partition, as after a restart: they show the same."""
    chance = Random(7)
    records = [(chance.randrange(3), encode(an_alert(f"a{i:03}", emitted_at=NOON + i))) for i in range(100)]
    whole, late = Book(5), Book(5)
    for partition, value in records:
        whole.take_alert(partition, value)
    for partition in (2, 0, 1):
        for _, value in [record for record in records if record[0] == partition][-5:]:
            late.take_alert(partition, value)

    assert len(whole) == 15
    assert ids(whole) == ids(late)
    assert ids(whole) == sorted(ids(whole), reverse=True)


def test_pages_together_are_the_whole() -> None:
    """Seven at a time by the cursor of the page before, while new ones come: none twice, none left out."""
    book = Book(100)
    for i in range(40):
        book.take_alert(0, encode(an_alert(f"a{i:02}", emitted_at=NOON + i // 3)))
    before, seen, cursor = ids(book), [], ""
    for turn in range(6):
        page = book.newest(ALL, is_open=False, limit=7, cursor=cursor)
        seen += [alert.id for alert in page.alerts]
        cursor = page.more
        book.take_alert(0, encode(an_alert(f"n{turn}", emitted_at=NOON + 1_000 + turn)))

    assert seen == before
    assert cursor == ""


def test_open_is_what_nobody_has_dealt_with() -> None:
    """One of two is acknowledged."""
    book = Book(10)
    for name in ("a1", "a2"):
        book.take_alert(0, encode(an_alert(name)))
    book.take_triage(0, encode(Acknowledgement(alert="a1", at=NOON, owner="ann")))

    assert ids(book, is_open=True) == ["a2"]
    assert ids(book) == ["a2", "a1"]


def test_what_is_no_alert_is_counted_and_passed_over() -> None:
    """A stranger's bytes, and an alert of a later version."""
    book = Book(10)
    for value in (b"\xff\x00", encode(an_alert("a1")).replace(b"alert/1", b"alert/9"), encode(an_alert("a2"))):
        book.take_alert(0, value)

    assert (ids(book), book.unreadable) == (["a2"], 2)


def test_a_customer_who_is_erased_is_shown_no_more() -> None:
    """Alerts about c42, and one at whose terminal c42 paid, told before; what comes later is of somebody new."""
    book = Book(10)
    others = {"transaction": "t9", "customer": "c421", "terminal": "m7"}
    book.take_alert(0, encode(an_alert("a1", emitted_at=NOON)))
    book.take_alert(1, encode(an_alert("a2", entity="terminal:m7", emitted_at=NOON)))
    book.take_alert(1, encode(an_alert("a3", entity="customer:c421", evidence=others, emitted_at=NOON)))
    book.take_alert(0, encode(an_alert("a4", emitted_at=NOON + 2)))
    book.take_erasure(0, encode(Erasure(customer="c42", at=NOON + 1)))

    assert ids(book) == ["a4", "a3"]
    assert book.get("a1") is None
    assert [alert.id for alert in book.fresh()] == ["a3", "a4"]


def test_a_cursor_that_is_none_is_refused() -> None:
    """Whatever stands in an address bar."""
    for cursor in ("x", "12", "-a", "²-a"):
        with pytest.raises(ValueError, match=cursor):
            Book(1).newest(ALL, is_open=False, limit=1, cursor=cursor)
