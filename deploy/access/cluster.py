"""Brings a Kafka cluster to what `rights` says, or says what differs. It may be stopped and run again at any time.

Invariants:
    - Rights and users that are not declared are taken away: a portal that left can do nothing any more.
    - An entry that forbids is left alone: a person made it, and it opens nothing.
    - Where something is missing and something is too much, what is too much goes first.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError
from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest

from chassis.kafka import MECHANISM, Bootstrap, connection
from deploy.access.rights import ADMIN, Quota, Right

ITERATIONS: Final = 8192
SETTLED: Final = 20.0
POLL: Final = 0.1
_ANY_HOST: Final = "*"
_EXACT: Final = 0
_KEYS: Final = {"produced": "producer_byte_rate", "fetched": "consumer_byte_rate", "requests": "request_percentage"}


class Refused(Exception):
    """The cluster would not do what it was asked to; the message names it."""


TROUBLE: Final = (KafkaError, Refused, OSError)
"""What a cluster that is away, or does not let us, raises."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What is declared and not there, and what is there and not declared."""

    missing: frozenset[Right]
    surplus: frozenset[Right]
    strangers: frozenset[str]
    """Users that are not declared."""
    absent: frozenset[str]
    """Principals that cannot log in."""
    quotas: frozenset[Quota]
    """Those that are not set so."""

    def __bool__(self) -> bool:
        return any((self.missing, self.surplus, self.strangers, self.absent, self.quotas))

    @property
    def said(self) -> list[str]:
        """In words, a line each."""
        return [
            *(f"to allow: {words(right)}" for right in sorted(self.missing)),
            *(f"to take away: {words(right)}" for right in sorted(self.surplus)),
            *(f"to remove: the user {user}" for user in sorted(self.strangers)),
            *(f"has no password: {user}" for user in sorted(self.absent)),
            *(f"quota to set: {quota.principal}" for quota in sorted(self.quotas)),
        ]


def words(right: Right) -> str:
    """`payment READ TOPIC dossier.events.v1`; a prefix ends in an asterisk."""
    return f"{right.principal} {right.operation} {right.kind} {right.name}{'*' if right.prefixed else ''}"


