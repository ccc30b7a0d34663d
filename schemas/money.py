"""Money: whole đồng, in a type of its own. There is no fraction of a đồng, and no float comes near it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NoReturn, Self, SupportsIndex

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

MOST: Final = 10_000_000_000
"""The largest amount of one payment or line, VND: what N[1,12] of VND times 100 carries (VNPAY 2.1.0)."""


class Vnd(int):
    """An amount in VND. Sums and differences are amounts again; a quotient or a float is none.

    As a field it is 0 to `MOST` and strict: no text, no 5.0, no true. Raises TypeError for anything but whole numbers.
    """

    def __new__(cls, value: int = 0) -> Self:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"an amount of money is a whole number of đồng, not {type(value).__name__}")
        return super().__new__(cls, value)

    def __add__(self, other: int) -> Vnd:
        return Vnd(int.__add__(self, _whole(other)))

    __radd__ = __add__

    def __sub__(self, other: int) -> Vnd:
        return Vnd(int.__sub__(self, _whole(other)))

    def __rsub__(self, other: int) -> Vnd:
        return Vnd(int.__sub__(_whole(other), self))

    def __neg__(self) -> Vnd:
        return Vnd(int.__neg__(self))

    def __mul__(self, times: int) -> Vnd:
        return Vnd(int.__mul__(self, _whole(times)))

    __rmul__ = __mul__

    def __truediv__(self, other: int) -> NoReturn:
        raise TypeError("an amount of money has no fractions: use divmod and say who bears the rest")

    __rtruediv__ = __truediv__

    def __float__(self) -> NoReturn:
        raise TypeError("an amount of money is never a float")

    def __round__(self, ndigits: SupportsIndex | None = None) -> NoReturn:
        raise TypeError("an amount of money is whole already")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.int_schema(ge=0, le=MOST, strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(
                int, return_schema=core_schema.int_schema(ge=0, le=MOST)
            ),
        )


def _whole(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"money and {type(value).__name__} do not mix")
    return int(value)


def total(amounts: Iterable[int]) -> Vnd:
    """The sum of amounts, VND."""
    return Vnd(sum(amounts))
