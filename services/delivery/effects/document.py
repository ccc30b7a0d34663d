"""Makes result documents: page or scan, signatures, encrypted under the dossier's key into the file store."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from chassis.decision import Outcome
from chassis.keyring import Unopenable
from chassis.runner import Call, Permanent, Retryable
from chassis.service import Platform
from chassis.store import StoreUnavailable
from schemas.personal import Personal
from services.delivery.duties import RenderDocument, SignDocument
from services.delivery.effects import wording
from services.delivery.effects.press import Page, Press, PressBroken, names
from services.delivery.effects.signing.places import SignerAway, SignerRefused
from services.delivery.messages import DocumentRendered, Role, Signature

FILES: Final = "documents"
PICKUP_DIGITS: Final = 8


class MakesDocuments:
    """Adapter of `RenderDocument` and `SignDocument`.

    A document that is there already is kept: the answer is always about that one. What an attempt made and did not
    store was never shown to anybody, so after a crash at any step there is one document.
    """

    def __init__(self, platform: Platform, press: Press) -> None:
        self._keyring = platform.keyring
        self._files = platform.store.files(FILES)
        self._press = press
        self._places = platform.settings.signing_keys.get_secret_value()
        self._url = platform.settings.public_url.rstrip("/")
        self._names: dict[str | None, Mapping[str, str]] = {}

    async def execute(self, effect: RenderDocument | SignDocument, call: Call) -> Outcome:
        """Raises Retryable while the store, the press or the signing service is away; Permanent: it will not sign."""
        try:
            return await self._stored(effect, call)
        except StoreUnavailable as error:
            raise Retryable(f"file store: {type(error).__name__}") from error
        except (SignerAway, PressBroken) as error:
            raise Retryable(str(error)) from error
        except SignerRefused as error:
            raise Permanent("refused", str(error)) from error
        except Unopenable as error:
            raise Permanent("erased", str(error)) from error

    async def _stored(self, effect: RenderDocument | SignDocument, call: Call) -> Outcome:
        kept = await self._files.about(effect.document) if call.attempts > 1 else None
        if kept is None:
            printed = await self._press.make(await self._page(effect, call))
            await self._keyring.ensure([call.aggregate])
            sealed = self._keyring.encrypt(call.aggregate, effect.document, printed.pdf)
            about = {
                "dossier": call.aggregate,
                "sha256": hashlib.sha256(printed.pdf).hexdigest(),
                "size": len(printed.pdf),
                "signatures": [s.model_dump(mode="json") for s in printed.signatures],
            }
            await self._files.put(effect.document, sealed, about)
            kept = await self._files.about(effect.document)
        if kept is None:
            raise LookupError("the document is not where it was just put")
        return await self._about(effect.document, call, kept)

    async def _about(self, document: str, call: Call, about: Mapping[str, Any]) -> DocumentRendered:
        """What is said of the document that is stored, whoever stored it. A release before this wrote no hash."""
        sha256, size = about.get("sha256"), about.get("size")
        if sha256 is None or size is None:
            pdf = await self._content(document, call)
            sha256, size = hashlib.sha256(pdf).hexdigest(), len(pdf)
        signatures = tuple(Signature.model_validate(s) for s in about.get("signatures", ()))
        pickup = Personal.of(f"{secrets.randbelow(10**PICKUP_DIGITS):0{PICKUP_DIGITS}d}")
        return DocumentRendered(document=document, sha256=sha256, size=size, signatures=signatures, pickup=pickup)

    async def _page(self, effect: RenderDocument | SignDocument, call: Call) -> Page:
        roles = effect.roles if isinstance(effect, SignDocument) else ()
        leader = effect.leader if isinstance(effect, SignDocument) else None
        if isinstance(effect, SignDocument) and effect.scan is not None:
            return Page(scan=await self._content(effect.scan, call), roles=roles, leader=leader)
        if effect.result is None or effect.holder is None:
            raise Permanent("invalid", "a document without a result or a scan")
        data = wording.content(
            effect.result,
            await call.open(effect.holder),
            template=effect.template,
            code=effect.code,
            address=f"{urlsplit(self._url).netloc}/verify" if effect.code else "",
            note=effect.note,
            signers=self._signers(leader, roles) if roles else None,
        )
        qr = f"{self._url}/verify/{effect.code}" if effect.code else effect.result.code
        return Page(template="result.typ", data=data, qr=qr, roles=roles, leader=leader)

    def _signers(self, leader: str | None, roles: tuple[Role, ...]) -> Mapping[str, str]:
        """The names on the page, read from the certificates once."""
        if leader not in self._names:
            self._names[leader] = names(self._places, leader, roles)
        return self._names[leader]

    async def _content(self, name: str, call: Call) -> bytes:
        kept = await self._files.get(name)
        if kept is None:
            raise Permanent("invalid", "the file is not where it was put")
        await self._keyring.fetch([call.aggregate])
        return self._keyring.decrypt(call.aggregate, name, kept[0])
