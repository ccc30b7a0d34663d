"""What the papers of the one-stop rule say: receipt, supplement request, refusal, apology, notice of stopping. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from law import procedures, slips
from law.errors import UnknownProcedure
from law.slips import SlipKind
from schemas.dossier import (
    DossierAccepted,
    DossierExtended,
    DossierRejected,
    DossierStopped,
    DossierSubmitted,
    SupplementRequested,
)
from schemas.event import Dong, DossierId, Instant, Record, Text
from schemas.parts import Bilingual, FeeLine, TermLength, Way
from schemas.personal import Owner
from schemas.work import Act

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
Written = DossierAccepted | SupplementRequested | DossierRejected | DossierExtended | DossierStopped
WRITTEN: Final = (DossierAccepted, SupplementRequested, DossierRejected, DossierExtended, DossierStopped)
KINDS: Final[Mapping[type[Any], SlipKind]] = {
    DossierAccepted: "receipt",
    SupplementRequested: "supplement",
    DossierRejected: "refusal",
    DossierExtended: "apology",
    DossierStopped: "stop",
}
NO_FORM: Final = "Thông báo dừng giải quyết hồ sơ"
"""The heading of a notice of stopping while the circular in force has no form for it."""
DESK: Final = "BỘ PHẬN TIẾP NHẬN\nVÀ TRẢ KẾT QUẢ"
LEADER: Final = "THỦ TRƯỞNG CƠ QUAN"
WAYS: Final[Mapping[Way, str]] = {
    "online": "trực tuyến",
    "post": "qua dịch vụ bưu chính công ích",
    "in_person": "tại Bộ phận Tiếp nhận và Trả kết quả",
}
UNITS: Final = {"working": "ngày làm việc", "calendar": "ngày"}


class Received(Record):
    """What a receipt says of `dossier.accepted`, as it is kept: what else comes to be in that event does not matter."""

    dossier_id: DossierId
    code: Text
    received_at: Instant
    term_start: date
    due_at: Instant
    fee: tuple[FeeLine, ...] = ()
    total: Dong = Dong(0)
    owner: Owner | None = None
    term: TermLength | None = None
    by: Act | None = None

    @classmethod
    def of(cls, event: DossierAccepted) -> Received:
        """That event's part."""
        return cls(**{name: getattr(event, name) for name in cls.model_fields})


