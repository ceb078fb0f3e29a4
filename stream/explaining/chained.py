"""What vouches for an alert: its link in the hash chain, and the digest of its bytes as they stand on the topic."""

import hashlib
from contextlib import closing

import msgspec

from stream.audit.reading import links
from stream.consume import consumer_of, read_to_end
from stream.settings import Settings
from stream.wire.audit import AuditLink
from stream.wire.events import Alert
from stream.wire.topics import ALERTS


def link_of(settings: Settings, alert: Alert) -> tuple[AuditLink | None, str]:
    """Find the audit link of an alert, None where there is none yet, and the SHA-256 of its record's value."""
    digest = ""
    needle = alert.id.encode()
    with closing(consumer_of(settings, [ALERTS.name], from_beginning=True)) as consumer:
        for _, value in read_to_end(consumer):
            if needle in value and msgspec.json.decode(value, type=Alert).id == alert.id:
                digest = hashlib.sha256(value).hexdigest()
    found = None
    for _, _, value in links(settings):
        if needle in value:
            link = msgspec.json.decode(value, type=AuditLink)
            found = link if link.id == alert.id else found
    return found, digest
