"""Prints every alert once it has been held to its JSON Schema, knowing nothing of Weir but that file.

``uv run alerts.py HOST:PORT alerts docs/schemas/alert/1.json``; a second run goes on where the first one stopped.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["kafka-python>=3", "jsonschema>=4.23"]
# ///

import argparse
import json
from pathlib import Path

import jsonschema
from kafka import KafkaConsumer


def main() -> None:
    """Read until nothing has come for ``--idle`` seconds; without it, for ever."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("bootstrap")
    arguments.add_argument("topic")
    arguments.add_argument("schema", type=Path)
    arguments.add_argument("--group", default="my-consumer")
    arguments.add_argument("--idle", type=float, default=float("inf"))
    given = arguments.parse_args()
    schema = jsonschema.Draft202012Validator(json.loads(given.schema.read_text()))
    consumer = KafkaConsumer(
        given.topic,
        bootstrap_servers=given.bootstrap,
        group_id=given.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=given.idle * 1000,
    )
    for record in consumer:
        print(told(schema, record.value), flush=True)
        consumer.commit()  # after acting on it, so a crash repeats an alert and never loses one: act by its id
    consumer.close()


def told(schema: jsonschema.Draft202012Validator, value: bytes) -> str:
    """Say what an alert says; fields that the schema does not know are of a newer version, and passed over."""
    try:
        alert = json.loads(value)
        schema.validate(alert)
    except (ValueError, jsonschema.ValidationError):
        return "not an alert/1: passed over"
    why = alert["reasons"][0]["feature"] if alert["reasons"] else "no reason"
    return f"{alert['severity']} {alert['kind']} {alert['entity']['kind']} {alert['entity']['id']} {why} {alert['id']}"


if __name__ == "__main__":
    main()
