"""``hoso migrate`` and ``hoso keys`` as an operator types them, on a real store."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from chassis.keyring import Keyring, Masters, Unopenable
from chassis.store import Store
from deploy.local.paths import ROOT
from deploy.local.platform import Backbone
from schemas.personal import Personal

ONE, TWO = b"1" * 32, b"2" * 32
Hoso = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def prefix() -> str:
    return f"h{uuid.uuid4().hex[:12]}"


@pytest.fixture
def hoso(backbone: Backbone, prefix: str) -> Hoso:
    async def call(*words: str, **env: str) -> tuple[int, str]:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "cli.main", *words],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "COLUMNS": "200",
                "MONGODB_URL": backbone.store_url,
                "HOSO_DATABASE_PREFIX": prefix,
                "HOSO_MASTER_KEY": base64.b64encode(ONE).decode(),
                **env,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return call


async def test_migrate_builds_what_is_missing_and_check_says_what_is(hoso: Hoso) -> None:
    code, said = await hoso("migrate", "--check")
    assert code == 1
    assert "payment.invoices: missing pending, wake" in said
    assert "view_status" in said
    code, said = await hoso("migrate")
    assert code == 0
    assert "payment.invoices: built pending, wake" in said
    for words in (("migrate", "--check"), ("migrate",), ("migrate", "--check", "--documents")):
        assert await hoso(*words) == (0, "every declared index is there\n")


async def test_migrate_writes_old_documents_back_and_names_those_it_cannot_read(
    hoso: Hoso, backbone: Backbone, prefix: str
) -> None:
    store = Store(backbone.store_url, f"{prefix}_payment")
    invoices = store.collection("invoices")
    at = datetime(2026, 11, 24, tzinfo=UTC)
    old = {"$set": {"v": 0, "version": 1, "state": None, "at": at}}
    try:
        await invoices.save([(f"d{n}", 0, old) for n in range(5)])
        code, said = await hoso("migrate", "--check", "--documents")
        assert (code, "payment.invoices: 5 documents of an older version" in said) == (1, True)
        code, said = await hoso("migrate", "--documents")
        assert (code, "payment.invoices: 5 documents written back" in said) == (0, True)
        assert {(d["v"], d["version"]) for d in await invoices.load([f"d{n}" for n in range(5)])} == {(1, 2)}
        await invoices.save([("bad", 0, {"$set": {"v": 0, "version": 1, "state": {"x": 1}, "at": at}})])
        code, said = await hoso("migrate", "--documents")
        assert (code, "left as it is: invoices/bad cannot be read" in said) == (1, True)
    finally:
        store.close()


async def test_a_store_that_is_away_is_told_in_one_line(hoso: Hoso) -> None:
    for words in (("migrate",), ("keys", "status")):
        away = "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=300"
        code, said = await hoso(*words, MONGODB_URL=away)
        assert code == 1
        assert "Traceback" not in said


async def test_the_life_of_a_master_key_and_of_a_dossier(hoso: Hoso, backbone: Backbone, prefix: str) -> None:
    store = Store(backbone.store_url, f"{prefix}_keyring")
    both = {"HOSO_MASTER_KEYS": json.dumps({"2": base64.b64encode(TWO).decode()}), "HOSO_MASTER_KEY_ID": "2"}
    dossiers = [str(uuid.uuid4()) for _ in range(3)]
    try:
        ring = Keyring(store, ONE)
        await ring.ensure(dossiers)
        value = Personal(token=ring.sealer(dossiers[0])("name", "x"))
        assert "3" in (await hoso("keys", "status"))[1]
        code, said = await hoso("keys", "rotate", **both)
        assert (code, "3 keys are now wrapped by master key 2" in said) == (0, True)
        assert await Keyring(store, Masters({"2": TWO}, "2")).open(dossiers[0], value) == "x"

        code, said = await hoso("keys", "erase", dossiers[0], "--reason", "asked for", "--by", "operator1", "--yes")
        assert (code, "erased; services forget the key within 30 seconds" in said) == (0, True)
        with pytest.raises(Unopenable):
            await Keyring(store, Masters({"2": TWO}, "2")).open(dossiers[0], value)
        code, said = await hoso("keys", "erase", dossiers[0], "--reason", "again", "--yes")
        assert (code, "by operator1: asked for" in said) == (0, True)
        status = (await hoso("keys", "status"))[1]
        assert "erased" in status
    finally:
        store.close()


@pytest.mark.parametrize(
    ("words", "env", "named"),
    [
        (("keys", "erase", "x", "--reason", "y", "--yes"), {}, "must be a UUID"),
        (("keys", "erase", str(uuid.UUID(int=1)), "--reason", " ", "--yes"), {}, "--reason"),
        (("keys", "erase", str(uuid.UUID(int=1))), {}, "--reason"),
        (("keys", "rotate"), {"HOSO_MASTER_KEY_ID": "9"}, "setting HOSO_MASTER_KEY_ID:"),
        (("keys", "rotate"), {"HOSO_MASTER_KEY": "short"}, "setting HOSO_MASTER_KEY:"),
    ],
)
async def test_wrong_words_are_named_and_change_nothing(
    hoso: Hoso, words: tuple[str, ...], env: dict[str, str], named: str
) -> None:
    code, said = await hoso(*words, **env)
    assert (code, named in said) == (2, True), said
