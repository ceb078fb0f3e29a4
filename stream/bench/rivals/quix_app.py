"""The rival in Quix Streams: a ``StreamingDataFrame`` with state in RocksDB and its changelog topic.

As its documentation has it: a stateful function per key, a filter, a topic. Histories are in the key's state, because
its sliding windows end with the current event, one to a stream, and come with neither a deviation nor a median. Its
default guarantee, at least once; it commits every second, as Weir does, not every five.
"""

from typing import Any

from customer_job import History, Judge, features, job_of_this_program, remember, suspicion
from quixstreams import Application, State

job = job_of_this_program()
judge = Judge(job.model)

app = Application(
    broker_address=job.bootstrap,
    consumer_group=job.group,
    auto_offset_reset="earliest",
    commit_interval=1.0,
    state_dir=job.folder,
    loglevel="WARNING",
)
payments = app.topic(job.payments, value_deserializer="json")
alerts = app.topic(job.alerts, value_serializer="json")


def watch(payment: dict[str, Any], _key: object, timestamp: int, _headers: object, state: State) -> Any:
    """Judge a payment, then remember it; None where there is nothing to tell."""
    history: History = state.get("history") or ([], [], [])
    score = judge.score(features(history, payment["at"], payment["amount"]))
    state.set("history", remember(history, payment["at"], payment["amount"], payment["terminal"]))
    return suspicion(payment, timestamp, score, judge.threshold) if score >= judge.threshold else None


sdf = app.dataframe(payments)
sdf = sdf.apply(watch, stateful=True, metadata=True)
sdf = sdf.filter(lambda alert: alert is not None)
sdf.to_topic(alerts)

if __name__ == "__main__":
    app.run()
