"""How the values of an event are written in a text: the forms a placeholder may name. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")
SEALED: Final = "{secret}"
"""Where the sealed value goes; its braces cost four places of a GSM text, so a PIN is never longer."""
PLACE_LENGTH: Final = 32
ABBREVIATED: Final = (("Trung tâm Phục vụ hành chính công", "TT PVHCC"), ("Bộ phận Một cửa", "Một cửa"))
"""How the long beginnings of desks' names are written where an SMS has to hold one."""
Language = Literal["vi", "en"]
MATTERS: Final[Mapping[Language, Mapping[str, str]]] = {
    "vi": {"first_answer": "trả lời lần đầu", "term": "thời hạn giải quyết", "complaint": "trả lời phản ánh"},
    "en": {"first_answer": "first answer", "term": "term", "complaint": "answer to a complaint"},
}

WAYS: Final[Mapping[Language, Mapping[str, str]]] = {
    "vi": {"online": "trực tuyến", "post": "qua bưu điện", "in_person": "tại bộ phận một cửa"},
    "en": {"online": "online", "post": "by post", "in_person": "at the one-stop desk"},
}


def _plain(text: Any, _language: Language) -> str:
    """An officer's words: their braces are no placeholders, and a full stop of theirs does not double ours."""
    return str(text or "").replace("{", "(").replace("}", ")").strip()


def _day(instant: datetime, _language: Language) -> str:
    return instant.astimezone(LOCAL).strftime("%d/%m/%Y")


def _dong(amount: int, language: Language) -> str:
    return f"{amount:,}".replace(",", ".") + (" đồng" if language == "vi" else " VND")


def _short(name: Any, language: Language) -> str:
    text = _plain(name, language)
    for whole, abbreviated in ABBREVIATED:
        text = text.replace(whole, abbreviated)
    return text[:PLACE_LENGTH].rstrip()


def _item(items: Any, language: Language) -> Iterator[str]:
    for item in items:
        name = getattr(item.label, language) if item.label else item.name
        yield f"{_plain(name, language)} ({_plain(item.why, language)})"


FORMS: Final[Mapping[str, Callable[[Any, Language], str]]] = {
    "": _plain,
    "words": _plain,
    "short": _short,
    "day": _day,
    "dong": _dong,
    "items": lambda items, language: "; ".join(_item(items, language)),
    "lines": lambda items, language: "\n".join(f"- {line}" for line in _item(items, language)),
    "matter": lambda matter, language: MATTERS[language][matter],
    "way": lambda way, language: WAYS[language][way],
    "secret": lambda _value, _language: SEALED,
}
