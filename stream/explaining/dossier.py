"""The facts of one alert for a suspicious-activity report: who, what, when, how much, how it was judged."""

from collections.abc import Sequence
from typing import Any

import msgspec

from stream.core.sentences import phrase
from stream.explaining.margins import Margin
from stream.explaining.passing import Way
from stream.explanation import Explanation
from stream.show import when
from stream.wire.audit import AuditLink
from stream.wire.events import Alert, Label, Reason, Transaction

_REASONS = 5


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of the table.

    role     "reported", "customer" (an earlier one of the customer) or "terminal"
    verdict  "fraud", "genuine" or "" where none was known when the alert was told
    """

    role: str
    transaction: str
    at: str
    customer: str
    terminal: str
    amount: str
    currency: str
    verdict: str


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; ``narrative`` in plain sentences. No card number: a customer is a token."""

    alert: Alert
    narrative: list[str]
    transactions: list[Line]
    margins: list[Margin]
    ways_to_pass: list[Way]
    differences: list[str]  # of the replay from what was told; none: every bit is the same
    audit: dict[str, Any] | None  # the link of the alert in the hash chain; None: none was written yet
    digest: str  # SHA-256 of the alert's bytes on its topic


def dossier_of(
    explained: Explanation,
    *,
    margins: Sequence[Margin],
    ways: Sequence[Way],
    differences: Sequence[str],
    link: AuditLink | None,
    digest: str,
) -> Dossier:
    """Put the facts together."""
    return Dossier(
        alert=explained.alert,
        narrative=narrative(explained, differences=differences, link=link),
        transactions=_lines(explained),
        margins=list(margins),
        ways_to_pass=list(ways),
        differences=list(differences),
        audit=None if link is None else msgspec.to_builtins(link),
        digest=digest,
    )


def narrative(explained: Explanation, *, differences: Sequence[str], link: AuditLink | None) -> list[str]:
    """Tell it in plain sentences: what happened, why it stands out, what was known before, how it was judged."""
    alert = explained.alert
    evidence = alert.evidence
    amount, currency = _money(evidence["amount"]), evidence["currency"]
    who = f"Customer {evidence['customer']}"
    found = [
        f"{who} paid {amount} {currency} at terminal {evidence['terminal']} on {when(alert.at)} UTC.",
        f"It is payment {evidence['transaction']}.",
        f"The alert is about the {alert.entity.kind} {alert.entity.id} and was graded {alert.severity}.",
        *_why(explained),
        *_before(explained),
        f"Detector {alert.detector.name}, version {alert.detector.version}, gave a score of {alert.score:.6g}; "
        f"it alerts from {alert.threshold:.6g} on."
        + ("" if alert.probability is None else f" It holds fraud to be {alert.probability:.1%} likely."),
    ]
    found += [f"The rule {rule.name} applied: {rule.says}." for rule in alert.rules]
    found.append(
        "Judged again from the recorded events, the alert came out the same in every bit."
        if not differences
        else f"Judged again from the recorded events, {len(differences)} figures differ from what was told: history "
        "has expired since, or came late. They are listed below."
    )
    found.append(
        f"The alert is link {link.number} of its audit chain, with hash {link.hash}."
        if link is not None
        else "The alert has no link in the audit chain yet (`weir audit record` writes them)."
    )
    return found


def _why(explained: Explanation) -> list[str]:
    parts = [(share, _reason(name, *values)) for name, (*values, share) in explained.features.items() if share > 0]
    total = sum(share for share, _ in parts)
    said = dict.fromkeys(phrase(reason) for share, reason in parts[:_REASONS] if total and share >= 0.02 * total)
    return ["What stands out, the weightiest first: " + "; ".join(said) + "."] if said else []


def _before(explained: Explanation) -> list[str]:
    own, there = explained.customer, explained.terminal
    frauds = sum(verdict.fraud for verdict in explained.verdicts)
    found = []
    if own:
        mean = sum(payment.amount for payment in own) / len(own)
        currency = own[-1].currency
        found.append(
            f"The customer had made {len(own):,} payments before, of {_money(mean)} {currency} on average, the last on "
            f"{when(own[-1].at)} UTC."
        )
    else:
        found.append("No earlier payment of the customer is known.")
    found.append(
        f"At the terminal {len(there):,} payments were known before, and {len(explained.verdicts):,} verdicts, "
        f"{frauds:,} of them fraud."
    )
    return found


def _reason(name: str, value: float, usual: float) -> Reason:
    return Reason(feature=name, value=_known(value), usual=_known(usual), contribution=0.0)


def _lines(explained: Explanation) -> list[Line]:
    alert = explained.alert
    reported = str(alert.evidence["transaction"])
    verdicts = {verdict.transaction: verdict for verdict in explained.verdicts}
    payments = {payment.id: ("terminal", payment) for payment in explained.terminal}
    payments.update((payment.id, ("customer", payment)) for payment in explained.customer)
    for _, _, event in explained.history:
        if isinstance(event, Transaction) and event.id == reported:
            payments[event.id] = ("reported", event)
    ordered = sorted(payments.values(), key=lambda found: (found[1].at, found[1].id))
    return [_line(role, payment, verdicts.get(payment.id)) for role, payment in ordered]


def _line(role: str, payment: Transaction, verdict: Label | None) -> Line:
    said = "" if verdict is None else "fraud" if verdict.fraud else "genuine"
    return Line(
        role=role,
        transaction=payment.id,
        at=when(payment.at),
        customer=payment.customer,
        terminal=payment.terminal,
        amount=f"{payment.amount / 100:.2f}",
        currency=payment.currency,
        verdict=said,
    )


def _money(cents: object) -> str:
    return f"{float(cents) / 100:,.2f}" if isinstance(cents, int | float) else str(cents)


def _known(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124  # nan
