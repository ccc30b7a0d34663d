"""The same events over HTTP, made from docs/integration.md: nothing of ours is imported."""

import asyncio
import json
import urllib.parse
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from joserfc import jwe, jws
from joserfc.jwk import ECKey, KeySet

FILED, SUPPLEMENTED, WITHDRAWN = (f"upstream.dossier_{what}.v1" for what in ("filed", "supplemented", "withdrawn"))
BOUND = ("source", "type", "subject", "id")
ANY_HEADER = jws.JWSRegistry(strict_check_header=False)
ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]
LIBRARY: dict[str, Any] = {
    "procedure": "1.008895",
    "applicant": {"kind": "individual", "name": "Nguyễn Thị Minh Họa", "phone": "+84910000003"},
    "form": {
        "library_name": "Thư viện tư nhân Mẫu",
        "library_kind": "non_public",
        "founder_name": "Nguyễn Thị Minh Họa",
        "address": "Tổ 1, phường Mường Thanh",
        "opening_date": "2027-02-01",
        "area_m2": 120,
        "book_count": 3000,
        "manager_name": "Nguyễn Thị Minh Họa",
    },
    "way": "online",
}


class Portal:
    def __init__(self, agency: Any, http: httpx.AsyncClient, keys: KeySet) -> None:
        self.agency, self.http, self.keys = agency, http, keys
        self.own = ECKey.import_key(json.loads(agency.jwk))

    def sealed(self, about: dict[str, str], data: Any, by: ECKey) -> str:
        header = {"alg": "ES256", **{f"ce_{name}": about[name] for name in BOUND}}
        signed = jws.serialize_compact(header, json.dumps(data).encode(), by, ["ES256"], ANY_HEADER)
        newest = self.keys.keys[0]
        outer = {"alg": ALGORITHMS[0], "enc": ALGORITHMS[1], "kid": newest.kid}
        return jwe.encrypt_compact(outer, signed, newest, ALGORITHMS)

    async def post(
        self,
        kind: str,
        subject: str,
        data: Any,
        event: str = "e1",
        *,
        by: ECKey | None = None,
        sent: dict[str, str] | None = None,
    ) -> httpx.Response:
        """`by`: who signs; `sent`: headers that are other than what was signed."""
        about = {
            "specversion": "1.0",
            "id": event,
            "source": self.agency.source,
            "type": kind,
            "subject": subject,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        body = self.sealed(about, data, by or self.own)
        headers = {f"ce-{name}": urllib.parse.quote(value) for name, value in (about | (sent or {})).items()}
        headers["content-type"] = "application/jose"
        return await self.http.post(f"{self.agency.url}/upstream/events", headers=headers, content=body)

    def opened(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.headers["content-type"] == "application/jose"
        signed = jwe.decrypt_compact(answer.content, self.own, ALGORITHMS).plaintext or b""
        found = jws.deserialize_compact(signed, self.keys, ["ES256"], ANY_HEADER)
        return {"type": answer.headers["ce-type"], **json.loads(found.payload)}

    async def answered(self, kind: str, subject: str, data: Any, event: str) -> dict[str, Any]:
        """The reply, by sending it again while it is being carried out."""
        async with asyncio.timeout(60):
            while (answer := await self.post(kind, subject, data, event)).status_code == httpx.codes.ACCEPTED:
                pass
        return self.opened(answer)


@pytest.fixture(scope="module")
async def portal(agency: Any) -> AsyncIterator[Portal]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        keys = KeySet.import_key_set((await http.get(f"{agency.url}/.well-known/jwks.json")).json())
        yield Portal(agency, http, keys)


async def test_file_supplement_and_withdraw(agency: Any, portal: Portal) -> None:
    reference = f"HỒ SƠ {uuid.uuid4().hex}"
    answer = await portal.post(FILED, reference, LIBRARY)
    accepted = portal.opened(answer)
    assert (answer.status_code, accepted["type"], accepted["reference"]) == (200, "reply.accepted.v1", reference)
    assert portal.opened(await portal.post(FILED, reference, LIBRARY)) == accepted
    items = [{"kind": "field", "name": "address", "why": "thiếu số nhà"}]
    await agency.officer("clerk1", accepted["dossier_id"], "supplement", {"items": items})
    form = {"form": {"address": "Số 5, tổ 1, phường Mường Thanh"}}
    done = await portal.answered(SUPPLEMENTED, reference, form, "s1")
    assert (done["type"], done["asked"]) == ("reply.done.v1", "supplement")
    assert await portal.answered(SUPPLEMENTED, reference, form, "s1") == done
    done = await portal.answered(WITHDRAWN, reference, {}, "w1")
    assert (done["type"], done["asked"]) == ("reply.done.v1", "withdrawal")
    late = await portal.answered(SUPPLEMENTED, reference, form, "s2")
    assert (late["type"], late["problems"][0]["code"]) == ("reply.refused.v1", "wrong_stage")


async def test_every_wrong_field_is_named(portal: Portal) -> None:
    answer = await portal.post(FILED, uuid.uuid4().hex, {**LIBRARY, "way": "pigeon", "more": 1})
    problems = portal.opened(answer)["problems"]
    assert answer.status_code == 422
    assert {(p["field"], p["code"]) for p in problems} == {("way", "invalid"), ("more", "unknown_field")}


@pytest.mark.parametrize(
    "sent", [{"source": "nobody"}, {"subject": "another"}, {"id": "e9"}, {"type": WITHDRAWN}], ids=str
)
async def test_what_was_signed_for_another_event_is_nobody_s(portal: Portal, sent: dict[str, str]) -> None:
    answer = await portal.post(FILED, uuid.uuid4().hex, LIBRARY, sent=sent)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")


async def test_strangers_and_plain_text_are_refused(agency: Any, portal: Portal) -> None:
    stranger = ECKey.generate_key("P-256")
    assert (await portal.post(FILED, uuid.uuid4().hex, LIBRARY, by=stranger)).status_code == 401
    url = f"{agency.url}/upstream/events"
    assert (await portal.http.post(url, json=LIBRARY)).status_code == 401
    attributes = {"specversion": "1.0", "id": "e", "source": agency.source, "type": FILED, "subject": "s"}
    headers = {f"ce-{name}": value for name, value in attributes.items()} | {"ce-time": "2026-11-24T08:30:00Z"}
    assert (await portal.http.post(url, headers=headers, json=LIBRARY)).status_code == 401
    large = await portal.http.post(url, headers=headers, content=b"x" * 300_000)
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
