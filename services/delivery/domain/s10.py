"""Item numbers of the Universal Postal Union's standard S10: ``RA473124829VN``. Pure."""

from __future__ import annotations

import re
from typing import Final

WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
FORM: Final = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}", re.ASCII)


def check_digit(serial: str) -> int:
    """Of eight digits: 11 less the weighted sum modulo 11, with 10 written as 0 and 11 as 5."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def is_valid(item: str) -> bool:
    """Whether it has the form of an item number and its check digit is right."""
    return FORM.fullmatch(item) is not None and check_digit(item[2:10]) == int(item[10])
