"""The hand-written baseline: a loop over aiokafka with the histories in a dict.

As its documentation has it: ``getmany``, then the offsets by hand, once a second as Weir does. orjson and uvloop are
on. Its state is nowhere but in memory: after a restart every customer is new. That is in its favour.
"""

import asyncio
import signal
import time
from typing import Any

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from customer_job import History, Job, Judge, features, job_of_this_program, remember, suspicion

COMMIT_SECONDS = 1.0


async def run(job: Job) -> None:
    """Judge payments until told to stop (SIGTERM)."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    consumer = AIOKafkaConsumer(
        job.payments,
        bootstrap_servers=job.bootstrap,
        group_id=job.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=60_000,  # the benchmark holds it while a backlog piles up
    )
    producer = AIOKafkaProducer(bootstrap_servers=job.bootstrap)
    async with consumer, producer:
        await watch(consumer, producer, job, stopping)


async def watch(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, job: Job, stopping: asyncio.Event) -> None:
    """Judge each payment, then remember it; alerts are acknowledged before the offsets are committed."""
    judge = Judge(job.model)
    histories: dict[str, History] = {}
    committed, news = time.monotonic(), False
    while not stopping.is_set():
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                payment: dict[str, Any] = orjson.loads(record.value)
                customer, at, amount = payment["customer"], payment["at"], payment["amount"]
                history: History = histories.get(customer) or ([], [], [])
                score = judge.score(features(history, at, amount))
                if score >= judge.threshold:
                    alert = orjson.dumps(suspicion(payment, record.timestamp, score, judge.threshold))
                    await producer.send(job.alerts, key=record.key, value=alert)
                histories[customer] = remember(history, at, amount, payment["terminal"])
            news = True
        if news and time.monotonic() - committed >= COMMIT_SECONDS:
            await producer.flush()
            await consumer.commit()
            committed, news = time.monotonic(), False


if __name__ == "__main__":
    uvloop.run(run(job_of_this_program()))
