"""Tokens are verified once in a while, never after they expired; the issuer's keys are fetched once for all."""

from __future__ import annotations

import asyncio
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from chassis.http import Problem, Verifier, auth

ISSUER = "http://idp.example"
KEY = ECKey.generate_key("P-256", {"kid": "1"})


class Counted(Verifier):
    """The issuer is this process: how often its keys were asked for, and how often a token was verified."""

    fetched = 0
    decoded = 0

    async def _fetch(self) -> KeySet:
        self.fetched += 1
        await asyncio.sleep(0)
        return KeySet([KEY])

    def _decode(self, token: str, keys: KeySet) -> dict[str, object]:
        self.decoded += 1
        return super()._decode(token, keys)


def token(seconds: float, sub: str = "citizen1") -> str:
    claims = {"iss": ISSUER, "aud": auth.AUDIENCE, "sub": sub, "exp": int(time.time() + seconds), "roles": ["citizen"]}
    return jwt.encode({"alg": "ES256", "kid": "1"}, claims, KEY, algorithms=["ES256"])


async def test_all_who_come_first_wait_for_one_fetch() -> None:
    verifier = Counted(ISSUER)
    callers = await asyncio.gather(*(verifier.verify(token(60, f"c{n}")) for n in range(20)))
    assert {caller.sub for caller in callers} == {f"c{n}" for n in range(20)}
    assert verifier.fetched == 1


async def test_a_token_is_verified_again_when_its_time_of_trust_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, known = Counted(ISSUER), token(3600)
    for _ in range(3):
        assert (await verifier.verify(known)).sub == "citizen1"
    assert verifier.decoded == 1
    monkeypatch.setattr(auth, "TRUSTED_SECONDS", 0.0)
    another = token(3600, "citizen2")
    for _ in range(3):
        await verifier.verify(another)
    assert verifier.decoded == 4


async def test_a_trusted_token_ends_with_its_own_end(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, short, now = Counted(ISSUER), token(10), time.time()
    await verifier.verify(short)
    later = now + 10 + auth.LEEWAY + 1
    monotonic = time.monotonic() + 10 + auth.LEEWAY + 1
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic)
    with pytest.raises(Problem) as refused:
        await verifier.verify(short)
    assert refused.value.status == 401


async def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "TRUSTED", 3)
    verifier = Counted(ISSUER)
    tokens = [token(60, f"c{n}") for n in range(5)]
    for each in tokens:
        await verifier.verify(each)
    await verifier.verify(tokens[-1])
    assert verifier.decoded == 5
    await verifier.verify(tokens[0])
    assert verifier.decoded == 6
