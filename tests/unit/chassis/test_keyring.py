"""Sealing: what goes in comes out, under its own dossier and kind only, and not at all once it was erased."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import readings
from chassis.keyring import KEY_TTL, KeyNeeded, Keyring, MasterMissing, Masters, Restricted, Unopenable
from chassis.store import Store
from schemas.personal import PREFIX, Personal

A, B = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
KINDS = ("name", "phone", "email", "identity_number", "address", "form")
T = TypeVar("T")


class Memory:
    """The keyring's database, and how often it was asked."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []

    def collection(self, _name: str) -> Memory:
        return self

    async def load(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        self.calls.append("find")
        return [self.records[i] for i in ids if i in self.records]

    async def insert_missing(self, records: Sequence[dict[str, Any]]) -> set[int]:
        self.calls.append("insert")
        late = {at for at, record in enumerate(records) if record["_id"] in self.records}
        self.records |= {r["_id"]: r for at, r in enumerate(records) if at not in late}
        return late

    def erase(self, dossier: str) -> None:
        self.records[dossier] = {"_id": dossier, "erased": {}}


class Time:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def keyring(memory: Memory, time: Time | None = None, masters: Masters | bytes = b"m" * 32) -> Keyring:
    return Keyring(cast("Store", memory), masters, monotonic=time or Time())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Nothing waits where the keys are at hand: no event loop is needed."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("it waited")


def ready(*dossiers: str) -> Keyring:
    ring = keyring(Memory())
    run(ring.ensure(dossiers))
    return ring


RING = ready(A, B)


@given(st.text(), st.sampled_from(KINDS))
def test_what_was_sealed_opens_to_the_same(text: str, kind: str) -> None:
    token = RING.sealer(A)(kind, text)
    assert token.startswith(f"{PREFIX}{kind}:")
    assert run(RING.open(A, Personal(token=token))) == text


@given(st.text(min_size=1), st.sampled_from(KINDS), st.sampled_from(KINDS), st.sampled_from([A, B]))
def test_it_opens_under_its_own_dossier_and_kind_only(text: str, kind: str, other: str, dossier: str) -> None:
    token = RING.sealer(A)(kind, text)
    passed_off = Personal(token=token.replace(f"{PREFIX}{kind}:", f"{PREFIX}{other}:"))
    if (dossier, other) == (A, kind):
        assert run(RING.open(dossier, passed_off)) == text
    else:
        with pytest.raises(Unopenable):
            run(RING.open(dossier, passed_off))


@given(st.text(), st.data())
def test_one_changed_bit_is_noticed(text: str, data: st.DataObject) -> None:
    head, _, body = RING.sealer(A)("name", text).rpartition(":")
    raw = bytearray(base64.urlsafe_b64decode(body))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unopenable):
        run(RING.open(A, Personal(token=f"{head}:{base64.urlsafe_b64encode(raw).decode()}")))


@given(st.text(alphabet="ABCabc-_=01", max_size=60))
def test_a_body_that_is_no_token_is_refused(body: str) -> None:
    with pytest.raises(Unopenable):
        run(RING.open(A, Personal(token=f"{PREFIX}name:{body}")))


@given(st.binary(max_size=300), st.sampled_from(["a", "b"]), st.sampled_from([A, B]))
def test_a_file_decrypts_under_its_own_name_and_dossier_only(content: bytes, name: str, dossier: str) -> None:
    sealed = RING.encrypt(A, "a", content)
    if (dossier, name) == (A, "a"):
        assert RING.decrypt(dossier, name, sealed) == content
    else:
        with pytest.raises(Unopenable):
            RING.decrypt(dossier, name, sealed)


async def test_a_batch_reads_the_keyring_once_and_inserts_once() -> None:
    memory, time = Memory(), Time()
    ring = keyring(memory, time)
    dossiers = [f"d{n}" for n in range(400)]
    await ring.ensure(dossiers)
    assert memory.calls == ["find", "insert"]
    await ring.ensure(dossiers)
    assert memory.calls == ["find", "insert"]
    await ring.ensure([*dossiers, "new"])
    assert memory.calls == ["find", "insert"] * 2
    time.now += KEY_TTL
    await ring.fetch(dossiers)
    assert memory.calls == [*["find", "insert"] * 2, "find"]


