"""May we? The broker is asked for our rights to topics before they are used, and what lacks is said at once.

A client that may not read a topic waits for its records for ever where it may not even know of it, or fails at the
first record; one that may not write learns it when the first event is lost. Here it is one question before the work.
"""

from collections.abc import Collection
from contextlib import closing

from kafka import KafkaAdminClient

from stream.connection import connect
from stream.errors import AccessError
from stream.settings import Kafka

_DONE, _REFUSED = 0, 29  # Kafka's codes of a topic that it shows, and of one that we may not know of
ANSWER_SECONDS = 5.0


def require_rights(kafka: Kafka, *, reads: Collection[str] = (), writes: Collection[str] = ()) -> None:
    """Return if we may read and write these topics, names with prefix; one that does not exist is not judged.

    Raises AccessError that names those that we may not, MachineError where no broker answers. Where nobody says who
    they are (``kafka.security = "plaintext"``) nothing is asked.
    """
    wanted = {(name, "READ") for name in reads} | {(name, "WRITE") for name in writes}
    if kafka.security == "plaintext" or not wanted:
        return
    admin = connect(KafkaAdminClient, kafka, client_id="weir-rights", bootstrap_timeout_ms=int(1000 * ANSWER_SECONDS))
    with closing(admin):
        told = admin.describe_topics(sorted({name for name, _ in wanted}))
    known = [topic for topic in told if topic["error_code"] in (_DONE, _REFUSED)]
    held = {(topic["name"], right) for topic in known for right in topic.get("authorized_operations") or ()}
    judged = {topic["name"] for topic in known}
    lacking = sorted((right.lower(), name) for name, right in wanted - held if name in judged)
    if lacking:
        named = " or ".join(
            f"{verb} {', '.join(name for each, name in lacking if each == verb)}"
            for verb in dict.fromkeys(verb for verb, _ in lacking)
        )
        raise AccessError(
            f"The user {kafka.username!r} may not {named} at {kafka.bootstrap}",
            "Use the user of the fitting role, or grant it: `weir access` shows who may do what",
        )
