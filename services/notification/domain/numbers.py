"""Phone numbers people type, in E.164. An old eleven-digit one is converted, where a filing only names the new prefix:
here the number is verified by a code before anything is sent to it. Pure."""

from __future__ import annotations

from law import phones
from law.errors import OldPrefix, PhoneError

__all__ = ["PhoneError", "e164"]


def e164(text: str) -> str:
    """The number in E.164, as +84912345678; the same whenever it is asked, also for what it gave.

    Raises:
        PhoneError: not a Vietnamese mobile number.
    """
    try:
        return phones.normalise(text)
    except OldPrefix as error:
        digits = "".join(char for char in text if char.isdigit())
        national = digits.removeprefix("84").removeprefix("0")
        return phones.normalise(f"{error.new}{national[len(error.old) - 1 :]}")