async def test_effects_that_start_together_read_the_keyring_once() -> None:
    memory = Memory()
    maker = keyring(memory)
    dossiers = [f"d{n}" for n in range(400)]
    await maker.ensure(dossiers)
    tokens = {d: Personal(token=maker.sealer(d)("name", d)) for d in dossiers}
    memory.calls.clear()
    ring = keyring(memory)
    assert await asyncio.gather(*(ring.open(d, tokens[d]) for d in dossiers)) == dossiers
    assert await asyncio.gather(*(ring.open(d, tokens[d]) for d in dossiers)) == dossiers
    assert memory.calls == ["find"]


async def test_a_process_that_was_stopped_takes_no_forgotten_key_for_an_erasure() -> None:
    memory, time = Memory(), Time()
    maker = keyring(memory)
    await maker.ensure([A, B])
    value = Personal(token=maker.sealer(A)("name", "x"))
    ring = keyring(memory, time)

    class Stopped(Memory):
        async def load(self, ids: Sequence[str]) -> list[dict[str, Any]]:
            found = await memory.load(ids)
            asyncio.get_running_loop().call_soon(forget)
            return found

    def forget() -> None:
        time.now += KEY_TTL
        ring._unknown([B])

    ring._keys = cast("Any", Stopped())
    assert await ring.open(A, value) == "x"
    assert A not in ring._cache


async def test_two_who_make_a_key_at_once_use_the_same() -> None:
    memory = Memory()
    one, two = keyring(memory), keyring(memory)
    await asyncio.gather(one.ensure([A]), two.ensure([A]))
    assert await two.open(A, Personal(token=one.sealer(A)("name", "x"))) == "x"


async def test_an_erasure_holds_once_the_copy_of_the_key_has_expired() -> None:
    memory, time = Memory(), Time()
    ring = keyring(memory, time)
    await ring.ensure([A])
    value = Personal(token=ring.sealer(A)("name", "x"))
    memory.erase(A)
    time.now += KEY_TTL - 0.1
    assert await ring.open(A, value) == "x"
    time.now += 0.1
    with pytest.raises(KeyNeeded):
        ring.sealer(A)("name", "x")
    with pytest.raises(Unopenable):
        await ring.open(A, value)


async def test_an_erased_dossier_gets_no_new_key_and_what_comes_late_is_thrown_away() -> None:
    memory = Memory()
    memory.erase(A)
    ring = keyring(memory)
    await ring.ensure([A, B])
    token = ring.sealer(A)("phone", "0912345678")
    assert token == f"{PREFIX}phone:erased"
    assert memory.records[A] == {"_id": A, "erased": {}}
    with pytest.raises(Unopenable):
        await ring.open(A, Personal(token=token))
    with pytest.raises(Unopenable):
        ring.encrypt(A, "file", b"content")
    assert await ring.open(B, Personal(token=ring.sealer(B)("phone", "1"))) == "1"


async def test_a_key_is_unwrapped_by_the_master_key_it_was_wrapped_by() -> None:
    memory = Memory()
    old, new = Masters({"1": b"1" * 32}), Masters({"1": b"1" * 32, "2": b"2" * 32}, "2")
    first = keyring(memory, masters=old)
    await first.ensure([A])
    value = Personal(token=first.sealer(A)("name", "x"))
    second = keyring(memory, masters=new)
    await second.ensure([A, B])
    assert (memory.records[A]["master"], memory.records[B]["master"]) == ("1", "2")
    assert await second.open(A, value) == "x"


@pytest.mark.parametrize("keys", [{"2": b"2" * 32}, {"1": b"x" * 32}], ids=["not given", "another"])
async def test_a_master_key_that_is_missing_is_trouble_and_no_erasure(keys: dict[str, bytes]) -> None:
    memory = Memory()
    first = keyring(memory)
    await first.ensure([A])
    value = Personal(token=first.sealer(A)("name", "x"))
    with pytest.raises(MasterMissing):
        await keyring(memory, masters=Masters(keys, next(iter(keys)))).open(A, value)
    assert await keyring(memory).open(A, value) == "x"


