"""A procedure as its page shows it, read off submission's catalogue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from law.text import fold
from services.portal.texts import Language, text
from services.portal.words import amounts, both, money, named, term


@dataclass(frozen=True)
class Line:
    """One thing there is a name and a word for."""

    name: str
    value: str = ""


@dataclass(frozen=True)
class Fee:
    """`total`: today's, or from what to what; `depends_on`: the answers that decide; `example`: nobody verified it."""

    total: str
    lines: tuple[Line, ...] = ()
    depends_on: tuple[str, ...] = ()
    example: bool = False


def by_field(listed: Iterable[Mapping[str, Any]], language: Language) -> dict[str, list[Mapping[str, Any]]]:
    """Procedures by the name of their field, both in alphabetical order of the name."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in listed:
        found.setdefault(both(one["field"], language), []).append(one)
    return {
        name: sorted(found[name], key=lambda p: fold(both(p["name"], language))) for name in sorted(found, key=fold)
    }


def fee(whole: Mapping[str, Any], language: Language) -> Fee:
    """What it costs today."""
    charges = whole["charges"]
    if not charges:
        return Fee(text(language, "procedure.free"))
    today = whole["fee_today"]
    if today is not None:
        return _assessed(today, language)
    possible = [amount for charge in charges for amount in amounts(charge["rate"])]
    labels = {field["name"]: named(field, language, "label") for field in whole["form"]["fields"]}
    low, high = (money(amount, language) for amount in (min(possible), max(possible)))
    return Fee(
        text(language, "procedure.fee_range", low=low, high=high),
        tuple(Line(named(charge, language)) for charge in charges),
        tuple(labels.get(name, name) for name in whole["fee_depends_on"]),
    )


@dataclass(frozen=True)
class Quote:
    """What will be due for what was answered. `due`: when, as the law's word; `free`: what is not due, and why."""

    fee: Fee
    due: str
    free: tuple[str, ...] = ()


def quote(found: Mapping[str, Any], language: Language) -> Quote | None:
    """None while an answer that it is counted by is missing."""
    if found["total"] is None:
        return None
    free = tuple(named(one, language, "reason") for one in found["exemptions"])
    return Quote(_assessed(found, language), found["due"] if found["lines"] else "", free)


def _assessed(found: Mapping[str, Any], language: Language) -> Fee:
    if not found["lines"]:
        return Fee(text(language, "procedure.free"))
    lines = tuple(Line(named(one, language), money(one["amount"], language)) for one in found["lines"])
    return Fee(money(found["total"], language), lines, example=any(one["mark"] == "U" for one in found["lines"]))


def terms(whole: Mapping[str, Any], language: Language) -> tuple[Line, ...]:
    """The term, and others that bind in some cases or stages."""
    fields = {field["name"]: field for field in whole["form"]["fields"]}
    found = [Line(text(language, "procedure.term_all"), term(whole["term"], language))]
    for case in whole.get("term_cases", ()):
        asked = fields.get(case["input"], {})
        choices = {c["value"]: named(c, language, "label") for c in asked.get("choices", ())}
        answers = ", ".join(choices.get(answer, answer) for answer in case["answers"])
        found.append(Line(answers, term(case["term"], language)))
    found += [Line(named(s, language), term(s["term"], language)) for s in whole.get("stages", {}).get("value", ())]
    if "file_ahead" in whole:
        found.append(Line(text(language, "procedure.file_ahead"), term(whole["file_ahead"]["value"], language)))
    return tuple(found)