class Cluster:
    """The cluster as its administrator sees it."""

    def __init__(self, admin: Any) -> None:
        self._admin = admin

    def difference(self, users: Collection[str], rights: frozenset[Right], quotas: frozenset[Quota]) -> Difference:
        """Changes nothing. Raises KafkaError."""
        there, known = self._rights(), self._users()
        return Difference(
            missing=rights - there.keys(),
            surplus=frozenset(there.keys() - rights),
            strangers=frozenset(known - set(users) - {ADMIN}),
            absent=frozenset(set(users) - known),
            quotas=frozenset(quota for quota in quotas if not self._is_set(quota)),
        )

    def bring(
        self, passwords: Mapping[str, str], users: Collection[str], rights: frozenset[Right], quotas: frozenset[Quota]
    ) -> Difference:
        """Ends the difference, and returns what is left of it once every broker should know.

        `passwords` of principals are set, whether they had one or not.

        Raises:
            Refused: the cluster would not.
                KafkaError: it does not answer.
        """
        self._apply(self.difference(users, rights, quotas), passwords)
        until = time.monotonic() + SETTLED
        while (left := self.difference(users, rights, quotas)) and time.monotonic() < until:
            # What a controller has decided comes to brokers a moment later. Nobody without a password gets one.
            if not (left.missing or left.surplus or left.strangers or left.quotas or left.absent & passwords.keys()):
                break
            time.sleep(POLL)
        return left

    def _apply(self, difference: Difference, passwords: Mapping[str, str]) -> None:
        there = self._rights()
        self._take_away([there[right] for right in difference.surplus])
        self._log_in(passwords, difference.strangers)
        self._allow(difference.missing)
        for quota in difference.quotas:
            self._set(quota)

    def _rights(self) -> dict[Right, ACL]:
        """What is allowed, as declared rights name it. One that no right can name keeps its own words."""
        everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
        found, _ = self._admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, everything))
        return {_right(acl): acl for acl in found if acl.permission_type is ACLPermissionType.ALLOW}

    def _users(self) -> set[str]:
        described = self._admin.describe_user_scram_credentials()
        mechanism = MECHANISM.replace("-", "_")
        return {
            user
            for user, found in described.items()
            if any(info["mechanism"].name == mechanism for info in found["credential_infos"])
        }

    def _allow(self, missing: Collection[Right]) -> None:
        if missing:
            failed = self._admin.create_acls([_acl(right) for right in sorted(missing)])["failed"]
            if failed:
                raise Refused(f"rights were not given: {failed[0].__name__}")

    def _take_away(self, surplus: Collection[ACL]) -> None:
        if surplus:
            filters = [
                ACLFilter(
                    acl.principal,
                    acl.host,
                    acl.operation,
                    acl.permission_type,
                    ResourcePatternFilter(
                        acl.resource_pattern.resource_type,
                        acl.resource_pattern.resource_name,
                        acl.resource_pattern.pattern_type,
                    ),
                )
                for acl in surplus
            ]
            for asked, matched, _ in self._admin.delete_acls(filters):
                if not matched:
                    raise Refused(f"a right was not taken away: {asked}")

    def _log_in(self, passwords: Mapping[str, str], strangers: Collection[str]) -> None:
        changes: list[Any] = [UserScramCredentialDeletion(user, MECHANISM) for user in sorted(strangers)]
        changes += [
            UserScramCredentialUpsertion(user, MECHANISM, password, iterations=ITERATIONS)
            for user, password in passwords.items()
        ]
        if changes:
            wrong = {u: why for u, why in self._admin.alter_user_scram_credentials(changes).items() if why is not None}
            if wrong:
                raise Refused(f"users were not changed: {wrong}")

    def _is_set(self, quota: Quota) -> bool:
        component = DescribeClientQuotasRequest.ComponentData(
            entity_type="user", match_type=_EXACT, match=quota.principal
        )
        answer = self._send(DescribeClientQuotasRequest(components=[component], strict=True))
        found = {value.key: value.value for entry in answer.entries or () for value in entry.values}
        return found == {key: float(getattr(quota, name)) for name, key in _KEYS.items()}

    def _set(self, quota: Quota) -> None:
        entry = AlterClientQuotasRequest.EntryData
        ops = [entry.OpData(key=key, value=float(getattr(quota, name)), remove=False) for name, key in _KEYS.items()]
        entity = [entry.EntityData(entity_type="user", entity_name=quota.principal)]
        answer = self._send(AlterClientQuotasRequest(entries=[entry(entity=entity, ops=ops)], validate_only=False))
        for result in answer.entries:
            if result.error_code:
                raise Refused(f"the quota of {quota.principal} was not set: {result.error_message}")

    def _send(self, request: Any) -> Any:
        # The client has these requests, and no method for them yet.
        manager = self._admin._manager  # noqa: SLF001
        answer = manager.run(manager.send, request)
        if getattr(answer, "error_code", 0):
            raise Refused(f"{answer.name}: {answer.error_message}")
        return answer


@contextmanager
def administered(bootstrap: Bootstrap) -> Iterator[Cluster]:
    """A cluster one may administer. Raises KafkaError when it does not answer."""
    admin = KafkaAdminClient(**connection(bootstrap), client_id="hoso-access")
    try:
        yield Cluster(admin)
    finally:
        admin.close()


def _acl(right: Right) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if right.prefixed else ACLResourcePatternType.LITERAL
    return ACL(
        f"User:{right.principal}",
        _ANY_HOST,
        ACLOperation[right.operation],
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[right.kind], right.name, pattern),
    )


def _right(acl: ACL) -> Right:
    pattern = acl.resource_pattern
    prefixed = pattern.pattern_type is ACLResourcePatternType.PREFIXED
    kind, operation = cast("Any", pattern.resource_type.name), cast("Any", acl.operation.name)
    principal = acl.principal.removeprefix("User:")
    if acl.host != _ANY_HOST:
        principal = f"{principal}@{acl.host}"
    return Right(principal, kind, pattern.resource_name, operation, prefixed)