@pytest.mark.parametrize(("keys", "current"), [({"1": b"short"}, "1"), ({"1": b"m" * 32}, "2"), ({}, "1")])
def test_wrong_master_keys_are_refused_at_once(keys: dict[str, bytes], current: str) -> None:
    with pytest.raises(ValueError, match="master key"):
        Masters(keys, current)


def test_master_keys_do_not_show_themselves() -> None:
    assert "mmm" not in repr(Masters({"1": b"m" * 32}))


def test_keys_of_new_dossiers_are_made_without_reading_first_and_the_first_to_make_one_wins() -> None:
    memory, other = Memory(), "00000000-0000-4000-8000-00000000000c"
    first, second = keyring(memory), keyring(memory)
    run(first.ensure([A, B], new=[A, B]))
    assert memory.calls == ["insert"]
    memory.calls.clear()
    memory.erase(other)
    run(second.ensure([A, other], new=[A, other]))
    assert memory.calls == ["insert", "find"]
    assert run(second.open(A, Personal(token=first.sealer(A)("name", "Lò Thị Mẫu")))) == "Lò Thị Mẫu"
    assert second.sealer(other)("name", "Lò Thị Mẫu") == f"{PREFIX}name:erased"


def restrictable(memory: Memory | None = None) -> tuple[Memory, Time, Keyring, Personal]:
    memory, time = memory or Memory(), Time()
    ring = keyring(memory, time)
    run(ring.ensure([A]))
    return memory, time, ring, Personal(token=ring.sealer(A)("phone", "+84912345678"))


def test_what_is_restricted_is_not_shown_to_who_only_looks_once_the_key_was_read_again() -> None:
    memory, time, ring, phone = restrictable()
    sealed = ring.encrypt(A, "f", b"content")
    memory.records[A]["restricted"] = {}
    assert apart(opened_as_looker(ring, phone)), "a copy of the key lives that long"
    time.now += KEY_TTL
    assert not apart(opened_as_looker(ring, phone))
    with pytest.raises(Restricted):
        Context().run(decrypted_as_looker, ring, sealed)
    del memory.records[A]["restricted"]
    time.now += KEY_TTL
    assert apart(opened_as_looker(ring, phone)), "it was lifted"


class Slow(Memory):
    """Answers its next question with what was there when it was asked, after `meanwhile`."""

    meanwhile: Callable[[], Coroutine[Any, Any, None]] | None = None

    async def load(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        found = [dict(record) for record in await super().load(ids)]
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return found


def test_a_slow_answer_does_not_undo_what_was_read_after_it_was_asked_for() -> None:
    slow = Slow()
    memory, time, ring, phone = restrictable(slow)

    async def restricted_and_read() -> None:
        memory.records[A]["restricted"] = {}
        time.now += 1
        await ring.fetch([A])

    time.now += KEY_TTL
    slow.meanwhile = restricted_and_read
    run(ring.fetch([A]))
    assert not apart(opened_as_looker(ring, phone))


def apart(work: Coroutine[Any, Any, T]) -> T:
    """In a context of its own, as a request has."""
    return Context().run(asyncio.run, work)


def decrypted_as_looker(ring: Keyring, sealed: bytes) -> bytes:
    readings.begin()
    readings.bound()
    return ring.decrypt(A, "f", sealed)


async def opened_as_looker(ring: Keyring, value: Personal) -> bool:
    readings.begin()
    readings.bound()
    try:
        await ring.open(A, value)
    except Restricted:
        return False
    return True


def test_what_is_restricted_is_open_to_acts_to_services_and_to_see_whose_it_is() -> None:
    memory, time, ring, phone = restrictable()
    owner = Personal(token=ring.sealer(A)("owner", "sub"))
    memory.records[A]["restricted"] = {}
    time.now += KEY_TTL

    async def opened(value: Personal, *, request: bool, bound: bool) -> str:
        if request:
            readings.begin()
        if bound:
            readings.bound()
        return await ring.open(A, value)

    assert apart(opened(phone, request=True, bound=False)) == "+84912345678", "an act, or the person's own"
    assert apart(opened(phone, request=False, bound=False)) == "+84912345678", "an effect"
    assert apart(opened(owner, request=True, bound=True)) == "sub"
