"""What was sent, as PDF: the same facts as in the dossier, under labels in the applicant's language."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import typst

from law import units
from law.procedures import Procedure
from law.text import printed
from services.submission.domain.dossier import LOCAL, local_day

TEMPLATE: Final = Path(__file__).parent / "templates" / "copy.typ"
Language = Literal["vi", "en"]
Row = tuple[str, str]
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("Bản sao hồ sơ đã nộp", "Copy of what was sent"),
    "to": ("Sở Văn hóa, Thể thao và Du lịch tỉnh Điện Biên",
           "Department of Culture, Sports and Tourism of Điện Biên province"),
    "note": ("Bản in từ dữ liệu đã nộp, kể cả phần bổ sung; không thay giấy tiếp nhận.",
             "Printed from what was sent, supplements included; it does not take the place of the receipt."),
    "reference": ("Số tham chiếu", "Reference"),
    "code": ("Mã hồ sơ", "Dossier code"),
    "filed_at": ("Nộp lúc", "Sent at"),
    "procedure": ("Mã thủ tục", "Code of the procedure"),
    "applicant": ("Người nộp hồ sơ", "Applicant"),
    "agent": ("Người đại diện", "Who acts for the applicant"),
    "form": ("Nội dung đơn", "The form"),
    "files": ("Giấy tờ kèm theo", "Documents"),
    "delivery": ("Cách nhận kết quả đã chọn khi nộp", "How the result was to come, as chosen when it was sent"),
    "kind": ("Người nộp là", "The applicant is"),
    "name": ("Họ tên hoặc tên tổ chức", "Name"),
    "phone": ("Số điện thoại", "Phone"),
    "email": ("Thư điện tử", "E-mail"),
    "identity_number": ("Số định danh hoặc mã số thuế", "Identity number or tax code"),
    "basis": ("Nộp thay theo", "Acts by"),
    "paper": ("Giấy tờ chứng minh", "By the document"),
    "way": ("Nhận kết quả", "The result comes"),
    "address": ("Địa chỉ", "Address"),
    "individual": ("Cá nhân", "Individual"),
    "household": ("Hộ kinh doanh", "Business household"),
    "enterprise": ("Doanh nghiệp", "Enterprise"),
    "organisation": ("Tổ chức", "Organisation"),
    "authorisation": ("Giấy ủy quyền", "Authorisation"),
    "guardianship": ("Giám hộ", "Guardianship"),
    "legal_representation": ("Đại diện theo pháp luật", "Legal representation"),
    "online": ("Trực tuyến", "Online"),
    "post": ("Qua bưu chính", "By post"),
    "in_person": ("Tại Bộ phận Một cửa", "At the one-stop desk"),
}  # fmt: skip
APPLICANT: Final = ("kind", "name", "phone", "email", "identity_number")
AGENT: Final = ("basis", "name", "phone", "identity_number", "paper")
CHOSEN: Final = frozenset({"kind", "basis"})
"""Whose values are words of ours."""


@dataclass(frozen=True)
class Sent:
    """A dossier in clear. `files`: code of the document, bytes, SHA-256."""

    id: str
    code: str
    name: Mapping[str, str]
    filed_at: datetime
    procedure: Procedure
    applicant: Mapping[str, Any]
    agent: Mapping[str, Any]
    form: Mapping[str, str | int]
    way: str
    address: Mapping[str, str]
    files: tuple[tuple[str, int, str], ...]


class Copies:
    """Makes them one at a time, beside the event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    @cached_property
    def _compiler(self) -> typst.Compiler:
        """Fonts are read once."""
        return typst.Compiler(str(TEMPLATE))

    async def pdf(self, sent: Sent, language: Language) -> bytes:
        """PDF/A-2b; the same bytes each time."""
        data = json.dumps(printed(content(sent, language)))
        async with self._turn:
            return await asyncio.to_thread(self._compiled, data)

    def _compiled(self, data: str) -> bytes:
        made = self._compiler.compile(format="pdf", sys_inputs={"data": data}, pdf_standards="a-2b")
        if not isinstance(made, bytes):
            raise TypeError("typst gave no PDF")
        return made


def content(sent: Sent, language: Language) -> dict[str, Any]:
    """What stands on it. Pure."""
    at = 0 if language == "vi" else 1

    def word(key: str) -> str:
        return WORDS[key][at]

    def rows(fields: Mapping[str, Any], names: tuple[str, ...]) -> list[Row]:
        said = {name: fields[name] for name in names if name in fields}
        return [(word(name), word(value) if name in CHOSEN else str(value)) for name, value in said.items()]

    filed = sent.filed_at.astimezone(LOCAL)
    about = [(word("reference"), sent.id), (word("filed_at"), f"{filed:%H:%M, %d/%m/%Y}"),
             (word("procedure"), sent.procedure.full_code)]  # fmt: skip
    if sent.code:
        about.insert(0, (word("code"), sent.code))
    delivery = [(word("way"), word(sent.way))]
    if sent.address:
        delivery.append((word("address"), _place(sent)))
    sections = (
        ("applicant", rows(sent.applicant, APPLICANT)),
        ("agent", rows(sent.agent, AGENT)),
        ("form", _answers(sent, language)),
        ("files", _files(sent, language)),
        ("delivery", delivery),
    )
    return {
        "language": language,
        "day": [filed.year, filed.month, filed.day],
        "title": word("title"),
        "to": word("to"),
        "note": word("note"),
        "name": sent.name[language],
        "about": about,
        "sections": [{"title": word(key), "rows": found} for key, found in sections if found],
    }


def _answers(sent: Sent, language: Language) -> list[Row]:
    found = []
    for field in sent.procedure.form.fields:
        if field.name not in sent.form:
            continue
        value = str(sent.form[field.name])
        choice = next((one for one in field.choices if one.value == value), None)
        if choice is not None:
            value = choice.label_vi if language == "vi" else choice.label_en
        found.append((field.label_vi if language == "vi" else field.label_en, value))
    return found


def _files(sent: Sent, language: Language) -> list[Row]:
    names = {one.code: one.name_vi if language == "vi" else one.name_en for one in sent.procedure.documents}
    mark = "." if language == "vi" else ","
    sizes = {code: f"{size:,}".replace(",", mark) for code, size, _ in sent.files}
    return [(names.get(code, code), f"{sizes[code]} B · SHA-256 {digest}") for code, _, digest in sent.files]


def _place(sent: Sent) -> str:
    """In words where the units of the day it was sent are known, else by their codes."""
    known = units.units(local_day(sent.filed_at))
    province = next((one for one in known.provinces if one.code == sent.address["province"]), None) if known else None
    communes = province.communes if province is not None else ()
    commune = next((one.name for one in communes if one.code == sent.address["commune"]), sent.address["commune"])
    return ", ".join((sent.address["detail"], commune, province.name if province else sent.address["province"]))
