"""Makes result documents: typst to PDF, encrypted under the dossier's key, into the file store."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import segno
import typst

from chassis.decision import Outcome
from chassis.keyring import Unopenable
from chassis.runner import Call, Permanent, Retryable
from chassis.service import Platform
from chassis.store import StoreUnavailable
from services.delivery.messages import DocumentRendered, RenderDocument

FILES: Final = "documents"
TEMPLATE: Final = Path(__file__).parent / "templates" / "result.typ"
LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
HEADINGS: Final = {"reply": "VĂN BẢN TRẢ LỜI", "certificate": "GIẤY CHỨNG NHẬN", "card": "THẺ HƯỚNG DẪN VIÊN DU LỊCH"}
BODIES: Final = {
    "approved": "Sở Văn hóa, Thể thao và Du lịch tỉnh Điện Biên chấp thuận đề nghị nêu trong hồ sơ.",
    "refused": "Sở Văn hóa, Thể thao và Du lịch tỉnh Điện Biên không chấp thuận đề nghị nêu trong hồ sơ.",
}


@cache
def _compiler() -> typst.Compiler:
    """Fonts are read once."""
    return typst.Compiler(str(TEMPLATE))


def render(effect: RenderDocument, holder: str) -> bytes:
    """The PDF (PDF/A-2b)."""
    result = effect.result
    issued = result.issued_at.astimezone(LOCAL)
    code = io.BytesIO()
    segno.make(result.code, error="m").save(code, kind="svg", xmldecl=False)
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
        "qr": code.getvalue().decode(),
    }
    pdf = _compiler().compile(format="pdf", sys_inputs={"data": json.dumps(data)}, pdf_standards="a-2b")
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no PDF")
    return pdf


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
