"""What is asked of somebody who files: sections of questions, made of a procedure's form schema. Pure.

Services name what is wrong by the path of a field (`form.identity_number`); that path is also the name of its input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from services.portal.texts import Language, known, text
from services.portal.words import named

SECTIONS: Final = ("applicant", "agent", "form", "documents", "delivery")
BASES: Final = ("authorisation", "guardianship", "legal_representation")
KINDS: Final = {
    "date": "date",
    "email": "email",
    "vn-phone": "tel",
    "vn-identity-number": "digits",
    "vn-tax-code": "digits",
}
LONG: Final = 300
"""Characters from which on a text has more than one line."""
OWN: Final = {
    "applicant": (("name", "text", 255, True), ("phone", "tel", 30, True), ("email", "email", 254, False),
                  ("identity_number", "digits", 14, False)),
    "agent": (("name", "text", 255, False), ("phone", "tel", 30, False), ("identity_number", "digits", 12, False),
              ("paper", "text", 255, False)),
    "address": (("province", "digits", 2, False), ("commune", "digits", 5, False), ("detail", "text", 255, False)),
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
    email, tel or choice.
    """

    name: str
    label: str
    kind: str
    value: str = ""
    hint: str = ""
    longest: int = 255
    required: bool = False
    choices: tuple[Choice, ...] = ()
    fault: str = ""

    @property
    def shown(self) -> str:
        """The answer in words."""
        return next((choice.label for choice in self.choices if choice.value == self.value), self.value)


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
) -> tuple[Section, ...]:
    """Every topic of a draft. `files`: what is known of those it names, by id."""
    content, said = draft["content"], {wrong["field"]: wrong for wrong in draft["errors"]}
    faults = {field: wrong["problem_vi" if language == "vi" else "problem"] for field, wrong in said.items()}
    asked = {
        "applicant": (_kind(procedure, language), *own("applicant", language)),
        "agent": (_basis(language), *own("agent", language)),
        "form": tuple(of_form(name, found, schema, language) for name, found in schema["properties"].items()),
        "delivery": (_way(procedure, language), *own("address", language)),
    }
    found = [_section(key, questions, content, faults) for key, questions in asked.items()]
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
        question = replace(self.question, value=value, fault=faults.get(self.question.name, ""))
        return replace(self, question=question)


def asked_again(items: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], language: Language) -> tuple[Item, ...]:
    """What a supplement is to put right."""
    found = []
    for one in items:
        name, document = one["name"], one["kind"] == "document"
        label = one["label"][language] if one.get("label") else name
        field = schema["properties"].get(name)
        if document or field is None:
            question = Question(f"{'documents' if document else 'form'}.{name}", label, "text", required=True)
        else:
            question = replace(of_form(name, field, schema, language), required=True)
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
        answer = given.get(question.name, "").strip()
        if not name:
            whole[group] = answer or None
            continue
        number = question.kind == "number" and answer.lstrip("-").isdecimal()
        whole[group][name] = int(answer) if number else answer or None
    return whole


def _section(key: str, asked: Sequence[Question], content: Mapping[str, Any], faults: Mapping[str, str]) -> Section:
    questions = tuple(_answered(question, content, faults) for question in asked)
    if not any(question.value for question in questions):
        return Section(key, questions, standing="done" if key == "agent" else "empty")
    return Section(key, questions, standing="open" if any(q.fault for q in questions) else "done")


def _answered(question: Question, content: Mapping[str, Any], faults: Mapping[str, str]) -> Question:
    group, _, name = question.name.partition(".")
    value = content[group][name] if name and name in content[group] else content[group] if not name else None
    fault = faults.get(question.name, faults.get(group, "") if question.name.endswith(".detail") else "")
    return replace(question, value="" if value is None else str(value), fault=fault)


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
