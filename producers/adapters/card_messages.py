"""What an ISO 8583 advice says, as a payment: fields by number, the card number replaced by its token at once."""

import datetime as dt
from collections.abc import Mapping

from producers.adapters.posted import UnfitError
from producers.tokens import Tokens
from stream.wire.events import Transaction

_MAX_AMOUNT = 2**31


def payment_of(
    fields: Mapping[str, str], *, tokens: Tokens, currencies: Mapping[str, str], now: dt.datetime
) -> Transaction:
    """Read a financial or authorisation advice (ISO 8583:1987), decoded.

    fields      number → text: 2 or 35 the card, 4 the amount in minor units, 7 when it was sent (MMDDhhmmss, UTC), 11
                and 37 its trace and reference, 32 the acquirer, 41 and 42 terminal and merchant, 49 the currency
    tokens      what stands for card numbers
    currencies  ISO 4217, numeric → letters
    now         UTC: field 7 bears no year, so the nearest one is meant
    Raises UnfitError that names the field.
    """
    currency = currencies.get(_text(fields, "49"))
    if currency is None:
        raise UnfitError("field 49", f"one of {', '.join(sorted(currencies))}")
    amount = _digits(fields, "4")
    if int(amount) >= _MAX_AMOUNT:
        raise UnfitError("field 4", f"less than {_MAX_AMOUNT}")
    merchant, terminal = fields.get("42", "").strip(), _text(fields, "41")
    return Transaction(
        id=f"{fields.get('32', '').strip() or 'acquirer'}-{_text(fields, '37')}-{_digits(fields, '11')}",
        at=_moment(_digits(fields, "7"), now),
        customer=_card(fields, tokens),
        terminal=f"{merchant}-{terminal}" if merchant else terminal,
        amount=int(amount),
        currency=currency,
    )


def _card(fields: Mapping[str, str], tokens: Tokens) -> str:
    number = fields.get("2", "") or fields.get("35", "").upper().replace("D", "=").partition("=")[0]
    token = tokens.of(number)
    if not token:
        raise UnfitError("field 2 or 35", "a card number (ISO/IEC 7812-1)")
    return token


def _text(fields: Mapping[str, str], number: str) -> str:
    text = fields.get(number, "").strip()
    if not text or not text.isprintable():
        raise UnfitError(f"field {number}", "a value")
    return text


def _digits(fields: Mapping[str, str], number: str) -> str:
    text = _text(fields, number)
    if not (text.isascii() and text.isdigit()):
        raise UnfitError(f"field {number}", "digits")
    return text


def _moment(stamp: str, now: dt.datetime) -> int:
    found = []
    for year in (now.year - 1, now.year, now.year + 1):
        try:
            found.append(dt.datetime.strptime(f"{year}{stamp}", "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC))
        except ValueError:  # no such day in that year
            continue
    if not found:
        raise UnfitError("field 7", "MMDDhhmmss")
    return int(min(found, key=lambda moment: abs(moment - now)).timestamp() * 1000)
