"""What is asked of somebody who files: sections of questions, made of a procedure's form schema. Pure.

Services name what is wrong by the path of a field (`form.identity_number`); that path is also the name of its input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from services.portal.places import Place, Places, became, meant
from services.portal.texts import Language, known, text
from services.portal.words import calendar_day, named

SECTIONS: Final = ("applicant", "agent", "form", "documents", "delivery")
BASES: Final = ("authorisation", "guardianship", "legal_representation")
KINDS: Final = {
    "date": "date",
    "email": "email",
    "vn-phone": "tel",
    "vn-identity-number": "digits",
    "vn-tax-code": "digits",
    "vn-province": "place",
    "vn-commune": "place",
}
PROVINCE: Final = "address.province"
LONG: Final = 300
"""Characters from which on a text has more than one line."""
OWN: Final = {
    "applicant": (("name", "text", 255, True), ("phone", "tel", 30, True), ("email", "email", 254, False),
                  ("identity_number", "digits", 14, False)),
    "agent": (("name", "text", 255, False), ("phone", "tel", 30, False), ("identity_number", "digits", 12, False),
              ("paper", "text", 255, False)),
    "address": (("province", "choice", 2, False), ("commune", "place", 255, False), ("detail", "text", 255, False)),
}  # fmt: skip
"""Questions that every procedure asks: name, kind, longest answer, whether it must be answered."""


@dataclass(frozen=True)
class Choice:
    """One of several answers."""

    value: str
    label: str


@dataclass(frozen=True)
class Question:
    """One input. `name` is the path of its field; `kind`: text, long, number, digits (a zero in front counts), date,
    email, tel, choice, pdf (a file), or place (one of `suggestions`, by name; anything else the service judges).
    """

    name: str
    label: str
    kind: str
    value: str = ""
    hint: str = ""
    longest: int = 255
    required: bool = False
    choices: tuple[Choice, ...] = ()
    suggestions: tuple[Place, ...] = ()
    fault: str = ""

    @property
    def shown(self) -> str:
        """The answer in words."""
        if self.kind == "date":
            return calendar_day(self.value)
        return next((choice.label for choice in self.choices if choice.value == self.value), self.value)

    def answered(self, value: str, fault: str = "") -> Question:
        """With what was answered, a place by its name, and what is wrong with it."""
        name = next((one.name for one in self.suggestions if one.value == value), value)
        return replace(self, value=name, fault=fault)

    def read(self, given: Mapping[str, str]) -> str | int | None:
        """What a service is told of an answer; None for a blank one."""
        answer = given.get(self.name, "").strip()
        if self.kind == "number" and answer.lstrip("-").isdecimal():
            return int(answer)
        return meant(answer, self.suggestions, given.get(PROVINCE, "").strip()) or None


@dataclass(frozen=True)
class Paper:
    """A document that is asked for, and the file that is it."""

    code: str
    name: str
    required: bool
    file: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Section:
    """One topic, one page. `standing`: `empty`, `open` (something is to be put right) or `done`."""

    key: str
    questions: tuple[Question, ...] = ()
    papers: tuple[Paper, ...] = ()
    standing: str = "empty"

    @property
    def faults(self) -> tuple[Question, ...]:
        """Those to be put right."""
        return tuple(question for question in self.questions if question.fault)


def sections(
    draft: Mapping[str, Any],
    schema: Mapping[str, Any],
    procedure: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
    language: Language,
    *,
    known_places: Places,
) -> tuple[Section, ...]:
    """Every topic of a draft. `files`: what is known of those it names, by id."""
    content, said = draft["content"], {wrong["field"]: wrong for wrong in draft["errors"]}
    faults = {field: wrong["problem_vi" if language == "vi" else "problem"] for field, wrong in said.items()}
    asked = {
        "applicant": (_kind(procedure, language), *own("applicant", language)),
        "agent": (_basis(language), *own("agent", language)),
        "form": tuple(
            suggested(of_form(name, found, schema, language), found.get("format", ""), known_places)
            for name, found in schema["properties"].items()
        ),
        "delivery": (_way(procedure, language), *address(known_places, language)),
    }
    found = [_section(key, questions, content, faults, language) for key, questions in asked.items()]
    found.insert(SECTIONS.index("documents"), _documents(content, procedure, files, language))
    return tuple(found)


@dataclass(frozen=True)
class Item:
    """One thing that an officer asked for: a field to put right or a document to bring, and why."""

    name: str
    why: str
    document: bool
    question: Question

    def again(self, given: Mapping[str, str], faults: Mapping[str, str]) -> Item:
        """With what was answered, and what is wrong with it."""
        value = "" if self.document else given.get(self.question.name, "")
        return replace(self, question=self.question.answered(value, faults.get(self.question.name, "")))


def asked_again(
    items: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], known_places: Places, language: Language
) -> tuple[Item, ...]:
    """What a supplement is to put right."""
    found = []
    for one in items:
        name, document = one["name"], one["kind"] == "document"
        label = one["label"][language] if one.get("label") else name
        field = schema["properties"].get(name)
        if document or field is None:
            question = Question(f"{'documents' if document else 'form'}.{name}", label, "text", required=True)
        else:
            question = suggested(of_form(name, field, schema, language), field.get("format", ""), known_places)
            question = replace(question, required=True)
        found.append(Item(name, one["why"], document, question))
    return tuple(found)


def answers(items: Sequence[Item], given: Mapping[str, str]) -> dict[str, Any]:
    """The fields that were put right."""
    fields = Section("form", tuple(one.question for one in items if not one.document))
    found: dict[str, Any] = merged({"form": {}}, fields, given)["form"]
    return {name: value for name, value in found.items() if value is not None}


def merged(content: Mapping[str, Any], section: Section, given: Mapping[str, str]) -> dict[str, Any]:
    """A draft's content with the answers of one section in it; what was not asked there stays."""
    whole = {name: dict(value) if isinstance(value, dict) else value for name, value in content.items()}
    for question in section.questions:
        group, _, name = question.name.partition(".")
        if name:
            whole[group][name] = question.read(given)
        else:
            whole[group] = question.read(given)
    return whole


