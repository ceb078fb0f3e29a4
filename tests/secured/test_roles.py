"""The table of roles against the broker: each operation is tried by each role on each topic, in Kafka's own protocol.

Clients would hide the answers: one that may not even know of a topic asks for it again until somebody stops it, and
tells nobody. So the requests are made here, and the broker's code for each topic is read.
"""

import asyncio
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import JoinGroupRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from stream.access import CHANGELOGS, ROLES, Role, matrix, rights
from stream.agents.topics import admin_of, create_topics
from stream.connection import client_options
from stream.errors import AccessError
from stream.granting import grant, set_password
from stream.settings import Kafka, Settings
from stream.walk import STAGES
from stream.wire.topics import TOPICS

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PREFIX = "matrix-"
TOPIC_REFUSED, GROUP_REFUSED, TRANSACTION_REFUSED = 29, 30, 53  # Kafka's codes
GROUPS = {"weir": "worker", "weir-notify-mail": "notify", "consumer-of-mine": "consumer"}  # and who joins it
Tried = tuple[set[str], set[str], set[str], bool]


@pytest.fixture(scope="module")
def each(known: dict[str, Settings], secrets: Path) -> dict[str, Settings]:
    """A user of each role, with rights to topics that are for this test: what it writes is no event."""
    admin = _placed(known["admin"], "admin")
    create_topics(admin.kafka.bootstrap, admin, STAGES)
    with closing(admin_of(admin.kafka)) as client:
        for role in ROLES:
            set_password(client, admin.kafka, f"{PREFIX}{role.name}", secrets)
            grant(client, f"{PREFIX}{role.name}", rights(role, admin))
    named = {role.name: _placed(known[role.name], f"{PREFIX}{role.name}") for role in ROLES}
    return {name: _with(one, password_file=str(secrets / f"{PREFIX}{name}.password")) for name, one in named.items()}


def _placed(settings: Settings, user: str) -> Settings:
    return _with(settings, prefix=PREFIX, username=user)


def _with(settings: Settings, **fields: str) -> Settings:
    return msgspec.structs.replace(settings, kafka=msgspec.structs.replace(settings.kafka, **fields))


def _topics() -> list[str]:
    return [*(topic.name for topic in TOPICS), *(f"weir-{stage}-changelog" for stage in STAGES)]


async def _try_all(kafka: Kafka) -> Tried:
    """Which topics a user reads, and writes, which groups it joins, and whether it fences as a worker does."""
    client = AIOKafkaClient(**client_options(kafka) | {"bootstrap_servers": kafka.bootstrap})
    await client.bootstrap()
    node = client.get_random_node()
    names = [PREFIX + name for name in _topics()]
    batch = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1000)
    batch.append(0, 1_700_000_000_000, b"k", b"v", [])
    value = bytes(batch.build())
    try:
        read = await client.send(node, FetchRequest(0, 0, 1 << 20, 0, [(name, [(0, 0, 1 << 16)]) for name in names]))
        wrote = await client.send(node, ProduceRequest(None, -1, 5_000, [(name, [(0, value)]) for name in names]))
        joined = {group for group in GROUPS if await _joins(client, node, group)}
        fenced = await client.send(node, InitProducerIdRequest(f"{PREFIX}weir-0", 60_000))
    finally:
        await client.close()
    return _taken(read.topics), _taken(wrote.topics), joined, fenced.error_code != TRANSACTION_REFUSED


async def _joins(client: AIOKafkaClient, node: int, group: str) -> bool:
    """Ask to join; who may is only given a name at first, so nobody's partitions move."""
    answer = await client.send(
        node, JoinGroupRequest(group, 10_000, 10_000, "", None, "consumer", [("range", b"\0\0\0\0\0\0\0\0\0\0")])
    )
    return bool(answer.error_code != GROUP_REFUSED)


def _taken(answer: Iterable[tuple[str, list[tuple[int, ...]]]]) -> set[str]:
    """Names without prefix of topics that the broker did not refuse; fails at any other error."""
    codes = {name.removeprefix(PREFIX): places[0][1] for name, places in answer}
    assert set(codes.values()) <= {0, TOPIC_REFUSED}, codes
    assert len(codes) == len(_topics())
    return {name for name, code in codes.items() if code == 0}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_may_do_what_the_table_says_and_nothing_else(role: Role, each: dict[str, Settings]) -> None:
    """Read and write of every topic, every group, fencing: the broker answers as docs/security.md says."""
    place = ROLES.index(role)
    cells = {topic: row[place] for topic, row in matrix()}
    cells |= {f"weir-{stage}-changelog": cells[CHANGELOGS] for stage in STAGES}

    reads, writes, joins, fences = asyncio.run(_try_all(each[role.name].kafka))

    assert reads == {name for name in _topics() if "R" in cells[name]}
    assert writes == {name for name in _topics() if "W" in cells[name]}
    assert joins == {group for group, who in GROUPS.items() if who == role.name}
    assert fences is (role.name == "worker")


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_no_role_makes_topics(role: Role, each: dict[str, Settings]) -> None:
    """Topics are the administrator's: who lacks them is told whom to ask."""
    settings = _with(each[role.name], prefix="mine-")
    with pytest.raises(AccessError, match=f"'{PREFIX}{role.name}' may not"):
        create_topics(settings.kafka.bootstrap, settings, STAGES)
