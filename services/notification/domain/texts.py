"""What applicants are told at each step. Unaccented for SMS, so that a text fits one message; accented in e-mail.

No personal data: a dossier is named by its code, before it has one by the first eight characters of its id.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from law.text import unaccent
from schemas import delivery, dossier, payment
from schemas.event import Event

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
SIGNATURE: Final = "Sở VHTTDL Điện Biên"
Step = tuple[str, str]
"""A kind of message, one of each per dossier, and its text with ``{code}`` open."""


def of(event: Event) -> Step | None:  # noqa: C901, PLR0911 - one case a step
    """What to say about an event, if anything."""
    match event:
        case dossier.DossierSubmitted():
            return "submitted", "Hồ sơ {code} đã được gửi. Chúng tôi sẽ trả lời trong 8 giờ làm việc."
        case dossier.DossierAccepted():
            return "accepted", f"Hồ sơ {{code}} đã được tiếp nhận. Hẹn trả kết quả: {_day(event.due_at)}."
        case dossier.DossierRejected():
            return "rejected", f"Hồ sơ {{code}} không được tiếp nhận: {event.reason}"
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
    """For a phone: unaccented, with the agency's name in front."""
    return unaccent(f"{SIGNATURE}: {text.format(code=code)}")


def email(text: str, code: str) -> str:
    """For a mailbox."""
    return f"{text.format(code=code)}\n\n{SIGNATURE}\n"


def title(code: str) -> str:
    """Subject of an e-mail."""
    return f"Hồ sơ {code}"


def _day(instant: datetime) -> str:
    return instant.astimezone(LOCAL).strftime("%d/%m/%Y")


def _dong(amount: int) -> str:
    return f"{amount:,}".replace(",", ".") + " đồng"
