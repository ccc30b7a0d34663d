"""What the formats of a form's schema mean. Each reader raises Unfit, which says what would be right."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

from jsonschema import FormatChecker
from stdnum.exceptions import ValidationError as NotValid
from stdnum.vn import mst

from law import identity, phones, units
from law.errors import NotMobile, OldPrefix, PhoneError, Unfit

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_IDENTITY_LENGTH: Final = 12


def day(value: str, _on: date) -> None:
    try:
        if _ISO_DATE.fullmatch(value) and date.fromisoformat(value):
            return
    except ValueError:
        pass
    raise Unfit("ghi một ngày có thật theo dạng năm-tháng-ngày: 1990-05-17", "write a real day as 1990-05-17")


def phone(value: str, _on: date) -> None:
    mobile(value)


def mobile(value: str) -> str:
    """Return the number in E.164."""
    try:
        return phones.normalise(value)
    except PhoneError as error:
        raise Unfit(_phone_vi(error), str(error)) from error


def _phone_vi(error: PhoneError) -> str:
    if isinstance(error, OldPrefix):
        return f"số di động có 10 chữ số từ năm 2018: đầu số {error.old} đã thành {error.new}"
    if isinstance(error, NotMobile):
        return "không phải số di động nên không nhận được tin nhắn"
    return "ghi số di động Việt Nam đang dùng, ví dụ 0912345678 hoặc +84912345678"


def email(value: str, _on: date) -> None:
    if not _EMAIL.fullmatch(value):
        raise Unfit("ghi địa chỉ như an.nguyen@example.vn", "write an address such as an.nguyen@example.vn")


def tax_code(value: str, on: date) -> None:
    """Ten digits of which the last checks the others, thirteen for a branch; a household's is a personal number."""
    if len(value) == _IDENTITY_LENGTH and value.isdigit():
        identity.check(value, on)
        return
    try:
        mst.validate(value)
    except NotValid as error:
        raise Unfit(
            "ghi mã số thuế 10 chữ số (chi nhánh: 13), hoặc số định danh 12 chữ số; kiểm tra lại từng chữ số",
            "write the tax code of 10 digits (13 for a branch), or a personal number of 12; look at each digit again",
        ) from error


def province(value: str, on: date) -> None:
    units.province(value, on)


_READERS: Final[dict[str, Callable[[str, date], None]]] = {
    "date": day,
    "email": email,
    "vn-phone": phone,
    "vn-identity-number": identity.check,
    "vn-tax-code": tax_code,
    "vn-province": province,
}


@lru_cache(maxsize=8)
def checker(on: date) -> FormatChecker:
    """Return what checks formats as they are on the local day `on`."""
    found = FormatChecker(formats=())
    for name, read in _READERS.items():
        found.checks(name, raises=Unfit)(_on(read, on))
    return found


def _on(read: Callable[[str, date], None], on: date) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        if isinstance(value, str):
            read(value, on)
        return True

    return fits