def address(known_places: Places, language: Language) -> tuple[Question, ...]:
    """Where something is sent: province and commune by name, and the line below them."""
    province, commune, detail = own("address", language)
    choices = tuple(Choice(one.value, one.name) for one in known_places.provinces)
    province = replace(province, choices=choices, kind="choice" if choices else "digits")
    return province, replace(commune, suggestions=known_places.communes), detail


def explained(questions: tuple[Question, ...], language: Language) -> tuple[Question, ...]:
    """Where a unit was named that is no more, what it is part of now."""
    province = next((one.value for one in questions if one.name == PROVINCE), "")

    def said(one: Question) -> Question:
        now = became(one.value, one.suggestions, province) if one.fault else None
        return one if now is None else replace(one, fault=text(language, "file.delivery.became", name=now.name))

    return tuple(map(said, questions))


def suggested(question: Question, form: str, known_places: Places) -> Question:
    """With the places that its format names; a form takes their names as they are."""
    among = {"vn-province": known_places.provinces, "vn-commune": known_places.communes}.get(form, ())
    return replace(question, suggestions=tuple(Place(one.name, one.name) for one in among))


def _section(
    key: str,
    asked: Sequence[Question],
    content: Mapping[str, Any],
    faults: Mapping[str, str],
    language: Language,
) -> Section:
    questions = explained(tuple(_answered(question, content, faults) for question in asked), language)
    if not any(question.value for question in questions):
        return Section(key, questions, standing="done" if key == "agent" else "empty")
    return Section(key, questions, standing="open" if any(q.fault for q in questions) else "done")


def _answered(question: Question, content: Mapping[str, Any], faults: Mapping[str, str]) -> Question:
    group, _, name = question.name.partition(".")
    value = content[group][name] if name and name in content[group] else content[group] if not name else None
    fault = faults.get(question.name, faults.get(group, "") if question.name.endswith(".detail") else "")
    return question.answered("" if value is None else str(value), fault)


def of_form(name: str, found: Mapping[str, Any], schema: Mapping[str, Any], language: Language) -> Question:
    """A field of a form's schema, asked."""
    labels = found.get("x-labels", {})
    choices = tuple(Choice(value, labels[value][language]) for value in found.get("enum", ()))
    form, longest = found.get("format", ""), int(found.get("maxLength", 20))
    kind = "choice" if choices else "number" if found["type"] == "integer" else KINDS.get(form, "text")
    return Question(
        name=f"form.{name}",
        label=found["title"] if language == "vi" else found["x-title-en"],
        kind="long" if kind == "text" and longest > LONG else kind,
        hint=found.get("description" if language == "vi" else "x-description-en", ""),
        longest=longest,
        required=name in schema["required"],
        choices=choices,
    )


def own(group: str, language: Language) -> tuple[Question, ...]:
    """What every procedure asks of `applicant`, `agent` or `address`."""
    part = "delivery" if group == "address" else group
    return tuple(
        Question(
            f"{group}.{name}",
            text(language, f"file.{part}.{name}"),
            kind,
            hint=known(language, f"file.{part}.{name}_hint", ""),
            longest=longest,
            required=required,
        )
        for name, kind, longest, required in OWN[group]
    )


def _kind(procedure: Mapping[str, Any], language: Language) -> Question:
    choices = tuple(Choice(kind, text(language, f"applicant.{kind}")) for kind in procedure["applicants"]["value"])
    return Question("applicant.kind", text(language, "file.applicant.kind"), "choice", required=True, choices=choices)


def _basis(language: Language) -> Question:
    choices = tuple(Choice(basis, text(language, f"file.agent.{basis}")) for basis in BASES)
    return Question("agent.basis", text(language, "file.agent.basis"), "choice", choices=choices)


def _way(procedure: Mapping[str, Any], language: Language) -> Question:
    choices = tuple(Choice(way, text(language, f"way.{way}")) for way in procedure["ways"]["value"])
    return Question("way", text(language, "file.delivery.way"), "choice", required=True, choices=choices)


def _documents(
    content: Mapping[str, Any],
    procedure: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
    language: Language,
) -> Section:
    given = {one["code"]: one["file"] for one in content["files"]}
    papers = tuple(
        Paper(
            one["code"],
            named(one, language),
            one["required"],
            files.get(given[one["code"]], {"state": "removed", "name": ""}) if one["code"] in given else None,
        )
        for one in procedure["documents"]
    )
    bad = any(paper.file is not None and paper.file["state"] in {"infected", "removed"} for paper in papers)
    missing = any(paper.required and paper.file is None for paper in papers)
    standing = "open" if bad else "empty" if missing and not given else "open" if missing else "done"
    return Section("documents", papers=papers, standing=standing)
