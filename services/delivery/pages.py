"""The pages anyone may see: verification and one-time download. Without scripts, readable on a phone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
STYLE: Final = """
:root{color-scheme:light}*{box-sizing:border-box}
body{font:1.06rem/1.55 system-ui,sans-serif;margin:0;color:#1b1f24;background:#f4f5f7}
header{background:#8f1d21;color:#fff;padding:1rem 1.25rem}header p{margin:0;font-size:.95rem}
main{max-width:44rem;margin:1.25rem auto;padding:1.25rem;background:#fff;border-radius:.5rem;border:1px solid #d5d9de}
h1{font-size:1.35rem;margin:.2rem 0 1rem}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
.verdict{border-left:.5rem solid;padding:.75rem 1rem;font-weight:600;background:#f7f8f9}
.valid{border-color:#14713b;color:#0d5a2d}.replaced{border-color:#8a5a00;color:#6d4700}
.revoked,.unknown{border-color:#a4161a;color:#8f1216}
dl{display:grid;grid-template-columns:minmax(9rem,auto) 1fr;gap:.45rem 1rem;margin:1rem 0}
dt{color:#4a525c}dd{margin:0;overflow-wrap:anywhere}code{font-size:.92rem}
label{display:block;font-weight:600;margin:.75rem 0 .3rem}
input{font:inherit;padding:.55rem;width:100%;border:1px solid #6b7480;border-radius:.3rem}
button{font:inherit;font-weight:600;margin-top:.9rem;padding:.6rem 1.2rem;border:0;border-radius:.3rem;
background:#8f1d21;color:#fff;cursor:pointer}a{color:#8f1d21}
:focus-visible{outline:3px solid #1a5fb4;outline-offset:2px}
@media(max-width:32rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}main{margin:0;border-radius:0}}
"""
WORDS: Final = {
    "valid": "Văn bản hợp lệ, đang có hiệu lực.",
    "replaced": "Văn bản đã được thay thế bằng văn bản khác.",
    "revoked": "Văn bản đã bị thu hồi, không còn hiệu lực.",
}
ENGLISH: Final = {
    "valid": "This document is genuine and in force.",
    "replaced": "This document was replaced by another.",
    "revoked": "This document was revoked and is no longer valid.",
}
ROLES: Final = {"leader": "Lãnh đạo", "agency": "Cơ quan"}


def _page(title: str, main: str) -> str:
    return (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body>'
        "<header><p>UBND tỉnh Điện Biên</p><strong>Sở Văn hóa, Thể thao và Du lịch</strong></header>"
        f"<main><h1>{escape(title)}</h1>{main}</main></body></html>"
    )


def ask() -> str:
    """The form: by code, or by file."""
    return _page(
        "Kiểm tra văn bản điện tử",
        "<p>Nhập mã xác thực in dưới mã QR của văn bản, hoặc chọn tệp PDF. Trang này không hiển thị dữ liệu cá nhân. "
        '<span lang="en">Check a document by its code or by its file.</span></p>'
        '<form method="get" action="/verify"><label for="code">Mã xác thực</label>'
        '<input id="code" name="code" required maxlength="40" autocomplete="off" autocapitalize="characters" '
        'placeholder="ABCD-EFGH-IJKL-MNOP"><button>Kiểm tra mã</button></form>'
        '<form method="post" action="/verify" enctype="multipart/form-data"><label for="file">Tệp PDF</label>'
        '<input id="file" name="file" type="file" accept="application/pdf" required>'
        "<button>Kiểm tra tệp</button></form>",
    )


def verdict(found: Mapping[str, Any] | None, *, by: str) -> str:
    """What is known of a document; by file, that it is the same to the last byte."""
    if found is None:
        why = (
            "Không có văn bản nào mang mã xác thực này."
            if by == "code"
            else "Tệp này không do cơ quan phát hành, hoặc đã bị sửa đổi."
        )
        english = "No document with that code." if by == "code" else "Not issued by this office, or changed since."
        shown = f'<p class="verdict unknown" role="status">{why}<br><span lang="en">{english}</span></p>'
        return _page("Kết quả kiểm tra", f'{shown}<p><a href="/verify">Kiểm tra văn bản khác</a></p>')
    word = str(found["status"])
    head = f'<p class="verdict {word}" role="status">{WORDS[word]}<br><span lang="en">{ENGLISH[word]}</span></p>'
    same = (
        "<p>Tệp đã gửi trùng khớp từng byte với bản lưu của cơ quan.</p>"
        if by == "file"
        else "<p>Hãy so sánh số, tên văn bản và mã băm dưới đây với văn bản trong tay; để chắc chắn, "
        '<a href="/verify">kiểm tra bằng tệp PDF</a>.</p>'
    )
    facts = [
        ("Số văn bản", found.get("number")),
        ("Tên văn bản", found["title"]),
        ("Mã xác thực", found["code"]),
        ("Thời điểm phát hành", _moment(found["stored_at"])),
        ("Thời điểm hết hiệu lực", _moment(found["revoked_at"]) if "revoked_at" in found else None),
        ("Lý do", found.get("reason")),
    ]
    after = found.get("replaced_by")
    rows = "".join(f"<dt>{label}</dt><dd>{escape(str(value))}</dd>" for label, value in facts if value)
    if after:
        rows += f'<dt>Được thay thế bởi</dt><dd><a href="/verify/{escape(after)}">{escape(after)}</a></dd>'
    rows += f"<dt>Mã băm SHA-256</dt><dd><code>{found['sha256']}</code></dd>"
    return _page("Kết quả kiểm tra", f"{head}{same}<dl>{rows}</dl><h2>Chữ ký số</h2>{_signatures(found)}")


def _signatures(found: Mapping[str, Any]) -> str:
    if not found["signatures"]:
        return "<p>Văn bản này được phát hành không kèm chữ ký số.</p>"
    rows = "".join(
        f"<dt>{ROLES[s['role']]}</dt><dd>{escape(s['signer'])}, {_moment(s['at'])}"
        f"{' (có dấu thời gian)' if s['stamped'] else ''}</dd>"
        for s in found["signatures"]
    )
    return f"<dl>{rows}</dl>"


def pin(left: int | None = None) -> str:
    """Asks for the code from the SMS."""
    wrong = (
        f'<p class="verdict revoked" role="alert">Mã không đúng. Còn {left} lần thử.</p>' if left is not None else ""
    )
    return _page(
        "Tải kết quả",
        f"{wrong}<p>Nhập mã gồm 6 chữ số trong tin nhắn SMS. Liên kết chỉ dùng được một lần.</p>"
        '<form method="post"><label for="pin">Mã 6 chữ số</label>'
        '<input id="pin" name="pin" required pattern="[0-9]{6}" inputmode="numeric" autocomplete="one-time-code" '
        'maxlength="6"><button>Tải về</button></form>',
    )


def gone() -> str:
    """The link was used, has expired, or never was."""
    return _page(
        "Liên kết không còn hiệu lực",
        "<p>Liên kết này đã được dùng hoặc đã hết hạn. Xin yêu cầu liên kết mới trên cổng dịch vụ công "
        "hoặc tại Bộ phận Một cửa.</p>",
    )


def _moment(instant: datetime) -> str:
    local = instant.astimezone(LOCAL)
    return f"{local:%H} giờ {local:%M} phút, ngày {local:%d/%m/%Y}"
