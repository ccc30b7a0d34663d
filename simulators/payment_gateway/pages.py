"""What a payer sees, in Vietnamese, without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from simulators.payment_gateway.gateway import Transaction

_STYLE = """body{font:16px/1.5 system-ui;max-width:30rem;margin:3rem auto;padding:0 1rem;color:#123}
h1{font-size:1.3rem}.amount{font-size:2rem;font-weight:600}button{font:inherit;padding:.6rem 1.2rem;
margin:.4rem .4rem 0 0}
select{font:inherit;padding:.4rem}table{border-collapse:collapse;width:100%}td,th{padding:.3rem .5rem;text-align:left;
border-bottom:1px solid #ddd}.note{color:#666;font-size:.9rem}"""

FAILURES = {
    "07": "Nghi ngờ gian lận, tiền đã bị trừ",
    "09": "Chưa đăng ký dịch vụ",
    "10": "Xác thực sai quá 3 lần",
    "11": "Hết hạn chờ thanh toán",
    "12": "Thẻ hoặc tài khoản bị khóa",
    "13": "Sai OTP",
    "24": "Khách hàng hủy",
    "51": "Không đủ số dư",
    "65": "Quá hạn mức trong ngày",
    "75": "Ngân hàng bảo trì",
    "79": "Sai mật khẩu quá số lần",
    "99": "Lỗi khác",
}
"""vnp_ResponseCode of every way not to pay, and its meaning."""


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>{body}</html>"
    )


def _dong(hundredths: int) -> str:
    return f"{hundredths // 100:,}".replace(",", ".") + " ₫"


def payment(transaction: Transaction) -> str:
    """The payment form."""
    request = transaction.request
    return _page(
        "Thanh toán phí, lệ phí",
        f'<p class="amount">{_dong(transaction.amount)}</p><p>{escape(request["vnp_OrderInfo"])}</p>'
        f'<form method="post" action="/paymentv2/pay/{escape(request["vnp_TmnCode"])}/{escape(request["vnp_TxnRef"])}">'
        '<label>Ngân hàng <select name="bank"><option>NCB</option><option>VNPAYQR</option></select></label><br>'
        '<button name="decision" value="pay" type="submit">Thanh toán</button>'
        '<button name="decision" value="cancel" type="submit">Hủy</button>'
        '<button name="decision" value="insufficient" type="submit">Không đủ số dư</button><br>'
        f"{_others()}</form>"
        '<p class="note">Cổng thanh toán giả lập: không có tiền thật.</p>',
    )


def _others() -> str:
    return "".join(
        f'<button name="decision" value="{code}" type="submit">{code} {escape(text)}</button>'
        for code, text in FAILURES.items()
        if code not in {"24", "51"}
    )


def refusal(code: str, message: str) -> str:
    """The error page."""
    return _page("Giao dịch không hợp lệ", f'<p role="alert">Mã lỗi {escape(code)}: {escape(message)}</p>')


def overview(transactions: Iterable[Transaction]) -> str:
    """All transactions, the newest first."""
    rows = "".join(
        f"<tr><td>{escape(t.number)}<td>{_dong(t.amount)}<td>{escape(t.response or '–')}<td>{escape(t.paid_at or '–')}"
        f"<td>{escape(', '.join(t.ipn) or '–')}</tr>"
        for t in transactions
    )
    head = "<tr><th>Số<th>Số tiền<th>Kết quả<th>Lúc<th>IPN</tr>"
    return _page("Giao dịch", f"<table>{head}{rows}</table>")
