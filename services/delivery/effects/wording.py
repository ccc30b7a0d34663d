"""What a result document says, by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.dossier import ResultIssued

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
AGENCY: Final = "Sở Văn hóa, Thể thao và Du lịch tỉnh Điện Biên"
HEADINGS: Final = {
    "reply": "VĂN BẢN TRẢ LỜI",
    "certificate": "GIẤY CHỨNG NHẬN",
    "licence": "GIẤY PHÉP",
    "card": "THẺ HƯỚNG DẪN VIÊN DU LỊCH",
}
OPENINGS: Final = {
    "certificate": f"Căn cứ hồ sơ đề nghị và kết quả thẩm định, {AGENCY} chứng nhận:",
    "licence": f"Căn cứ quy định của pháp luật và hồ sơ đề nghị, {AGENCY} cấp phép cho:",
    "card": f"{AGENCY} cấp thẻ cho:",
}
HOLDERS: Final = {"certificate": "Tổ chức, cá nhân", "licence": "Tổ chức, cá nhân", "card": "Họ và tên"}
AGREED: Final = (
    f"{AGENCY} đã nhận và xem xét hồ sơ nêu trên. Sau khi xem xét, cơ quan chấp thuận đề nghị nêu trong hồ sơ.",
    "Đề nghị tổ chức, cá nhân thực hiện đúng nội dung đã nêu và các quy định của pháp luật có liên quan.",
)
REFUSED: Final = (
    f"{AGENCY} đã nhận và xem xét hồ sơ nêu trên. Sau khi xem xét, cơ quan không chấp thuận đề nghị nêu trong hồ sơ.",
)


def content(
    result: ResultIssued,
    holder: str,
    *,
    template: str | None,
    code: str | None,
    address: str,
    note: str | None,
    signers: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Everything the page shows. A refusal is always a reply, whatever the procedure would have given."""
    kind = "reply" if result.outcome == "refused" else (template or result.kind)
    issued = result.issued_at.astimezone(LOCAL)
    day = f"ngày {issued.day:02d} tháng {issued.month:02d} năm {issued.year}"
    if kind == "reply":
        body, lines = list(AGREED if result.outcome == "approved" else REFUSED), []
    else:
        body, lines = [OPENINGS[kind]], [[HOLDERS[kind], holder], ["Nội dung", result.title.vi]]
    if result.ground:
        lines.append(["Căn cứ pháp lý", result.ground])
    return {
        "kind": kind,
        "number": result.number,
        "date": day,
        "signed": f"{issued:%d/%m/%Y}",
        "year": issued.year,
        "month": issued.month,
        "day": issued.day,
        "heading": HEADINGS[kind],
        "title": result.title.vi,
        "holder": holder,
        "body": body,
        "lines": [*lines, ["Mã hồ sơ", result.code]],
        "reason": result.reason or "",
        "note": note or "",
        "code": code or "",
        "address": address,
        "rank": "GIÁM ĐỐC",
        "signers": dict(signers) if signers else None,
    }
