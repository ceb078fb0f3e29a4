"""What a world of simulated cards is like: sizes, habits, and the kinds of fraud with their windows and strengths."""

import datetime as dt
from typing import Annotated

import msgspec

from stream.settings import Section

Rate = Annotated[float, msgspec.Meta(ge=0.0, le=0.2, description="share of all payments")]
Portion = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]
Factor = Annotated[float, msgspec.Meta(ge=1.0, le=1000.0, description="times the customer's own mean amount")]
Days = Annotated[int, msgspec.Meta(ge=1, le=365)]
Size = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class AmountFraud(Section, frozen=True, kw_only=True):
    """Single payments out of the customer's range."""

    rate: Rate = 0.0008
    factor: Factor = 8.0


class TerminalFraud(Section, frozen=True, kw_only=True):
    """A terminal is compromised for a window: a share of the payments at it is fraud, of ordinary amounts."""

    rate: Rate = 0.005
    days: Days = 28
    share: Portion = 1.0


class CustomerFraud(Section, frozen=True, kw_only=True):
    """A card is compromised for a window: a share of its payments is fraud, of higher amounts."""

    rate: Rate = 0.0015
    days: Days = 14
    share: Portion = 1 / 3
    factor: Factor = 5.0


class BurstFraud(Section, frozen=True, kw_only=True):
    """A stolen card number is tried: payments of small amounts at many terminals within minutes."""

    rate: Rate = 0.0007
    payments: Annotated[int, msgspec.Meta(ge=2, le=100)] = 8  # mean of a burst
    minutes: Annotated[int, msgspec.Meta(ge=1, le=600)] = 15


class CardsConfig(Section, frozen=True, kw_only=True):
    """``[producers.cards]``.

    start               first day, UTC
    days                0: without end
    payments_per_day    mean of a customer
    amount              mean of all genuine payments, currency units
    reach               terminals within which a customer pays
    label_delay_days    from payment to verdict
    labelled_share      of all payments; the rest never gets a verdict
    """

    customers: Size = 5_000
    terminals: Size = 10_000
    payments_per_day: Annotated[float, msgspec.Meta(gt=0.0, le=1_000.0)] = 2.0
    amount: Annotated[float, msgspec.Meta(gt=0.0, le=100_000.0)] = 54.0
    reach: Annotated[int, msgspec.Meta(ge=1, le=256)] = 24
    start: dt.date = dt.date(2025, 1, 1)
    days: Annotated[int, msgspec.Meta(ge=0)] = 0
    label_delay_days: Annotated[float, msgspec.Meta(ge=0.0, le=365.0)] = 7.0
    labelled_share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 1.0
    amount_fraud: AmountFraud = AmountFraud()
    terminal_fraud: TerminalFraud = TerminalFraud()
    customer_fraud: CustomerFraud = CustomerFraud()
    burst_fraud: BurstFraud = BurstFraud()
