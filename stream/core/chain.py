"""The chain of the audit: each link is a function of its record and of the link before, byte for byte.

So two writers, or one that begins again, can only write the same links: whoever reads takes each number once.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from stream.wire.audit import GENESIS, Act, AuditLink, Change, ModelChange, encode_link
from stream.wire.events import Alert, SourceRef

_SEAL = re.compile(rb',"hash":"([0-9a-f]{64})"\}\Z')
_decode = msgspec.json.Decoder(AuditLink).decode
_cause = msgspec.json.Decoder(Alert | Change | ModelChange | Act).decode


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: number, hash and source offset of its last link."""

    number: int = -1
    hash: str = GENESIS
    offset: int = -1


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a chain does not hold, and what was expected there."""

    where: str
    expected: str
    was: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, was {self.was}"


def link(head: Head, source: SourceRef, value: bytes) -> tuple[bytes, Head]:
    """Make the next link of a chain.

    value  the record's bytes as they stand at ``source``
    -> the link's bytes, and where the chain stands then
    """
    body = encode_link(
        AuditLink(
            number=head.number + 1,
            previous=head.hash,
            source=source,
            digest=hashlib.sha256(value).hexdigest(),
            hash="",
            **_told(value),
        )
    ).removesuffix(b',"hash":""}')
    seal = hashlib.sha256(body).hexdigest()
    return body + f',"hash":"{seal}"}}'.encode(), Head(head.number + 1, seal, source.offset)


def head_of(value: bytes) -> Head:
    """Where a chain stands whose last link this is. Raises ValueError where the link does not hold by itself."""
    one = _opened(value)
    if isinstance(one, str):
        raise ValueError(one)  # noqa: TRY004  # it is the value that is wrong
    return Head(one.number, one.hash, one.source.offset)


@dataclass(slots=True)
class Verifier:
    """Reads links in the order in which they stand and keeps what is wrong with them.

    hashes   chain → hash of each link, by number
    records  chain → source offset → digest, of all links read
    faults   first to last
    """

    hashes: dict[str, list[str]] = field(default_factory=dict)
    records: dict[str, dict[int, str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def take(self, value: bytes, where: str, *, chain: str | None = None) -> None:
        """Read one link; ``chain`` is the one that belongs there, None: any."""
        one = _opened(value)
        if isinstance(one, str):
            self.faults.append(Fault(where, "a link as it was written", one))
            return
        name = f"{one.source.topic}/{one.source.partition}"
        if chain is not None and name != chain:
            self.faults.append(Fault(where, f"a link of {chain}", f"one of {name}"))
            return
        known = self.hashes.setdefault(name, [])
        if one.number < len(known) and known[one.number] == one.hash:
            return  # written twice, the same
        self.faults += _order(one, known, where, name)
        if one.number >= len(known):
            known += [""] * (one.number - len(known)) + [one.hash]  # go on behind a gap: each fault is told once
            self.records.setdefault(name, {})[one.source.offset] = one.digest

    def compare(self, source: SourceRef, value: bytes) -> bool:
        """Hold a record that still stands on its topic to its link; False where the chain has not come so far."""
        name = f"{source.topic}/{source.partition}"
        known = self.records.get(name, {})
        if not known or source.offset > next(reversed(known)):  # they rise
            return False
        where, digest = f"{name} offset {source.offset}", hashlib.sha256(value).hexdigest()
        if source.offset not in known:
            self.faults.append(Fault(where, "a link in the chain", "none"))
        elif known[source.offset] != digest:
            self.faults.append(Fault(where, f"digest {known[source.offset][:12]}…", f"{digest[:12]}…"))
        return True

    def heads(self) -> dict[str, dict[str, Any]]:
        """Where each chain stands: keep it elsewhere, and a chain cut short or written anew is known by it."""
        return {name: {"links": len(known), "hash": known[-1]} for name, known in sorted(self.hashes.items())}

    def require(self, heads: Mapping[str, Mapping[str, Any]]) -> None:
        """Hold the chains to what :meth:`heads` said before: each still contains the link that was its last."""
        for name, head in heads.items():
            known, links = self.hashes.get(name, []), int(head["links"])
            was = known[links - 1] if 0 < links <= len(known) else ""
            if was != head["hash"]:
                seen = f"{was[:12]}…" if was else f"{len(known)} links"
                self.faults.append(Fault(f"{name} link {links - 1}", f"hash {str(head['hash'])[:12]}…", seen))


def _order(one: AuditLink, known: list[str], where: str, name: str) -> Iterator[Fault]:
    """Say whether a link follows the one before, or what is missing between."""
    if one.number < len(known):
        yield Fault(where, f"link {len(known)} of {name}", f"another link {one.number}")
    elif one.number > len(known):
        yield Fault(where, f"link {len(known)} of {name}", f"link {one.number}")
    elif (previous := known[-1] if known else GENESIS) and one.previous != previous:
        yield Fault(where, f"link {one.number} of {name} after {previous[:12]}…", f"one after {one.previous[:12]}…")


def _opened(value: bytes) -> AuditLink | str:
    """Read a link that its own hash vouches for, or say what is wrong with it."""
    seal = _SEAL.search(value)
    if seal is None:
        return "bytes that end with no hash"
    if hashlib.sha256(value[: seal.start()]).hexdigest() != seal.group(1).decode():
        return f"other bytes than its hash {seal.group(1).decode()[:12]}… vouches for"
    try:
        return _decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f"no link ({type(error).__name__})"


def _told(value: bytes) -> dict[str, Any]:
    """What a link repeats of its record."""
    try:
        cause = _cause(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {"kind": "unreadable"}
    if isinstance(cause, Change):
        return {"kind": "change", "id": cause.id, "config": cause.config, "detectors": cause.detectors}
    if isinstance(cause, ModelChange):
        return {"kind": "model-change", "id": cause.id, "detectors": cause.detectors}
    if isinstance(cause, Act):
        return {"kind": "act", "id": cause.id}
    return {
        "kind": "alert",
        "id": cause.id,
        "config": cause.config,
        "detectors": {cause.detector.name: cause.detector.version},
        "score": cause.score,
        "threshold": cause.threshold,
    }