class Papers(Record):
    """The events that papers are made of, one of each kind; what was filed and when."""

    procedure: str | None = None
    name: Bilingual | None = None
    way: Way | None = None
    filed_at: Instant | None = None
    receipt: Received | None = None
    supplement: SupplementRequested | None = None
    refusal: DossierRejected | None = None
    apology: DossierExtended | None = None
    stop: DossierStopped | None = None

    def with_filing(self, event: DossierSubmitted) -> Papers:
        """With what was filed."""
        known = {"procedure": event.procedure, "name": event.procedure_name, "way": event.way}
        return self.model_copy(update={**known, "filed_at": event.filed_at})

    def with_event(self, event: Written) -> Papers:
        """With one more paper."""
        kept = Received.of(event) if isinstance(event, DossierAccepted) else event
        return self.model_copy(update={KINDS[type(event)]: kept})

    @property
    def kinds(self) -> tuple[SlipKind, ...]:
        """Those there are."""
        return tuple(kind for kind in get_args(SlipKind) if getattr(self, kind) is not None)

    def day(self, kind: SlipKind) -> date:
        """The local day of a paper. Raises KeyError where there is none."""
        event = getattr(self, kind)
        if event is None:
            raise KeyError(kind)
        return _local(_said_at(event)).date()

    def describe(self, kind: SlipKind) -> dict[str, Any]:
        """What lists say of it."""
        day = self.day(kind)
        circular = slips.forms(day)
        form = circular.forms.value.get(kind)
        return {
            "kind": kind,
            "title": form.title_vi if form else NO_FORM,
            "form": form.number if form else None,
            "circular": circular.circular if form else None,
            "day": day.isoformat(),
        }

    def content(self, kind: SlipKind, holder: str, short: str) -> dict[str, Any]:
        """Everything the page shows. `holder`: the applicant's name; `short`: how it is called before it has a code.

        Raises:
            KeyError: there is no such paper.
        """
        described = self.describe(kind)
        day = self.day(kind)
        code = self.receipt.code if self.receipt else short
        form = f"Mẫu số {described['form']} ({described['circular']})" if described["form"] else ""
        return {
            "form": form,
            "title": described["title"].upper(),
            "signer": LEADER if kind in {"apology", "stop"} else DESK,
            "code": code,
            "date": f"ngày {day.day} tháng {day.month} năm {day.year}",
            "year": day.year,
            "month": day.month,
            "day": day.day,
            "lines": self._lines(kind, holder),
            "list": self._list(kind),
            "closing": CLOSINGS[kind],
        }

    def _lines(self, kind: SlipKind, holder: str) -> list[list[str]]:
        event = getattr(self, kind)
        lines = [["Người nộp hồ sơ", holder], ["Nội dung yêu cầu giải quyết", self.name.vi if self.name else ""]]
        if self.filed_at is not None:
            lines.append(["Thời điểm nộp hồ sơ", _moment(self.filed_at)])
        match event:
            case Received():
                lines += [
                    ["Thời gian nhận hồ sơ", _moment(event.received_at)],
                    ["Thời gian giải quyết theo quy định", _term(event.term)],
                    ["Thời gian hẹn trả kết quả", _moment(event.due_at)],
                    ["Phí, lệ phí", self._fee(event)],
                    ["Hình thức nhận kết quả", WAYS[self.way] if self.way else ""],
                ]
            case SupplementRequested():
                lines.append(["Thời hạn bổ sung", f"trước {_moment(event.answer_by)}"])
            case DossierRejected():
                lines.append(["Lý do từ chối", event.reason])
            case DossierExtended():
                lines += [
                    ["Ngày đã hẹn", _moment(event.was_due)],
                    ["Lý do chưa trả đúng hẹn", event.reason],
                    ["Ngày hẹn trả mới", _moment(event.due_at)],
                ]
            case DossierStopped():
                lines += [["Lý do dừng giải quyết", event.reason], ["Căn cứ", event.ground]]
        return [line for line in lines if line[1]]

    def _fee(self, receipt: Received) -> str:
        known = self._procedure()
        if receipt.total:
            return f"{receipt.total:,} đồng".replace(",", ".")
        later = known is not None and known.fee_due is not None and known.fee_due.value == "before_result"
        return "nộp trước khi nhận kết quả, nếu hồ sơ được chấp thuận" if later else "không"

    def _list(self, kind: SlipKind) -> dict[str, Any] | None:
        if kind == "supplement" and self.supplement is not None:
            items = [f"{i.label.vi if i.label else i.name}: {i.why}" for i in self.supplement.items]
            return {"head": "Nội dung cần bổ sung, hoàn thiện:", "items": items}
        known = self._procedure()
        if kind != "receipt" or known is None:
            return None
        names = [doc.name_vi for doc in known.documents if doc.required]
        return {"head": "Thành phần hồ sơ theo quy định:", "items": names}

    def _procedure(self) -> procedures.Procedure | None:
        if self.procedure is None or self.filed_at is None:
            return None
        try:
            return procedures.find(self.procedure, _local(self.filed_at).date())
        except UnknownProcedure:
            return None


CLOSINGS: Final[Mapping[SlipKind, str]] = {
    "receipt": "Khi cần tra cứu, xin dùng mã hồ sơ hoặc quét mã QR. Nếu phải nộp phí, lệ phí, thời gian chờ nộp không "
    "tính vào thời gian giải quyết.",
    "supplement": "Thời gian chờ bổ sung không tính vào thời gian giải quyết. Yêu cầu này được nêu một lần, đầy đủ.",
    "refusal": "Người nộp có thể hoàn thiện và nộp lại hồ sơ.",
    "apology": "Sở Văn hóa, Thể thao và Du lịch tỉnh Điện Biên xin lỗi ông/bà vì sự chậm trễ này.",
    "stop": "Người nộp có thể nộp hồ sơ mới khi đủ điều kiện.",
}


def _said_at(event: Received | Written) -> datetime:
    match event:
        case DossierAccepted() | Received():
            return event.received_at
        case SupplementRequested():
            return event.requested_at
        case DossierRejected():
            return event.rejected_at
        case DossierExtended():
            return event.extended_at
        case DossierStopped():
            return event.stopped_at


def _term(term: TermLength | None) -> str:
    return f"{term.amount} {UNITS[term.unit]}" if term else ""


def _local(instant: datetime) -> datetime:
    return instant.astimezone(LOCAL)


def _moment(instant: datetime) -> str:
    local = _local(instant)
    return f"{local:%H} giờ {local:%M} phút, ngày {local:%d/%m/%Y}"
