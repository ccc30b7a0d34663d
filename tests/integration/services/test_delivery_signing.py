"""Making documents on a real store with a signing service and a time-stamp authority that fail: one document."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import DocumentSecurityStore, async_validate_pdf_signature
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from chassis.keyring import Keyring
from chassis.runner import Permanent, Retryable
from chassis.store import Store
from cli.generate import GOLDENS
from deploy.local import certificates, testca
from deploy.local.platform import Backbone
from deploy.local.ports import free_ports
from schemas.personal import Personal
from schemas.topics import CATALOGUES
from services.delivery.duties import SignDocument
from services.delivery.effects.document import FILES, MakesDocuments
from services.delivery.effects.press import Press
from services.delivery.messages import DocumentRendered
from simulators.signing_service import __main__ as signing

from .partners import ID, call, serving

SECRET = "a-secret-of-the-signing-service"
RESULT = CATALOGUES["dossier"].decode(
    "dossier.result_issued.v1", (GOLDENS / "dossier.result_issued.v1.json").read_bytes()
)


@dataclass
class Workshop:
    maker: MakesDocuments
    lasting: MakesDocuments
    """Makes B-LT."""
    store: Store
    keyring: Keyring
    control: httpx.AsyncClient
    app: FastAPI
    port: int
    serves: AsyncExitStack
    root: str

    @asynccontextmanager
    async def gone(self) -> AsyncIterator[None]:
        """Without the signing service and its authorities."""
        await self.serves.aclose()
        try:
            yield
        finally:
            await self.serves.enter_async_context(serving(self.app, self.port))

    async def faults(self, **faults: int | bool) -> None:
        (await self.control.post("/control/faults", json=faults)).raise_for_status()

    async def counted(self) -> dict[str, int]:
        found: dict[str, int] = (await self.control.get("/control/signed")).json()
        return found

    async def pdf(self, document: str) -> bytes:
        kept = await self.store.files(FILES).get(document)
        assert kept is not None
        await self.keyring.fetch([ID])
        return self.keyring.decrypt(ID, document, kept[0])

    async def judged(self, document: str) -> list[PdfSignatureStatus]:
        return await self._judged(document, lambda _reader, roots: ValidationContext(trust_roots=roots))

    async def judged_offline(self, document: str) -> list[PdfSignatureStatus]:
        """With nothing but what the file holds, and every certificate's state to be known."""
        strict = {"allow_fetching": False, "revocation_mode": "require"}
        return await self._judged(
            document,
            lambda reader, roots: DocumentSecurityStore.read_dss(reader).as_validation_context(
                {"trust_roots": roots, **strict}
            ),
        )

    async def _judged(self, document: str, context_of: Callable[[Any, Any], Any]) -> list[PdfSignatureStatus]:
        reader = PdfFileReader(io.BytesIO(await self.pdf(document)))
        roots = list(load_certs_from_pemder_data(self.root.encode()))
        return [
            await async_validate_pdf_signature(
                s, signer_validation_context=context_of(reader, roots), ts_validation_context=context_of(reader, roots)
            )
            for s in reader.embedded_signatures
        ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workshop(backbone: Backbone) -> AsyncIterator[Workshop]:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    authority = testca.certified("CA of the test", None)
    pairs = {role: testca.certified(name, authority, ocsp=f"{url}/ocsp") for role, name in testca.NAMES.items()}
    for name in ("leader:gone", "leader:new"):
        pairs[name] = testca.certified(name, authority, ocsp=f"{url}/ocsp")
    software = {role: testca.place(pair, authority) for role, pair in pairs.items()}
    stamper = testca.place(testca.certified("TSA of the test", authority, stamps=True, ocsp=f"{url}/ocsp"), authority)
    others = {"tsa": stamper, "ca": testca.place(authority, authority)}
    held = {name: {"key": k["key"], "certificate": k["certificate"]} for name, k in {**software, **others}.items()}
    remote = {
        role: {
            "kind": "remote",
            "url": f"{url}/sign",
            "secret": SECRET,
            "key": role,
            "certificate": place["certificate"],
            "chain": place["chain"],
        }
        for role, place in software.items()
    }
    settings = signing.Settings(port=port, secret=SecretStr(SECRET), keys=held)
    store = Store(backbone.store_url, "signing_delivery")
    keys = Store(backbone.store_url, "adapters_keyring")
    keyring = Keyring(keys, b"k" * 32)
    text = json.dumps(remote)
    root = certificates.pem(authority[1])
    presses = [Press(text, f"{url}/tsa", 1), Press(text, f"{url}/tsa", 1, root)]
    platform: Any = SimpleNamespace(
        keyring=keyring,
        store=store,
        settings=SimpleNamespace(signing_keys=SecretStr(text), public_url="https://hoso.dienbien.gov.vn"),
    )
    async with httpx.AsyncClient(base_url=url, trust_env=False) as control, AsyncExitStack() as serves:
        app = signing.create_app(settings)
        await serves.enter_async_context(serving(app, port))
        plain, lasting = (MakesDocuments(platform, press) for press in presses)
        yield Workshop(plain, lasting, store, keyring, control, app, port, serves, root)
    for press in presses:
        press.close()
    store.close()
    keys.close()


def effect(document: str, leader: str = "leader1") -> SignDocument:
    return SignDocument(
        document=document,
        holder=Personal.of("Lò Thị Mẫu"),
        result=RESULT,
        code="ABCD-EFGH-IJKL-MN23",
        template="certificate",
        leader=leader,
        roles=("leader", "agency"),
    )


async def test_a_signing_service_and_a_time_stamp_authority_make_a_valid_document(workshop: Workshop) -> None:
    outcome = await workshop.maker.execute(effect("stamped"), call())
    assert isinstance(outcome, DocumentRendered)
    assert outcome.sha256 == hashlib.sha256(await workshop.pdf("stamped")).hexdigest()
    assert [(s.role, s.stamped) for s in outcome.signatures] == [("leader", True), ("agency", True)]
    judged = await workshop.judged("stamped")
    assert [(s.bottom_line, s.timestamp_validity is not None) for s in judged] == [(True, True)] * 2


async def test_repeated_and_at_once_there_is_one_document(workshop: Workshop) -> None:
    outcomes = await asyncio.gather(*(workshop.maker.execute(effect("once"), call()) for _ in range(3)))
    again = await workshop.maker.execute(effect("once"), call())
    assert len({o.sha256 for o in (*outcomes, again) if isinstance(o, DocumentRendered)}) == 1
    assert [s.bottom_line for s in await workshop.judged("once")] == [True, True]


class Died(Exception):
    """Stands for the end of the process at that point."""


@pytest.mark.parametrize("after", [False, True], ids=["before it is stored", "after it is stored"])
async def test_a_crash_around_storing_leaves_one_document(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,  # noqa: FBT001
) -> None:
    document = f"crashed-{after}"
    put = workshop.maker._files.put

    async def dies(*arguments: Any) -> None:
        if after:
            await put(*arguments)
        raise Died

    with monkeypatch.context() as crashing:
        crashing.setattr(workshop.maker._files, "put", dies)
        with pytest.raises(Died):
            await workshop.maker.execute(effect(document), call())
    kept = await workshop.store.files(FILES).get(document)
    assert (kept is not None) is after
    outcome = await workshop.maker.execute(effect(document), call())
    assert isinstance(outcome, DocumentRendered)
    assert outcome.sha256 == hashlib.sha256(await workshop.pdf(document)).hexdigest()
    assert [s.bottom_line for s in await workshop.judged(document)] == [True, True]


@pytest.mark.parametrize("fault", ["error_next", "lose_answer_next"])
async def test_a_service_that_fails_for_now_is_asked_again(workshop: Workshop, fault: str) -> None:
    await workshop.faults(**{fault: 1})
    with pytest.raises(Retryable):
        await workshop.maker.execute(effect(fault), call())
    assert await workshop.store.files(FILES).get(fault) is None
    assert isinstance(await workshop.maker.execute(effect(fault), call()), DocumentRendered)


async def test_a_service_that_refuses_ends_it(workshop: Workshop) -> None:
    await workshop.faults(refuse_next=1)
    with pytest.raises(Permanent) as ended:
        await workshop.maker.execute(effect("refused"), call())
    assert ended.value.reason == "refused"
    assert await workshop.store.files(FILES).get("refused") is None


async def test_a_request_id_is_for_one_digest(workshop: Workshop) -> None:
    headers = {"authorization": f"Bearer {SECRET}"}
    body = {"key": "leader", "requestId": "12345678", "algorithm": "sha256", "digest": "A" * 43 + "="}
    first = await workshop.control.post("/sign", json=body, headers=headers)
    assert (await workshop.control.post("/sign", json=body, headers=headers)).json() == first.json()
    other = await workshop.control.post("/sign", json={**body, "digest": "B" * 43 + "="}, headers=headers)
    assert other.status_code == 409
    assert (await workshop.control.post("/sign", json=body)).status_code == 401


async def test_what_the_authorities_answered_is_in_the_document(workshop: Workshop) -> None:
    await workshop.lasting.execute(effect("lasting"), call())
    assert [s.bottom_line for s in await workshop.judged_offline("lasting")] == [True, True]
    first = (await workshop.counted())["asked"]
    await workshop.lasting.execute(effect("lasting-2"), call())
    assert (await workshop.counted())["asked"] == first > 0, "an answer serves for a minute"
    await workshop.maker.execute(effect("stamped-only"), call())
    with pytest.raises(NoDSSFoundError):
        await workshop.judged_offline("stamped-only")


async def test_a_document_that_lasts_is_validated_when_its_authorities_are_gone(workshop: Workshop) -> None:
    await workshop.lasting.execute(effect("kept"), call())
    async with workshop.gone():
        assert [s.bottom_line for s in await workshop.judged_offline("kept")] == [True, True]
        with pytest.raises(Retryable):
            await workshop.lasting.execute(effect("not-now"), call())
    assert isinstance(await workshop.lasting.execute(effect("not-now"), call()), DocumentRendered)


async def test_what_nobody_vouches_for_is_not_signed(workshop: Workshop) -> None:
    await workshop.faults(mute=True)
    with pytest.raises(Retryable, match="vouches"):
        await workshop.lasting.execute(effect("unvouched", "new"), call())
    assert await workshop.store.files(FILES).get("unvouched") is None
    await workshop.faults()
    assert isinstance(await workshop.lasting.execute(effect("unvouched", "new"), call()), DocumentRendered)


async def test_who_was_revoked_signs_no_more(workshop: Workshop) -> None:
    (await workshop.control.post("/control/revoke/leader:gone")).raise_for_status()
    with pytest.raises(Permanent) as ended:
        await workshop.lasting.execute(effect("by-nobody", "gone"), call())
    assert ended.value.reason == "refused"
