"""One store user a service: its own database and its share of the keyring, and nothing else. On each store at hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pymongo import MongoClient, UpdateOne
from pymongo.errors import OperationFailure, PyMongoError
from typer.testing import CliRunner

from chassis.keyring import COLLECTION as KEYS
from chassis.keyring import Keyring
from chassis.store import Store as ServiceStore
from cli.main import app
from deploy.access import store as access
from deploy.local import indexes
from deploy.local.locks import Locks
from deploy.local.processes import Supervisor
from deploy.local.rundir import RunDir
from deploy.local.stack import SERVICES, STORED
from deploy.local.store import Program, Store, at_hand
from simulators.identity.__main__ import NODE

PREFIX = "hoso"
UNAUTHORIZED = 13
PROGRAMS = [program for program in at_hand() if program.kind != "mongod"]
Deed = Callable[[Any], Any]
READS: tuple[Deed, ...] = (
    lambda db: db["things"].find_one({}),
    lambda db: list(db["things"].aggregate([{"$match": {}}])),
    lambda db: list(db["things"].list_indexes()),
    lambda db: db.list_collection_names(),
)
WRITES: tuple[Deed, ...] = (
    lambda db: db["things"].insert_one({"_id": "x"}),
    lambda db: db["things"].update_one({"_id": "x"}, {"$set": {"a": 1}}, upsert=True),
    lambda db: db["things"].bulk_write([UpdateOne({"_id": "y"}, {"$set": {"a": 1}}, upsert=True)]),
    lambda db: db["things"].delete_one({"_id": "x"}),
    lambda db: db["things"].create_index("a"),
)
RULES: tuple[Deed, ...] = (
    lambda db: db.command("dropDatabase"),
    lambda db: db.command({"createUser": "mine", "pwd": "x", "roles": ["root"]}),
    lambda db: db.command("usersInfo"),
)


@dataclass
class Locked:
    locks: Locks
    address: str

    def client(self, name: str, **options: Any) -> MongoClient[dict[str, Any]]:
        return MongoClient(self.locks.store(self.address, name), serverSelectionTimeoutMS=5_000, **options)

    async def allowed(self, name: str, database: str, *deeds: Deed) -> list[bool]:
        """Which of the deeds the store lets `name` do."""
        return await asyncio.to_thread(self._allowed, name, database, deeds)

    def _allowed(self, name: str, database: str, deeds: tuple[Deed, ...]) -> list[bool]:
        found = []
        with self.client(name) as client:
            for deed in deeds:
                try:
                    deed(client[database])
                except OperationFailure as error:
                    if error.code != UNAUTHORIZED:
                        raise
                    found.append(False)
                else:
                    found.append(True)
        return found


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda program: program.kind)
async def locked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Locked]:
    run = RunDir.open(tmp_path_factory.mktemp("locked"))
    locks = Locks.open(run.path)
    program: Program = request.param
    store = Store(run.path, {}, program, locks=locks)
    async with Supervisor(run) as supervisor:
        process = await store.prepare()
        assert process is not None
        await supervisor.start([process])
        passwords = locks.users(STORED, PREFIX)
        done = await asyncio.to_thread(access.apply, store.url, STORED, PREFIX, passwords)
        assert len(done) == len(passwords) + 2
        migrator = locks.store(store.address, f"{PREFIX}_{access.MIGRATION}")
        assert await indexes.create(migrator, PREFIX)
        yield Locked(locks, store.address)
    run.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_does_what_it_likes_in_its_own_database_but_to_end_it(locked: Locked, service: str) -> None:
    own = f"{PREFIX}_{service}"
    assert await locked.allowed(own, own, *READS, *WRITES) == [True] * 9
    assert await locked.allowed(own, own, *RULES) == [False] * 3


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_has_no_way_into_another_s_database(locked: Locked, service: str) -> None:
    others = [f"{PREFIX}_{other}" for other in SERVICES if other != service]
    for other in (*others, f"{PREFIX}_new", "elsewhere"):
        assert not any(await locked.allowed(f"{PREFIX}_{service}", other, *READS, *WRITES, *RULES)), other
    for system in ("admin", "config", "local"):
        refused = (READS[0], WRITES[0], *RULES)
        assert not any(await locked.allowed(f"{PREFIX}_{service}", system, *refused)), system


@pytest.mark.parametrize("name", [*SERVICES, access.KEEPER])
async def test_of_the_keyring_each_has_its_share(locked: Locked, name: str) -> None:
    def insert(db: Any) -> None:
        db[KEYS].insert_one({"_id": name})

    def find(db: Any) -> None:
        db[KEYS].find_one({"_id": name})

    def update(db: Any) -> None:
        db[KEYS].update_one({"_id": name}, {"$set": {"erased": True}})

    def delete(db: Any) -> None:
        db[KEYS].delete_one({"_id": name})

    def drop(db: Any) -> None:
        db.command({"drop": KEYS})

    keyring = f"{PREFIX}_keyring"
    found = await locked.allowed(f"{PREFIX}_{name}", keyring, insert, find, update, delete, drop, *RULES)
    assert found == [True, True, name in {"submission", access.KEEPER}, *[False] * 5]


async def test_the_keeper_of_keys_sees_no_dossier_and_migration_no_key(locked: Locked) -> None:
    for service in SERVICES:
        assert not any(await locked.allowed(f"{PREFIX}_{access.KEEPER}", f"{PREFIX}_{service}", *READS, *WRITES))
        assert all(await locked.allowed(f"{PREFIX}_{access.MIGRATION}", f"{PREFIX}_{service}", *READS, *WRITES))
    assert not any(await locked.allowed(f"{PREFIX}_{access.MIGRATION}", f"{PREFIX}_keyring", *READS, *WRITES))


async def test_who_cannot_prove_who_they_are_gets_nothing(locked: Locked, tmp_path: Path) -> None:
    ca = quote(str(locked.locks.ca), safe="")
    other = quote(str(Locks.open(tmp_path).ca), safe="")
    good = locked.locks.store(locked.address, f"{PREFIX}_payment")
    password = locked.locks.password("store", f"{PREFIX}_payment")
    urls = {
        "nobody": f"mongodb://{locked.address}/?tls=true&tlsCAFile={ca}",
        "a wrong password": good.replace(password, "wrong"),
        "another's password": good.replace("hoso_payment:", "hoso_delivery:"),
        "no TLS": good.replace("tls=true", "tls=false").partition("&tlsCAFile")[0],
        "another authority": good.replace(ca, other),
    }

    def finds(url: str) -> bool:
        with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=1_500) as client:
            try:
                client[f"{PREFIX}_payment"]["things"].find_one({})
            except PyMongoError:
                return False
        return True

    assert [what for what, url in urls.items() if await asyncio.to_thread(finds, url)] == []
    assert await asyncio.to_thread(finds, good)


async def test_the_keyring_works_with_a_service_s_share(locked: Locked) -> None:
    """Through the chassis: making keys, sealing and opening."""
    stores = [ServiceStore(locked.locks.store(locked.address, f"{PREFIX}_{s}"), f"{PREFIX}_keyring") for s in SERVICES]
    try:
        one, two, *_ = (Keyring(store, b"k" * 32) for store in stores)
        await one.ensure(["dossier-1"])
        await two.ensure(["dossier-1", "dossier-2"])
        assert two.encrypt("dossier-1", "f", b"text") != b"text"
        await one.fetch(["dossier-2"])
        assert one.decrypt("dossier-1", "f", two.encrypt("dossier-1", "f", b"text")) == b"text"
    finally:
        for store in stores:
            store.close()


async def hoso(*words: str, **environment: str) -> tuple[int, str]:
    runner = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1", **environment})
    result = await asyncio.to_thread(runner.invoke, app, ["store", "users", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


async def test_users_are_brought_to_what_is_declared(locked: Locked) -> None:
    url = locked.locks.store(locked.address, "admin")
    with locked.client("admin") as client:
        client["admin"].command({"createUser": f"{PREFIX}_gone", "pwd": "x", "roles": ["root"]})
        client["admin"].command(
            {"grantRolesToUser": f"{PREFIX}_payment", "roles": [{"role": "readWrite", "db": f"{PREFIX}_delivery"}]}
        )
    assert await locked.allowed(f"{PREFIX}_payment", f"{PREFIX}_delivery", READS[0]) == [True]
    code, said = await hoso("--apply", MONGODB_URL=url)
    assert code == 0, said
    assert f"dropped the user {PREFIX}_gone" in said
    assert await locked.allowed(f"{PREFIX}_payment", f"{PREFIX}_delivery", READS[0]) == [False]
    code, said = await hoso("--apply", MONGODB_URL=url)
    assert (code, "every user is there" in said) == (0, True)
    for wrong in ('{"nobody": "x"}', "[]", "{", f'{{"{PREFIX}_payment": ""}}'):
        assert (await hoso("--apply", MONGODB_URL=url, HOSO_STORE_PASSWORDS=wrong))[0] == 2
    own = locked.locks.store(locked.address, f"{PREFIX}_payment")
    assert (await hoso("--apply", MONGODB_URL=own))[0] == 1


async def test_the_script_for_mongosh_does_the_same(locked: Locked, tmp_path: Path) -> None:
    """Run by node with what the script uses of mongosh; what it would send is sent to the real store."""
    code, text = await hoso("--script", "--prefix", "scripted")
    assert code == 0
    (tmp_path / "users.js").write_text(
        """const print = () => {}; const passwordPrompt = () => "typed-in";
        const db = { getSiblingDB: (name) => ({ getRole: () => null, getUser: () => null,
          runCommand: (command) => { console.log(JSON.stringify([name, command])); return { ok: 1 }; } }) };
        """
        + text
    )
    process = await asyncio.create_subprocess_exec(NODE, tmp_path / "users.js", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    sent = [json.loads(line) for line in output.splitlines()]
    wanted = [["scripted_keyring", role] for role in access.roles("scripted")]
    wanted += [["admin", access.user(a) | {"pwd": "typed-in"}] for a in access.accounts(STORED, "scripted")]
    assert sent == wanted
    with locked.client("admin") as client:
        for database, command in sent:
            client[database].command(command)
    url = locked.locks.store(locked.address, "admin").replace("admin:", "scripted_payment:")
    with MongoClient[dict[str, Any]](
        url.replace(locked.locks.password("store", "admin"), "typed-in"), serverSelectionTimeoutMS=5_000
    ) as client:
        client["scripted_payment"]["things"].insert_one({"_id": 1})
        with pytest.raises(OperationFailure):
            client["hoso_payment"]["things"].find_one({})
