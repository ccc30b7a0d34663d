"""One store user a service, with rights to its own database and what it needs of the keyring; as MongoDB commands.

A user is called as the database it belongs to. None but the administrator may make users, drop a database, or look at
another service's. The keyring's rights are roles of its own: a service makes and reads keys, submission erases those of
files, the keeper of the keyring erases and rotates; nobody deletes its records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from chassis.keyring import COLLECTION as KEYS
from deploy.access.rights import PAGES

USERS_IN: Final = "admin"
"""The database every user logs in by (``authSource``)."""
MECHANISM: Final = "SCRAM-SHA-256"
TROUBLE: Final = PyMongoError
"""The store does not answer, or will not."""
MIGRATION: Final = "migrate"
KEEPER: Final = "keys"
KEYLESS: Final = frozenset({PAGES})
"""Services with a database and no key of any dossier."""
SEALER: Final = "hosoSealer"
ERASER: Final = "hosoEraser"
ERASES: Final = frozenset({"submission"})
"""Services that erase keys: of files that no dossier names any more."""
_ACTIONS: Final = {SEALER: ("find", "insert"), ERASER: ("find", "insert", "update")}
_EXISTS: Final = 51003
_ROLE_EXISTS: Final = 51002
Command = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """A user and its (role, database) pairs."""

    name: str
    roles: tuple[tuple[str, str], ...]


def accounts(services: tuple[str, ...], prefix: str) -> tuple[Account, ...]:
    """The user of each service, of `hoso migrate` and of `hoso keys`."""
    keyring = f"{prefix}_keyring"
    own = {service: ("readWrite", f"{prefix}_{service}") for service in services}
    return (
        *(Account(f"{prefix}_{service}", (own[service], *_keys_of(service, keyring))) for service in services),
        Account(f"{prefix}_{MIGRATION}", tuple(own.values())),
        Account(f"{prefix}_{KEEPER}", ((ERASER, keyring),)),
    )


def _keys_of(service: str, keyring: str) -> tuple[tuple[str, str], ...]:
    return () if service in KEYLESS else ((ERASER if service in ERASES else SEALER, keyring),)


def roles(prefix: str) -> tuple[Command, ...]:
    """The commands that make the keyring's roles; they belong to its database."""
    resource = {"db": f"{prefix}_keyring", "collection": KEYS}
    return tuple(
        {"createRole": name, "privileges": [{"resource": resource, "actions": list(actions)}], "roles": []}
        for name, actions in _ACTIONS.items()
    )


def user(account: Account) -> Command:
    """The command that makes a user, but for its password."""
    held = [{"role": role, "db": database} for role, database in account.roles]
    return {"createUser": account.name, "roles": held, "mechanisms": [MECHANISM]}


def script(services: tuple[str, ...], prefix: str) -> str:
    """All of it for mongosh, which asks for each password. Run again, it brings rights to what is declared."""
    lines = [
        "// One user a service, with rights to its own database. Run with mongosh as an administrator.",
        "function bring(database, create, update, rest) {",
        "  const name = rest[create]; const { [create]: _, ...given } = rest;",
        "  const there = create === 'createRole' ? database.getRole(name) : database.getUser(name);",
        "  if (there === null && create === 'createUser') {",
        "    print('password of ' + name);",
        "    given.pwd = passwordPrompt();",
        "  }",
        "  const answer = database.runCommand({ [there === null ? create : update]: name, ...given });",
        "  if (!answer.ok) throw new Error(name + ': ' + answer.errmsg);",
        "  print((there === null ? 'made ' : 'brought up to date ') + name);",
        "}",
        f"const keyring = db.getSiblingDB({json.dumps(f'{prefix}_keyring')});",
        f"const users = db.getSiblingDB({json.dumps(USERS_IN)});",
        *(f"bring(keyring, 'createRole', 'updateRole', {json.dumps(role)});" for role in roles(prefix)),
        *(
            f"bring(users, 'createUser', 'updateUser', {json.dumps(user(account))});"
            for account in accounts(services, prefix)
        ),
    ]
    return "\n".join(lines) + "\n"


def apply(url: str, services: tuple[str, ...], prefix: str, passwords: Mapping[str, str]) -> list[str]:
    """Makes roles and users, or brings them to what is declared; returns what was done, in words.

    A user that is new needs its password among `passwords`; one that is there gets it where it is named. Users of this
    prefix that are not declared are dropped.

    Raises:
        TROUBLE: the store does not answer, or will not.
            KeyError: a new user without a password.
    """
    return list(_apply(url, services, prefix, passwords))


def _apply(url: str, services: tuple[str, ...], prefix: str, passwords: Mapping[str, str]) -> Iterator[str]:
    with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=5_000) as client:
        keyring, users = client[f"{prefix}_keyring"], client[USERS_IN]
        for command in roles(prefix):
            name = command["createRole"]
            try:
                keyring.command(command)
                yield f"made the role {name}"
            except OperationFailure as error:
                if error.code != _ROLE_EXISTS:
                    raise
                keyring.command({"updateRole": name, **{k: v for k, v in command.items() if k != "createRole"}})
        wanted = accounts(services, prefix)
        there = {found["user"] for found in users.command("usersInfo")["users"]}
        for account in wanted:
            command = user(account)
            if account.name not in there:
                users.command({**command, "pwd": passwords[account.name]})
                yield f"made the user {account.name}"
                continue
            word = {"pwd": passwords[account.name]} if account.name in passwords else {}
            users.command({"updateUser": account.name, "roles": command["roles"], **word})
        for name in sorted(there - {account.name for account in wanted}):
            if name.startswith(f"{prefix}_"):
                users.command({"dropUser": name})
                yield f"dropped the user {name}"
