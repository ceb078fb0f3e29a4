"""Who may do what on Kafka: one table of roles, from which the rights of each user follow and no more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from stream.agents.spec import changelog_topic
from stream.permission import require_rights
from stream.settings import Settings
from stream.walk import STAGES
from stream.wire import topics
from stream.wire.topics import TOPICS, Topic

Kind: TypeAlias = Literal["topic", "group", "transactional-id"]
Operation: TypeAlias = Literal["READ", "WRITE", "DESCRIBE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One kind of process or person, with a user of its own.

    runs         the commands that need it
    groups       consumer groups that it joins; ``GROUP`` stands for the workers' own, a * ends a pattern
    looks_at     groups whose offsets it asks for, without joining
    state        what it may do with changelogs: "R" reads, "W" writes
    fences       takes partitions over by transactional ids
    """

    name: str
    runs: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    groups: tuple[str, ...] = ()
    looks_at: tuple[str, ...] = ()
    state: Literal["", "R", "RW"] = ""
    fences: bool = False


GROUP = "GROUP"
CHANGELOGS = "…-changelog"
_TOLD = (topics.ALERTS, topics.SCORES, topics.RISK, topics.DEAD_LETTERS)
_EVENTS = (topics.TRANSACTIONS, topics.LABELS, topics.TICKS)
_SAID = (topics.TRIAGE, topics.ACTS)
_CHAINED = (topics.ALERTS, topics.CHANGES, topics.ACTS)
_CHAINS = (topics.AUDIT, topics.AUDIT_CHANGES, topics.AUDIT_ACTS)

ROLES = (
    Role(name="producer", runs="`weir produce`, your producers", writes=(*_EVENTS, topics.TRUTH)),
    Role(
        name="source",
        runs="`weir produce` of sources from outside that send each event once",
        reads=(*_EVENTS, topics.ERASURES),
        writes=_EVENTS,
    ),
    Role(
        name="worker",
        runs="`weir worker`",
        reads=(*_EVENTS, topics.BY_TERMINAL, topics.CHANGES, topics.MODELS, topics.ERASURES, *_TOLD),
        writes=(topics.BY_TERMINAL, topics.CHANGES, *_TOLD),
        groups=(GROUP,),
        state="RW",
        fences=True,
    ),
    Role(
        name="score",
        runs="`weir score`",
        reads=(topics.DECISIONS, topics.MODELS),
        writes=(topics.TRANSACTIONS, topics.DECISIONS),
        state="R",
    ),
    Role(name="consumer", runs="your consumers", reads=_TOLD, groups=("consumer*",)),
    Role(
        name="analyst",
        runs="`weir console`, `alerts`, `triage`, `explain`",
        reads=(*_EVENTS, *_TOLD, *_SAID, topics.DELIVERIES, topics.CHANGES, topics.DECISIONS, topics.ERASURES),
        writes=(*_SAID, topics.LABELS),
        looks_at=(GROUP,),
    ),
    Role(
        name="notify",
        runs="`weir notify`",
        reads=(topics.ALERTS, topics.TRIAGE, topics.DELIVERIES, topics.ERASURES),
        writes=(topics.DELIVERIES, topics.DEAD_LETTERS),
        groups=(f"{GROUP}-notify-*",),
    ),
    Role(
        name="monitor",
        runs="`weir monitor`",
        reads=(topics.TRANSACTIONS, topics.LABELS, topics.SCORES, topics.ALERTS, topics.ERASURES),
        writes=(topics.ALERTS,),
    ),
    Role(name="audit", runs="`weir audit`", reads=(*_CHAINED, *_CHAINS, topics.ERASURES), writes=_CHAINS),
    Role(
        name="registry",
        runs="`weir models`",
        reads=(topics.MODELS, topics.CHANGES, topics.TRANSACTIONS, topics.LABELS, topics.SCORES, topics.ERASURES),
        writes=(topics.MODELS, topics.CHANGES, topics.BY_TERMINAL),
    ),
)


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One thing that a user may do; a name that ends in * stands for all that begin so."""

    kind: Kind
    name: str
    operation: Operation


def role_named(name: str) -> Role:
    """Find a role; raises KeyError where there is none."""
    return {role.name: role for role in ROLES}[name]


def rights(role: Role, settings: Settings) -> list[Right]:
    """All that a role may do, sorted; names with prefix and group as the settings have them."""
    kafka = settings.kafka
    found = set(_of_state(role, settings))
    # Every command looks whether the topics are as they should be before it begins.
    of_topics: dict[Operation, Sequence[Topic]] = {"DESCRIBE": TOPICS, "READ": role.reads, "WRITE": role.writes}
    for operation, named in of_topics.items():
        found.update(Right("topic", kafka.prefix + topic.name, operation) for topic in named)
    of_groups: dict[Operation, Sequence[str]] = {"READ": role.groups, "DESCRIBE": role.looks_at}
    for operation, names in of_groups.items():
        found.update(Right("group", name.replace(GROUP, kafka.group), operation) for name in names)
    return sorted(found)


def require_role(name: str, settings: Settings) -> None:
    """Return if our user may do with topics all that a role does, else raise AccessError, which says what lacks."""
    needed = [right for right in rights(role_named(name), settings) if right.kind == "topic"]
    reads, writes = ([right.name for right in needed if right.operation == one] for one in ("READ", "WRITE"))
    require_rights(settings.kafka, reads=reads, writes=writes)


def _of_state(role: Role, settings: Settings) -> Iterator[Right]:
    for stage in STAGES if role.state else ():
        yield Right("topic", changelog_topic(settings, stage), "DESCRIBE")
        yield Right("topic", changelog_topic(settings, stage), "READ")
        if role.state == "RW":
            yield Right("topic", changelog_topic(settings, stage), "WRITE")
    if role.fences:
        yield Right("transactional-id", f"{settings.kafka.prefix}{settings.kafka.group}-*", "DESCRIBE")
        yield Right("transactional-id", f"{settings.kafka.prefix}{settings.kafka.group}-*", "WRITE")


def matrix() -> Sequence[tuple[str, Sequence[str]]]:
    """Rows of the table for people: a topic, then for each role of ``ROLES`` "R", "W", "RW" or ""."""

    def may(role: Role, topic: Topic) -> str:
        return "R" * (topic in role.reads) + "W" * (topic in role.writes)

    rows = [(topic.name, [may(role, topic) for role in ROLES]) for topic in TOPICS]
    return [*rows, (CHANGELOGS, [role.state for role in ROLES])]


def markdown() -> str:
    """The roles and the matrix, as docs/security.md shows them."""
    head = ["| topic | " + " | ".join(role.name for role in ROLES) + " |", "|---" * (1 + len(ROLES)) + "|"]
    rows = [f"| `{name}` | " + " | ".join(cells) + " |" for name, cells in matrix()]
    roles = [f"| {role.name} | {role.runs} |" for role in ROLES]
    return "\n".join(["| role | runs |", "|---|---|", *roles, "", *head, *rows])
