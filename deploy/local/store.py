"""One document store that speaks MongoDB's protocol; or the server MONGODB_URL names.

Order of choice: MONGODB_URL; `mongod` on PATH, as a replica set of one (majority reads and change streams need one);
`secantusd-rs` on PATH or in .local/bin; `secantusd-py` of the virtual environment.

Locked, it speaks TLS and asks for names and passwords (SCRAM-SHA-256): one of the last two then.
"""

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.access.rights import ADMIN
from deploy.access.store import MECHANISM
from deploy.local.child import Process
from deploy.local.errors import MissingError, StartError
from deploy.local.locks import Locks
from deploy.local.paths import LOCAL_BIN, VENV_BIN
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import Probe, tcp, until

VARIABLE = "MONGODB_URL"
Kind = Literal["mongod", "secantusd-rs", "secantusd-py"]

_REPLICA_SET = "rs0"
_NOT_YET_INITIALIZED = 94  # MongoDB error code
_EXTERNAL_SECONDS = 15.0
_ATTEMPT_MS = 2_000
_FIRST_SECONDS = 30.0


@dataclass(frozen=True)
class Program:
    kind: Kind
    path: Path

    def command(self, port: int, data: Path, *, server: Path | None = None, asks: bool = True) -> list[str]:
        """The server's arguments; `data` exists. `server`: its key and certificate for TLS; it `asks` who calls."""
        if self.kind == "mongod":
            place = ["--bind_ip", LOOPBACK, "--port", str(port), "--dbpath", str(data)]
            return [str(self.path), *place, "--replSet", _REPLICA_SET, "--unixSocketPrefix", str(data)]
        # Without --sync-on-commit a kill -9 loses acknowledged writes.
        place = ["--host", LOOPBACK, "--port", str(port), "--storage-path", str(data)]
        if server is not None:
            place += ["--tls-cert-file", str(server), "--tls-key-file", str(server), *(["--auth"] if asks else [])]
        return [str(self.path), *place, "--sync-on-commit"]


def at_hand(path: str | None = None, local: Path = LOCAL_BIN, venv: Path = VENV_BIN) -> list[Program]:
    """The stores found, the first is the one to choose; `path` is searched instead of PATH."""
    candidates: list[tuple[Kind, str | None]] = [
        ("mongod", shutil.which("mongod", path=path)),
        ("secantusd-rs", shutil.which("secantusd-rs", path=path) or shutil.which("secantusd-rs", path=str(local))),
        ("secantusd-py", shutil.which("secantusd-py", path=str(venv))),
    ]
    return [Program(kind, Path(found)) for kind, found in candidates if found]


def choose(path: str | None = None, local: Path = LOCAL_BIN, venv: Path = VENV_BIN) -> Program:
    """Raises MissingError where none is at hand."""
    found = at_hand(path, local, venv)
    if not found:
        raise MissingError(
            f"no document store: set {VARIABLE}, install mongod, or install requirements.lock into .venv"
        )
    return found[0]


def _lockable() -> Program:
    found = [program for program in at_hand() if program.kind != "mongod"]
    if not found:
        raise MissingError("a locked platform on this machine needs SecantusDB: install requirements.lock into .venv")
    return found[0]


class Store:
    """`url` is a MongoDB connection string; `external` tells that the server is not ours to start.

    `program` is the server to start; None chooses. `locks`: what it is locked with; `url` is its administrator's then.
    """

    def __init__(
        self,
        run_dir: Path,
        environment: Mapping[str, str] = os.environ,
        program: Program | None = None,
        *,
        locks: Locks | None = None,
    ) -> None:
        self._program = program
        self._locks = locks
        given = environment.get(VARIABLE, "")
        self.external = bool(given)
        self._data = run_dir.absolute() / "store" / "data"
        self._port = 0 if self.external else free_ports(1)[0]
        self.address = f"{LOOPBACK}:{self._port}"
        self.url = given or (f"mongodb://{self.address}/" if locks is None else locks.store(self.address, ADMIN))

    async def prepare(self) -> Process | None:
        """The process to start, None for an external server. Raises StartError when that does not answer."""
        if self.external:
            await self._expect_external()
            return None
        program = self._program or (choose() if self._locks is None else _lockable())
        self._data.mkdir(parents=True, exist_ok=True)
        if self._locks is not None:
            await self._first_user(program, self._locks)
        return Process(
            "store",
            program.command(self._port, self._data, server=self._locks.server if self._locks else None),
            ready=self._ready(program.kind),
            restart=True,
            ports=(self._port,),
            cwd=self._data.parent,  # secantusd reads a secantusd.toml where it starts
        )

    def _ready(self, kind: Kind) -> Probe:
        listens, serves = tcp(self._port), answers_hello(self.url)
        member = f"{LOOPBACK}:{self._port}"

        async def ready() -> bool:
            if not await listens():
                return False
            if kind == "mongod":
                await _ensure_replica_set(member)
            return await serves()

        return ready

    async def _first_user(self, program: Program, locks: Locks) -> None:
        """Makes the administrator, once a run directory, on a server that does not ask yet and on loopback alone."""
        made = self._data.parent / "administrator-made"
        if made.exists():
            return
        words = program.command(self._port, self._data, server=locks.server, asks=False)
        with (self._data.parent / "first-user.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._data.parent
            )
        open_url = f"mongodb://{self.address}/?tls=true&tlsCAFile={quote(str(locks.ca), safe='')}"
        try:
            await until(answers_hello(open_url), _FIRST_SECONDS)
            async with _client(open_url) as client:
                root = {"createUser": ADMIN, "pwd": locks.password("store", ADMIN), "roles": ["root"]}
                await client.admin.command({**root, "mechanisms": [MECHANISM]})
        except (TimeoutError, PyMongoError) as error:
            raise StartError(f"the store's first user could not be made: {error}; log {log.name}") from error
        finally:
            process.terminate()
            await process.wait()
        made.touch()

    async def _expect_external(self) -> None:
        try:
            await until(answers_hello(self.url), _EXTERNAL_SECONDS)
        except TimeoutError:
            host = urlsplit(self.url).netloc.rpartition("@")[2]  # never the password
            raise StartError(f"{VARIABLE}: no writable primary answers at {host}") from None


def answers_hello(url: str) -> Probe:
    """Ready when a writable primary answers `hello`."""

    async def answers() -> bool:
        async with _client(url) as client:
            try:
                return bool((await client.admin.command("hello")).get("isWritablePrimary"))
            except PyMongoError:
                return False

    return answers


async def _ensure_replica_set(member: str) -> None:
    """Initiate the set of one, or point a set made in an earlier run to the port of this one."""
    async with _client(f"mongodb://{member}/?directConnection=true") as client:
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as error:
            if error.code == _NOT_YET_INITIALIZED:
                only = {"_id": _REPLICA_SET, "members": [{"_id": 0, "host": member}]}
                await client.admin.command("replSetInitiate", only)
            return
        except PyMongoError:
            return
        if config["members"][0]["host"] != member:
            config["members"][0]["host"] = member
            config["version"] += 1
            await client.admin.command("replSetReconfig", config, force=True)


def _client(url: str) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient(url, serverSelectionTimeoutMS=_ATTEMPT_MS, connectTimeoutMS=_ATTEMPT_MS)
