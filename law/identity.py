"""Personal identity numbers (số định danh cá nhân), as on the citizen's card.

Twelve digits (TT 59/2021/TT-BCA): three of the province or country of birth registration, one of century and sex,
two of the year of birth, six at random; there is no check digit. The provinces are the 63 before 1 July 2025, for
good: the number says where a birth was registered, not where anybody lives. Nine digits are an old card (CMND).
"""

import re
from datetime import date
from typing import Final

from law.errors import Unfit

_SHAPE: Final = re.compile(r"[0-9]{9}|[0-9]{12}", re.ASCII)
_OLD: Final = 9
_ABROAD: Final = 100
"""From here on the first three digits are of a country."""
_PROVINCES: Final = frozenset((
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45,
    46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92,
    93, 94, 95, 96,
))  # fmt: skip


def check(number: str, on: date) -> None:
    """Raises Unfit where `number` cannot be one that a person has on the day `on`."""
    if not _SHAPE.fullmatch(number):
        raise Unfit("ghi 12 chữ số trên thẻ căn cước, không dấu cách", "write the 12 digits of the card, no spaces")
    if len(number) == _OLD:
        return
    if int(number[:3]) not in _PROVINCES and int(number[:3]) < _ABROAD:
        raise Unfit(
            "ba chữ số đầu không phải mã tỉnh nơi đăng ký khai sinh; kiểm tra lại trên thẻ",
            "the first three digits are of no province of birth registration; look at the card again",
        )
    if birth_year(number) > on.year:
        raise Unfit(
            "chữ số thứ tư đến thứ sáu chỉ một năm sinh chưa tới; kiểm tra lại trên thẻ",
            "digits four to six say a year of birth to come; look at the card again",
        )


def birth_year(number: str) -> int:
    """Return the year that a number of twelve digits says: its fourth is 0, 1 in the 20th century, 2, 3 in the 21st."""
    return 1900 + int(number[3]) // 2 * 100 + int(number[4:6])
