"""Numbers, days and terms as people read them, in either language. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from law.clock.hours import local
from services.portal.texts import Language, known, text


def both(name: Mapping[str, str], language: Language) -> str:
    """A bilingual name of the services."""
    return name.get(language) or name["vi"]


def named(thing: Mapping[str, Any], language: Language, prefix: str = "name") -> str:
    """The same where the two are fields: ``name_vi``, ``name_en``."""
    found: str = thing.get(f"{prefix}_{language}") or thing[f"{prefix}_vi"]
    return found


def money(vnd: int, language: Language) -> str:
    """Whole đồng, grouped as the language does."""
    return f"{vnd:,}".replace(",", ".") + " đồng" if language == "vi" else f"{vnd:,} VND"


def instant(moment: str | None) -> datetime | None:
    """An instant of the services' JSON, on the local clock."""
    return local(datetime.fromisoformat(moment)) if moment else None


def day(moment: str | None) -> str:
    """A local day, as both languages write it here."""
    found = instant(moment)
    return f"{found:%d/%m/%Y}" if found else ""


def calendar_day(written: str) -> str:
    """A day that was answered (YYYY-MM-DD), as both languages write it here; anything else as it is."""
    try:
        return f"{date.fromisoformat(written):%d/%m/%Y}"
    except ValueError:
        return written


def at(moment: str | None) -> str:
    """A local day and time."""
    found = instant(moment)
    return f"{found:%H:%M, %d/%m/%Y}" if found else ""


def term(found: Mapping[str, Any], language: Language) -> str:
    """``5 working days``."""
    return text(language, f"term.{found['unit']}", days=found["amount"])


def number(found: int | None, language: Language) -> str:
    """A published number; None was withheld."""
    return (
        text(language, "statistics.few")
        if found is None
        else f"{found:,}".replace(",", "." if language == "vi" else ",")
    )


def per_mille(found: int | None, language: Language) -> str:
    """As per cent."""
    mark = "," if language == "vi" else "."
    return text(language, "statistics.too_few") if found is None else f"{found // 10}{mark}{found % 10} %"


def unit(code: str | None, language: Language) -> str:
    """Where an officer works; a unit that has no name here is called by its code."""
    return text(language, "unit.department") if code is None else known(language, f"unit.{code}", code)


def amounts(rate: Any) -> Iterator[int]:
    """Every amount a rate may come to: those of its cases and tiers."""
    if isinstance(rate, list):
        for part in rate:
            yield from amounts(part)
    elif isinstance(rate, dict):
        amount = rate.get("amount")
        if isinstance(amount, int):
            yield amount
        elif isinstance(amount, dict):
            yield amount["value"]
        for part in (value for key, value in rate.items() if key != "amount"):
            yield from amounts(part)
