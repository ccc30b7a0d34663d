"""A dossier as officers see it: who files, every answer, every document, everything that happened. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.portal.following import HIDDEN, step
from services.portal.places import Places
from services.portal.questions import Question, address, of_form, own
from services.portal.texts import Language, known, text
from services.portal.words import at, named, unit

GIVEN_OUT: Final = frozenset({"clean", "unscanned"})
"""States of a file whose content is given out."""

GROUPS: Final = (
    ("applicant", "applicant", "kind", "applicant"),
    ("agent", "agent", "basis", "file.agent"),
    ("address", "delivery", "", ""),
)
"""Of the content: its key, the section of a filing it was asked in, what was chosen there, and the words for that."""


@dataclass(frozen=True)
class Answer:
    """One thing that was said. `name`: of the field of the form, empty for who files."""

    label: str
    value: str
    name: str = ""


@dataclass(frozen=True)
class Document:
    """One document. `file`: what opens it, empty where it is not given out; `state` and `original` in words."""

    code: str
    name: str
    file: str
    state: str
    about: str
    original: str


@dataclass(frozen=True)
class Happened:
    """One entry of the timeline, with who did it and what they noted."""

    at: str
    what: str
    detail: str
    who: str


def people(content: Mapping[str, Any], places: Places, language: Language) -> dict[str, tuple[Answer, ...]]:
    """Who files, who files for them, and where the result goes, by the text that names each."""
    found = {}
    for key, section, choice, words in GROUPS:
        said = content.get(key)
        if said is None:
            continue
        asked = address(places, language) if key == "address" else own(key, language)
        told = (one.answered(str(said.get(one.name.partition(".")[2]) or "")) for one in asked)
        rows = [Answer(one.label, one.shown) for one in told]
        if choice:
            chosen = known(language, f"{words}.{said[choice]}", said[choice])
            rows.insert(0, Answer(text(language, f"file.{section}.{choice}"), chosen))
        found[f"file.{section}.title"] = tuple(row for row in rows if row.value)
    return found


def answers(content: Mapping[str, Any], schema: Mapping[str, Any], language: Language) -> tuple[Answer, ...]:
    """Of the form, in its order; a field that today's form has no more is called by its name."""
    said = dict(content["form"])
    found = []
    for name, field in schema["properties"].items():
        question: Question = of_form(name, field, schema, language)
        value = said.pop(name, None)
        found.append(Answer(question.label, question.answered("" if value is None else str(value)).shown, name))
    return (*found, *(Answer(name, str(value), name) for name, value in said.items()))


def stage(whole: Mapping[str, Any], procedure: Mapping[str, Any], language: Language) -> str:
    """The present stage of its term; empty where that runs in one."""
    stages = (procedure.get("stages") or {"value": ()})["value"]
    here = len(whole["answered"])
    return named(stages[here], language) if here < len(stages) else ""


def documents(
    files: Iterable[Mapping[str, Any]], procedure: Mapping[str, Any], language: Language
) -> tuple[Document, ...]:
    """Every document of the procedure and every file, those that are missing too."""
    names = {one["code"]: named(one, language) for one in procedure["documents"]}
    brought: dict[str, list[Mapping[str, Any]]] = {code: [] for code in names}
    for one in files:
        brought.setdefault(one["code"], []).append(one)
    found = []
    for code, there in brought.items():
        name = names.get(code, code)
        found += [_document(code, name, one, language) for one in there]
        if not there:
            found.append(Document(code, name, "", text(language, "desk.no_file"), "", ""))
    return tuple(found)


def _document(code: str, name: str, one: Mapping[str, Any], language: Language) -> Document:
    seen = one["original"]
    return Document(
        code=code,
        name=name,
        file=one["file"] if one["state"] in GIVEN_OUT else "",
        state=known(language, f"desk.file.{one['state']}", one["state"]),
        about=f"{one['type'].rpartition('/')[2].upper()}, {max(1, one['size'] // 1024)} KiB",
        original=text(language, "desk.original", who=seen["by"], at=at(seen["at"])) if seen else "",
    )


def history(entries: Iterable[Mapping[str, Any]], language: Language) -> tuple[Happened, ...]:
    """The last first; what has no words is left out."""
    return tuple(_happened(one, language) for one in reversed(list(entries)) if _word(one, language))


def _word(entry: Mapping[str, Any], language: Language) -> str:
    kind = entry["type"]
    return known(language, f"desk.event.{kind}" if kind in HIDDEN else f"event.{kind}", "")


def _happened(entry: Mapping[str, Any], language: Language) -> Happened:
    by = entry.get("by")
    who, note = "", ""
    if by is not None:
        where = unit(by["unit"], language) if by["unit"] else ""
        for_whom = text(language, "desk.for", who=by["on_behalf_of"]) if by["on_behalf_of"] else ""
        who = ", ".join(part for part in (by["officer"], for_whom, where) if part)
        note = by["note"] or ""
    shown = "" if entry["type"] in HIDDEN else step(entry, language).detail
    return Happened(at(entry["at"]), _word(entry, language), shown or note, who)
