"""The one table of topics: name, key, event, partitions, retention, compaction. Nothing else creates a topic."""

from dataclasses import dataclass

DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic as it is created.

    name          without prefix
    key           what the record key is, in words
    event         the tag(s) of the values
    retention_ms  -1 keeps for ever
    compact       True: Kafka keeps the last value of each key
    internal      True: written and read by workers alone, no public contract
    """

    name: str
    key: str
    event: str
    retention_ms: int = 7 * DAY_MS
    compact: bool = False
    internal: bool = False


TRANSACTIONS = Topic(name="transactions", key="customer", event="transaction/1", retention_ms=90 * DAY_MS)
TICKS = Topic(name="ticks", key="symbol", event="trade/1, quote/1")
LABELS = Topic(name="labels", key="customer", event="label/1", retention_ms=90 * DAY_MS)
TRUTH = Topic(name="truth", key="customer or symbol", event="label/1, shock/1")
ALERTS = Topic(name="alerts", key="entity", event="alert/1", retention_ms=90 * DAY_MS)
SCORES = Topic(name="scores", key="none", event="scores/1")
RISK = Topic(name="risk", key="symbol", event="risk/1")
DEAD_LETTERS = Topic(name="dead-letters", key="source topic", event="dead-letter/1", retention_ms=90 * DAY_MS)
TRIAGE = Topic(name="triage", key="what and whose", event="snooze/1, ack/1, verdict/1", retention_ms=-1, compact=True)
DELIVERIES = Topic(name="deliveries", key="sink", event="delivery/1", retention_ms=90 * DAY_MS)
CHANGES = Topic(name="changes", key="none", event="change/1, model-change/1", retention_ms=-1)
AUDIT = Topic(name="audit", key="none", event="audit/1", retention_ms=-1)
AUDIT_CHANGES = Topic(name="audit-changes", key="none", event="audit/1", retention_ms=-1)
ACTS = Topic(name="acts", key="who", event="act/1", retention_ms=-1)
AUDIT_ACTS = Topic(name="audit-acts", key="none", event="audit/1", retention_ms=-1)
DECISIONS = Topic(name="decisions", key="customer", event="decision/1", retention_ms=90 * DAY_MS)
MODELS = Topic(name="models", key="model and file", event="files", retention_ms=-1, compact=True, internal=True)
ERASURES = Topic(name="erasures", key="customer", event="erasure/1", retention_ms=91 * DAY_MS, internal=True)
BY_TERMINAL = Topic(name="weir-by-terminal", key="none", event="shuffle/1", retention_ms=DAY_MS, internal=True)

TOPICS = (
    *(TRANSACTIONS, TICKS, LABELS, TRUTH),
    *(ALERTS, SCORES, RISK, DEAD_LETTERS),
    *(TRIAGE, DELIVERIES),
    *(CHANGES, AUDIT, AUDIT_CHANGES),
    *(ACTS, AUDIT_ACTS, DECISIONS),
    *(MODELS, ERASURES),
    BY_TERMINAL,
)
