"""Makes result documents: typst to PDF, encrypted under the dossier's key, into the file store."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final
from zoneinfo import ZoneInfo

from chassis.decision import Outcome
from chassis.keyring import Unopenable
from chassis.runner import Call, Permanent, Retryable
from chassis.service import Platform
from chassis.store import StoreUnavailable
from services.delivery.effects.pdf import page
from services.delivery.messages import DocumentRendered, RenderDocument

FILES: Final = "documents"
LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
HEADINGS: Final = {"reply": "VĂN BẢN TRẢ LỜI", "certificate": "GIẤY CHỨNG NHẬN", "card": "THẺ HƯỚNG DẪN VIÊN DU LỊCH"}
BODIES: Final = {
    "approved": "Sở Văn hóa, Thể thao và Du lịch tỉnh Điện Biên chấp thuận đề nghị nêu trong hồ sơ.",
    "refused": "Sở Văn hóa, Thể thao và Du lịch tỉnh Điện Biên không chấp thuận đề nghị nêu trong hồ sơ.",
}


def render(effect: RenderDocument, holder: str) -> bytes:
    """The PDF (PDF/A-2b)."""
    result = effect.result
    issued = result.issued_at.astimezone(LOCAL)
    data = {
        "number": result.number,
        "date": f"ngày {issued.day} tháng {issued.month} năm {issued.year}",
        "year": issued.year,
        "month": issued.month,
        "day": issued.day,
        "heading": HEADINGS[result.kind],
        "title": result.title.vi,
        "body": BODIES[result.outcome],
        "holder": holder,
        "code": result.code,
        "reason": result.reason or "",
    }
    return page("result.typ", data, qr=result.code)


class RendersDocuments:
    """Adapter of `RenderDocument`. A document that is there already is kept: the answer is always about that one."""

    def __init__(self, platform: Platform) -> None:
        self._keyring = platform.keyring
        self._files = platform.store.files(FILES)

    async def execute(self, effect: RenderDocument, call: Call) -> Outcome:
        """Renders in a thread: typst holds no event loop up. Raises Retryable while the file store is away."""
        try:
            return await self._stored(effect, call)
        except StoreUnavailable as error:
            raise Retryable(f"file store: {type(error).__name__}") from error
        except Unopenable as error:
            raise Permanent("erased", str(error)) from error

    async def _stored(self, effect: RenderDocument, call: Call) -> Outcome:
        kept = await self._files.get(effect.document)
        if kept is None:
            pdf = await asyncio.to_thread(render, effect, await call.open(effect.holder))
            await self._keyring.ensure([call.aggregate])
            sealed = self._keyring.encrypt(call.aggregate, effect.document, pdf)
            await self._files.put(effect.document, sealed, {"dossier": call.aggregate})
            kept = await self._files.get(effect.document)
        if kept is None:
            raise LookupError("the document is not where it was just put")
        await self._keyring.fetch([call.aggregate])
        pdf = self._keyring.decrypt(call.aggregate, effect.document, kept[0])
        return DocumentRendered(document=effect.document, sha256=hashlib.sha256(pdf).hexdigest(), size=len(pdf))
