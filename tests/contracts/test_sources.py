"""Every source that comes with Weir keeps the contract, and the contract test finds those that don't."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from producers.cards import Cards
from producers.contract import ContractError, check_source
from producers.market import Market
from producers.recorded import Recorded
from producers.source import Record
from stream.errors import SettingsError
from stream.wire.events import DeadLetter, SourceRef, Transaction


def test_cards_keep_the_contract() -> None:
    """Over eight days of a small world, so that verdicts are among the records."""
    check_source(Cards, config={"customers": 100, "terminals": 50, "label_delay_days": 2}, records=3_000)


def test_the_market_keeps_the_contract() -> None:
    """With shocks often enough to be among the records."""
    check_source(Market, config={"jumps": {"per_day": 500}, "withdrawals": {"per_day": 500}}, records=10_000)


def test_recorded_files_keep_the_contract(tmp_path: Path) -> None:
    """A recording is the same for every seed."""
    file = tmp_path / "eurusd_quotes.csv"
    file.write_text("ts,bid,ask\n" + "".join(f"2025-01-02T10:00:00.{i:03d},1.1,1.2\n" for i in range(500)))

    check_source(Recorded, config={"ticks": str(file)}, seeded=False)


class Honest:
    """Payments, one a second."""

    def __init__(self, *, seed: int, config: Mapping[str, object]) -> None:
        for field in config:
            raise SettingsError(field, "no such field")
        self.seed = seed

    def records(self) -> Iterator[Record]:
        """A thousand payments."""
        for i in range(1_000):
            yield Record("transactions", "c", self.payment(i))

    def payment(self, i: int) -> Transaction:
        """The i-th payment."""
        return Transaction(id=f"t{i}", at=1_735_689_600_000 + 1_000 * i, customer="c", terminal="m", amount=self.seed)


def paying(change: Callable[[Transaction, int], Record]) -> type[Honest]:
    """An honest source but for what it makes of a payment."""

    class Changed(Honest):
        """Payments, changed."""

        def records(self) -> Iterator[Record]:
            for i in range(1_000):
                yield change(self.payment(i), i)

    return Changed


def remade(payment: Transaction, **fields: Any) -> Record:
    """A payment with other fields, on its way."""
    return Record("transactions", "c", msgspec.structs.replace(payment, **fields))


class Mute(Honest):
    """Nothing at all."""

    def records(self) -> Iterator[Record]:
        """No payments."""
        yield from ()


class Once(Honest):
    """Payments that come only once."""

    def __init__(self, *, seed: int, config: Mapping[str, object]) -> None:
        super().__init__(seed=seed, config=config)
        self._records = super().records()

    def records(self) -> Iterator[Record]:
        """What is left of them."""
        yield from self._records


class Careless(Honest):
    """Payments of any configuration."""

    def __init__(self, *, seed: int, config: Mapping[str, object]) -> None:
        super().__init__(seed=seed, config={field: config[field] for field in config if field == "known"})


class Nameless(Honest):
    """"""  # noqa: D419  # what this one is about


def test_an_honest_source_passes() -> None:
    """The sources below differ from it in one thing each."""
    check_source(Honest)


TICKET = count()
LETTER = DeadLetter(
    id="x", reason="late", detail="", source=SourceRef(topic="a", partition=0, offset=0), produced_at=0, size=1
)


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Nameless, "docstring"),
        (Mute, "yields records"),
        (Once, "begins anew"),
        (Careless, "unknown field"),
        (paying(lambda payment, i: remade(payment, at=payment.at - (5_000 if i == 500 else 0))), "never falls"),
        (paying(lambda payment, _i: remade(payment, amount=7)), "another seed"),
        (paying(lambda payment, _i: remade(payment, id=f"t{next(TICKET)}")), "begins anew"),
        (paying(lambda payment, _i: remade(payment, amount=-1)), "valid on the wire"),
        (paying(lambda payment, _i: remade(payment, id="")), "valid on the wire"),
        (paying(lambda payment, _i: Record("payments", "c", payment)), "topics"),
        (paying(lambda payment, _i: Record("ticks", "c", payment)), "takes no Transaction"),
        (paying(lambda payment, _i: Record("transactions", payment.id, payment)), "key"),
        (paying(lambda _payment, _i: Record("labels", "c", LETTER)), "takes no DeadLetter"),
    ],
)
def test_a_broken_promise_is_found_and_named(kind: type[Honest], promise: str) -> None:
    """One source for each promise."""
    with pytest.raises(ContractError, match=promise):
        check_source(kind)
