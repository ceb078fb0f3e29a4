"""A notice in words: a subject in one line, and what an analyst wants to read before opening anything."""

from stream.show import reasons, when
from stream.wire.events import Alert
from stream.wire.triage import Notice

_SHOWN = 10  # alerts of a notice; a mail of a hundred is read by nobody


def subject(notice: Notice) -> str:
    """Severity, kind and whom it is about; of several alerts, the gravest and how many."""
    gravest = max(notice.alerts, key=lambda alert: alert.score / alert.threshold if alert.threshold else alert.score)
    more = f" and {len(notice.alerts) - 1} more" if len(notice.alerts) > 1 else ""
    words = f"{gravest.severity}: {gravest.kind} {gravest.entity.kind} {gravest.entity.id}{more}"
    return " ".join(words.split())  # one line, whatever a stranger calls an entity


def paragraph(alert: Alert) -> str:
    """When, why with its reasons, what to do, and the id to act by."""
    lines = [f"{when(alert.at)} UTC  {alert.sentence}", *(f"  {why}" for why in reasons(alert))]
    if alert.action:
        lines.append(f"  {alert.action}")
    lines.append(f"  weir explain {alert.id}")
    return "\n".join(lines)


def text(notice: Notice) -> str:
    """The whole notice, newest alert last."""
    parts = [paragraph(alert) for alert in notice.alerts[:_SHOWN]]
    if len(notice.alerts) > _SHOWN:
        parts.append(f"… and {len(notice.alerts) - _SHOWN} more alerts of this group")
    if notice.held:
        parts.append(f"{notice.held} alerts of this group were held back since it was last told")
    return "\n\n".join(parts)
