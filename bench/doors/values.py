"""What fits a field of a form, and what does not."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

from law.forms import FormField

NAMED: Final = {
    "address_province": "11",
    "address_commune": "03334",
    "tax_code": "5600128057",
}
"""Fields whose values hang together, or have a check digit."""
UNNAMED: Final = {"address_province": "99", "address_commune": "03130", "tax_code": "5600128058"}
OF_TYPE: Final = {
    "date": "1990-05-17",
    "phone": "0912345678",
    "email": "an.nguyen@example.vn",
    "identity": "011090000001",
    "code": "TK-12.3",
}
BROKEN: Final[Mapping[str, tuple[Any, ...]]] = {
    "date": ("1990-02-30", "17/05/1990", "２０２０-01-01"),
    "phone": ("12", "01621234567", "02153123456", "+4915112345678"),
    "email": ("an.nguyen", "a@b", "a b@example.vn"),
    "identity": ("01109000000", "003090000001", "011399000001", "0110900００1１"),
    "code": ("số 12", "a b", "../x"),
}
WORDS: Final = ("thư viện", "cơ sở", "bơi lội", "Mường Thanh", "tổ 7", "phường", "Điện Biên Phủ")


def fits(field: FormField, rng: random.Random) -> Any:
    """A value that is taken."""
    if field.type == "integer":
        return rng.randint(field.minimum, field.maximum)
    if field.type == "choice":
        return rng.choice(field.choices).value
    if field.type == "text" and field.name not in NAMED:
        return " ".join(rng.choices(WORDS, k=rng.randint(1, 12)))[: field.max_length].strip()
    return NAMED.get(field.name) or OF_TYPE[field.type]


def broken(field: FormField) -> list[Any]:
    """Values that are refused."""
    wrong: list[Any] = [None, "  "] if field.required else []
    wrong += [["x"], {"x": {"y": 1}}]
    if field.type == "integer":
        return [*wrong, field.minimum - 1, field.maximum + 1, "7", 1.5]
    wrong += [7, True, "a\x00b", "x" * (field.max_length + 1)]
    if field.type == "choice":
        return [*wrong, "no such choice"]
    if field.name in NAMED:
        return [*wrong, UNNAMED[field.name]]
    return [*wrong, *BROKEN.get(field.type, ())]
