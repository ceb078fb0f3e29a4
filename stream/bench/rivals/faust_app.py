"""The rival in stock Faust: one agent, ``Record`` models in JSON, histories in a ``Table``, event by event.

As its documentation has it. A table keeps the last 30 days of each customer (in memory, with its changelog, as every
table has), because Faust's own windows are tumbling or hopping, not sliding. Its Cython extensions, orjson and uvloop
are on; it commits every second, as Weir does.
"""

import sys
from typing import Any

import faust
import mode.loop
from customer_job import Judge, features, job_of_this_program, remember, suspicion

mode.loop.use("uvloop")
job = job_of_this_program()
judge = Judge(job.model)


class Payment(faust.Record, serializer="json"):  # type: ignore[call-arg]  # Faust's classes take arguments
    """A transaction as Faust reads it."""

    id: str
    at: int
    customer: str
    terminal: str
    amount: int


app = faust.App(
    job.group,
    broker=f"kafka://{job.bootstrap}",
    store="memory://",
    datadir=job.folder,
    topic_partitions=job.partitions,
    topic_disable_leader=True,
    web_enabled=False,
    broker_commit_interval=1.0,
    consumer_auto_offset_reset="earliest",
)
payments = app.topic(job.payments, value_type=Payment)
alerts = app.topic(job.alerts, value_serializer="json")
histories = app.Table("customer-history", default=lambda: ([], [], []), partitions=job.partitions)


@app.agent(payments)
async def watch(stream: Any) -> None:
    """Judge each payment, then remember it."""
    async for event in stream.events():
        payment = event.value
        history = histories[payment.customer]
        score = judge.score(features(history, payment.at, payment.amount))
        if score >= judge.threshold:
            produced_at = round(1000 * event.message.timestamp)
            alert = suspicion(payment.asdict(), produced_at, score, judge.threshold)
            await alerts.send(key=payment.customer, value=alert)
        histories[payment.customer] = remember(history, payment.at, payment.amount, payment.terminal)


if __name__ == "__main__":
    sys.argv = sys.argv[:1]  # Faust has a command line of its own
    faust.Worker(app, loglevel="WARN", quiet=True).execute_from_commandline()
