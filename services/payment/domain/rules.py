"""The written rules: what money that came is for, and what the payer is told. Pure.

Nothing that came is passed over in silence: it pays, or it goes back, or a person clears it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from schemas.money import Vnd
from schemas.payment import RefundReason
from services.payment.domain.state import Invoice

Standing = Literal["payable", "paid", "ended"]
"""Of the invoice when money comes: open or expired; nothing is due any more; the dossier ended first."""
Fit = Literal["exact", "over", "under"]
"""The amount beside what is due."""
GROUNDS: Final[dict[RefundReason, str]] = {
    "second_payment": "Khoản phí, lệ phí này đã được nộp trước đó",
    "overpaid": "Số tiền nộp nhiều hơn số phải nộp",
    "underpaid": "Số tiền nộp ít hơn số phải nộp",
    "after_end": "Hồ sơ đã kết thúc",
    "recalculated": "Phí, lệ phí được tính lại thấp hơn số đã nộp",
    "officer": "Theo đề nghị của cán bộ",
}


UNUSED_POSTAGE: Final = "Kết quả không gửi theo cách đã nộp cước"
NOT_RECEIVED: Final = "Hồ sơ kết thúc trước khi được tiếp nhận"


def ground(invoice: Invoice, reason: RefundReason) -> str:
    """Why money goes back, in words, where a rule asked for it."""
    if reason != "after_end":
        return GROUNDS[reason]
    return UNUSED_POSTAGE if invoice.purpose == "postage" else NOT_RECEIVED if invoice.early else GROUNDS[reason]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`pays`: the due part is applied to the fee; `back`: why the rest, if any, goes back to the payer."""

    pays: bool
    back: RefundReason | None


RULES: Final[dict[tuple[Standing, Fit], Verdict]] = {
    ("payable", "exact"): Verdict(pays=True, back=None),
    ("payable", "over"): Verdict(pays=True, back="overpaid"),
    ("payable", "under"): Verdict(pays=False, back="underpaid"),
    ("paid", "exact"): Verdict(pays=False, back="second_payment"),
    ("paid", "over"): Verdict(pays=False, back="second_payment"),
    ("paid", "under"): Verdict(pays=False, back="second_payment"),
    ("ended", "exact"): Verdict(pays=False, back="after_end"),
    ("ended", "over"): Verdict(pays=False, back="after_end"),
    ("ended", "under"): Verdict(pays=False, back="after_end"),
}
"""A late success pays an expired invoice while its dossier lives: the payer did as we asked, and is not asked again."""


def standing(invoice: Invoice) -> Standing:
    """Where the invoice stands for money that comes now."""
    if invoice.status == "cancelled":
        return "ended"
    return "payable" if invoice.outstanding else "paid"


def judge(invoice: Invoice, amount: Vnd) -> Verdict:
    """What `amount` VND is for."""
    due = invoice.outstanding
    fit: Fit = "exact" if amount == due else "over" if amount > due else "under"
    return RULES[standing(invoice), fit]


Outward = Literal["to_pay", "held", "paid", "refund_coming", "refunded", "expired", "cancelled"]
OUTWARD: Final[dict[Outward, tuple[str, str]]] = {
    "to_pay": ("Chưa nộp. Vui lòng nộp trước hạn.", "Not paid yet. Please pay in time."),
    "held": (
        "Chúng tôi đã nhận thông tin về tiền của bạn và đang đối chiếu. Bạn không cần làm gì.",
        "We have your money and are checking it. You need not do anything.",
    ),
    "paid": ("Đã nộp. Bạn không cần làm gì thêm.", "Paid. You need not do anything."),
    "refund_coming": (
        "Có tiền được hoàn lại cho bạn. Bạn không cần làm gì.",
        "Money is coming back to you. You need not do anything.",
    ),
    "refunded": ("Đã hoàn tiền.", "Refunded."),
    "expired": ("Hết hạn nộp. Bạn có thể gia hạn và nộp.", "The time to pay is over. You can renew it and pay."),
    "cancelled": ("Không còn phải nộp.", "Nothing is to be paid any more."),
}


def outward(invoice: Invoice) -> Outward:
    """What the payer is told: what is on its way to them first, then what they are to do."""
    if any(r.live and r.status != "made" for r in invoice.refunds):
        return "refund_coming"
    if any(c.open and c.kind != "refund_failed" for c in invoice.cases):
        return "held"
    if invoice.status == "open":
        return "to_pay"
    if invoice.status == "paid":
        return "paid" if invoice.credit > 0 or not invoice.takings else "refunded"
    if invoice.status == "cancelled" and any(r.status == "made" for r in invoice.refunds):
        return "refunded"
    return invoice.status
