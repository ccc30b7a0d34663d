"""One document store that speaks MongoDB's protocol; or the server MONGODB_URL names.

Order of choice: MONGODB_URL; `mongod` on PATH, as a replica set of one (majority reads and change streams need one);
`secantusd-rs` on PATH or in .local/bin; `secantusd-py` of the virtual environment.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.child import Process
from deploy.local.errors import MissingError, StartError
from deploy.local.paths import LOCAL_BIN, VENV_BIN
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import Probe, tcp, until

VARIABLE = "MONGODB_URL"
Kind = Literal["mongod", "secantusd-rs", "secantusd-py"]

_REPLICA_SET = "rs0"
_NOT_YET_INITIALIZED = 94  # MongoDB error code
_EXTERNAL_SECONDS = 15.0
_ATTEMPT_MS = 2_000


@dataclass(frozen=True)
class Program:
    kind: Kind
    path: Path

    def command(self, port: int, data: Path) -> list[str]:
        """The server's arguments; `data` exists."""
        if self.kind == "mongod":
            place = ["--bind_ip", LOOPBACK, "--port", str(port), "--dbpath", str(data)]
            return [str(self.path), *place, "--replSet", _REPLICA_SET, "--unixSocketPrefix", str(data)]
        # Without --sync-on-commit a kill -9 loses acknowledged writes.
        place = ["--host", LOOPBACK, "--port", str(port), "--storage-path", str(data)]
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


class Store:
    """`url` is a MongoDB connection string; `external` tells that the server is not ours to start.

    `program` is the server to start; None chooses.
    """

    def __init__(
        self, run_dir: Path, environment: Mapping[str, str] = os.environ, program: Program | None = None
    ) -> None:
        self._program = program
        given = environment.get(VARIABLE, "")
        self.external = bool(given)
        self._data = run_dir.absolute() / "store" / "data"
        self._port = 0 if self.external else free_ports(1)[0]
        self.url = given or f"mongodb://{LOOPBACK}:{self._port}/"

    async def prepare(self) -> Process | None:
        """The process to start, None for an external server. Raises StartError when that does not answer."""
        if self.external:
            await self._expect_external()
            return None
        program = self._program or choose()
        self._data.mkdir(parents=True, exist_ok=True)
        return Process(
            "store",
            program.command(self._port, self._data),
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
