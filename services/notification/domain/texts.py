"""What applicants are told at each step. Unaccented for SMS, so that a text fits one message; accented in e-mail.

No personal data: a dossier is named by its code, before it has one by the first eight characters of its id.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from law.text import unaccent
from schemas import delivery, dossier, feedback, payment
from schemas.event import Event

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
SIGNATURE: Final = "Sở VHTTDL Điện Biên"
SPELT: Final = str.maketrans({"×": "x", "–": "-", "—": "-", "“": '"', "”": '"', "’": "'", "‘": "'"})
SMS_LENGTH: Final = 459
"""Three parts of a GSM text."""
EMAIL_LENGTH: Final = 900
Step = tuple[str, str]
"""A kind of message, one of each per dossier, and its text with ``{code}`` open."""


def of(event: Event) -> Step | None:
    """What to say about an event, if anything."""
    return _life(event) or _ending(event) or _money_and_way(event)


def _life(event: Event) -> Step | None:  # noqa: PLR0911 - one case a step
    match event:
        case dossier.DossierSubmitted():
            return "submitted", "Hồ sơ {code} đã được gửi. Chúng tôi sẽ trả lời trong 8 giờ làm việc."
        case dossier.DossierAccepted():
            return "accepted", f"Hồ sơ {{code}} đã được tiếp nhận. Hẹn trả kết quả: {_day(event.due_at)}."
        case dossier.SupplementRequested():
            text = "; ".join(f"{item.label.vi if item.label else item.name} ({item.why})" for item in event.items)
            return "supplement", f"Hồ sơ {{code}} cần bổ sung trước {_day(event.answer_by)}: {_plain(text)}"
        case dossier.FeeSettled() if event.due_at != event.promised:
            return "due", f"Hồ sơ {{code}}: đã nộp phí, ngày hẹn trả kết quả mới: {_day(event.due_at)}."
        case dossier.DossierSupplemented() if event.due_at is not None:
            return "due_again", f"Đã nhận bổ sung hồ sơ {{code}}. Hẹn trả kết quả: {_day(event.due_at)}."
        case dossier.DossierExtended():
            text = f"Xin lỗi, hồ sơ {{code}} chưa trả đúng hẹn: {_plain(event.reason)}"
            return "extended", f"{text}. Hẹn lại: {_day(event.due_at)}."
        case _:
            return None


def _ending(event: Event) -> Step | None:
    match event:
        case dossier.DossierRejected():
            return "rejected", f"Hồ sơ {{code}} không được tiếp nhận: {_plain(event.reason)}"
        case dossier.DossierStopped():
            return "stopped", f"Hồ sơ {{code}} dừng giải quyết: {_plain(event.reason)}"
        case dossier.DossierWithdrawn():
            return "withdrawn", "Hồ sơ {code} đã được rút theo yêu cầu."
        case dossier.DossierDecided(outcome="refused"):
            return "refused", f"Hồ sơ {{code}} không được chấp thuận: {_plain(event.reason or '')}"
        case feedback.ComplaintAnswered():
            return "complaint", "Phản ánh về hồ sơ {code} đã được trả lời. Mời xem trên cổng dịch vụ công."
        case _:
            return None


def _money_and_way(event: Event) -> Step | None:  # noqa: PLR0911 - one case a step
    match event:
        case payment.InvoiceOpened():
            return "invoice", f"Hồ sơ {{code}}: phí, lệ phí {_dong(event.total)}. Vui lòng nộp trực tuyến."
        case payment.ReceiptIssued():
            return "receipt", f"Đã nhận {_dong(event.amount)} cho hồ sơ {{code}}. Biên lai {event.number}."
        case delivery.ConsignmentOrdered():
            return "consignment", f"Kết quả hồ sơ {{code}} gửi qua bưu điện, số hiệu {event.tracking}."
        case delivery.ResultAvailable(way="in_person"):
            return "available", "Hồ sơ {code} đã có kết quả. Mời đến bộ phận một cửa để nhận."
        case delivery.ResultDelivered(way="online"):
            return "delivered", "Hồ sơ {code} đã có kết quả. Mời tải về từ cổng dịch vụ công."
        case delivery.ResultDelivered():
            return "delivered", "Kết quả hồ sơ {code} đã được giao. Trân trọng cảm ơn."
        case delivery.DeliveryFailed():
            return "delivery_failed", "Chưa giao được kết quả hồ sơ {code}. Chúng tôi sẽ liên hệ lại."
        case _:
            return None


def sms(text: str, code: str) -> str:
    """For a phone: unaccented, with the agency's name in front, three parts at most."""
    return _cut(_ascii(unaccent(f"{SIGNATURE}: {text.format(code=code)}")), SMS_LENGTH)


def email(text: str, code: str) -> str:
    """For a mailbox."""
    return f"{_cut(text.format(code=code), EMAIL_LENGTH)}\n\n{SIGNATURE}\n"


def _ascii(text: str) -> str:
    """One letter outside GSM-7 would make every part of a text a third as long."""
    spelt = unicodedata.normalize("NFKD", text.translate(SPELT))
    return spelt.encode("ascii", "replace").decode()


def _cut(text: str, length: int) -> str:
    """What an officer wrote at length is read on the portal."""
    return text if len(text) <= length else f"{text[: length - 3]}..."


def title(code: str) -> str:
    """Subject of an e-mail."""
    return f"Hồ sơ {code}"


def _plain(text: str) -> str:
    """An officer's words: their braces are no placeholders."""
    return text.replace("{", "(").replace("}", ")")


def _day(instant: datetime) -> str:
    return instant.astimezone(LOCAL).strftime("%d/%m/%Y")


def _dong(amount: int) -> str:
    return f"{amount:,}".replace(",", ".") + " đồng"
