"""Granting: the rights of ``stream.access`` become the lists that Kafka keeps, and roles users with passwords."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError

from stream.access import Right
from stream.connection import denied
from stream.errors import MachineError, SettingsError
from stream.settings import Kafka

ITERATIONS = 8192  # of a password's hash, at each connection once
_KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}


def grant(admin: KafkaAdminClient, user: str, rights: Iterable[Right]) -> tuple[int, int]:
    """Let a user do this and nothing else; returns how many rights were added and how many taken away.

    Raises MachineError where the cluster keeps no lists or refuses.
    """
    wanted = {_key(acl): acl for acl in (_acl(user, right) for right in rights)}
    found = {_key(acl): acl for acl in _lists_of(admin, user)}
    new = [acl for key, acl in wanted.items() if key not in found]
    old = [acl for key, acl in found.items() if key not in wanted]
    if new and (failed := admin.create_acls(new)["failed"]):
        raise MachineError(f"Kafka did not grant {user} what it needs: {failed[0].__name__}", "Try as an administrator")
    if old:
        admin.delete_acls([_exactly(acl) for acl in old])
    return len(new), len(old)


def set_password(admin: KafkaAdminClient, kafka: Kafka, user: str, folder: Path) -> Path:
    """Make a user, or give it the password that stands in ``folder``; returns the file, new if there was none.

    Raises MachineError where Kafka refuses, SettingsError where the file can't be written or read.
    """
    file = folder / f"{user}.password"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
                new.write(secrets.token_urlsafe(24))
        password = file.read_text().strip("\r\n")
    except OSError as error:
        raise SettingsError("--passwords", f"a folder to keep passwords in ({error.strerror})", str(folder)) from None
    mechanism = ScramMechanism[kafka.mechanism.replace("-", "_")]
    try:
        told = admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion(user, mechanism, password=password, iterations=ITERATIONS)]
        )
    except KafkaError as error:
        raise denied(kafka, error) from None
    if told[user]:
        raise MachineError(f"Kafka did not make the user {user}: {told[user]}", "Try as an administrator")
    return file


def _lists_of(admin: KafkaAdminClient, user: str) -> list[ACL]:
    everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    try:
        found: list[ACL] = admin.describe_acls(
            ACLFilter(f"User:{user}", None, ACLOperation.ANY, ACLPermissionType.ANY, everything)
        )[0]
    except KafkaError as error:
        raise MachineError(
            f"Kafka does not show its lists: {type(error).__name__}",
            "Connect as an administrator to a cluster that has an authorizer",
        ) from None
    return found


def _acl(user: str, right: Right) -> ACL:
    is_pattern = right.name.endswith("*")
    pattern = ACLResourcePatternType.PREFIXED if is_pattern else ACLResourcePatternType.LITERAL
    resource = ResourcePattern(_KINDS[right.kind], right.name.removesuffix("*"), pattern)
    return ACL(f"User:{user}", "*", ACLOperation[right.operation], ACLPermissionType.ALLOW, resource)


def _exactly(acl: ACL) -> ACLFilter:
    found = acl.resource_pattern
    resource = ResourcePatternFilter(found.resource_type, found.resource_name, found.pattern_type)
    return ACLFilter(acl.principal, acl.host, acl.operation, acl.permission_type, resource)


def _key(acl: ACL) -> tuple[Any, ...]:
    found = acl.resource_pattern
    return (
        acl.principal,
        acl.host,
        acl.operation,
        acl.permission_type,
        *((found.resource_type, found.resource_name, found.pattern_type)),
    )
