"""What officers do to a dossier: each command, what it asks, and what is sent of what they answered. Pure.

A command's words are ``desk.do.SLUG``: its name, what follows from it (said before), its button and what was done.
Ready phrases are ``desk.phrases.LIST``; what they say is kept with the dossier, so it is sent in Vietnamese.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from services.portal.desk.dossier import Answer, Document
from services.portal.questions import Choice, Question
from services.portal.texts import Language, known, several, text
from services.portal.words import unit

LONGEST: Final = 900
WHY: Final = 200
"""Characters of a reason in an officer's own words; of what is wrong with one field."""
PHRASE: Final = "phrase"


@dataclass(frozen=True)
class Ask:
    """One question of a command. `kind`: long, text, number, choice, unit; `phrases`: a list of ready ones besides.

    `only_with`: the answer to another question that makes this one necessary.
    """

    name: str
    kind: str = "long"
    required: bool = True
    phrases: str = ""
    choices: tuple[str, ...] = ()
    only_with: tuple[str, str] | None = None


@dataclass(frozen=True)
class Act:
    """A command by its name at submission and the end of its address there; `marks`: it marks what is wrong."""

    command: str
    path: str
    asks: tuple[Ask, ...] = ()
    marks: bool = False

    @property
    def slug(self) -> str:
        """Of its page."""
        return self.path.replace("/", "-")


_REFUSAL: Final = ("outcome", "refused")
ACTS: Final = (
    Act("AcceptDossier", "accept"),
    Act("TakeDossier", "take"),
    Act("AssignDossier", "assign", (Ask("unit", "unit"), Ask("officer", "text", required=False))),
    Act("RequestSupplement", "supplement", marks=True),
    Act("PassStep", "steps", (Ask("note", required=False),)),
    Act("AnswerStage", "stages", (Ask("answer"),)),
    Act(
        "ExamineDossier",
        "examine",
        (Ask("proposal", "choice", choices=("approve", "refuse")), Ask("note", required=False, phrases="note")),
    ),
    Act(
        "DecideDossier",
        "decide",
        (
            Ask("outcome", "choice", choices=("approved", "refused")),
            Ask("reason", required=False, phrases="refuse", only_with=_REFUSAL),
            Ask("ground", "text", required=False, only_with=_REFUSAL),
        ),
    ),
    Act("IssueResult", "issue"),
    Act("AnswerComplaint", "complaint/answer", (Ask("upheld", "choice", choices=("no", "yes")), Ask("answer"))),
    Act("ExtendTerm", "extend", (Ask("days", "number"), Ask("reason", phrases="extend"))),
    Act("HandOver", "hand-over", (Ask("to", "text"), Ask("reason", phrases="release"))),
    Act("ReleaseDossier", "release", (Ask("reason", phrases="release"),)),
    Act("RejectDossier", "reject", (Ask("reason", phrases="reject"),)),
    Act("StopDossier", "stop", (Ask("reason", phrases="stop"), Ask("ground", "text"))),
)
"""As they are offered: what goes on with the dossier first, what ends it last."""
BY_SLUG: Final = {act.slug: act for act in ACTS}
BY_COMMAND: Final = {act.command: act for act in ACTS}
UNSAID: Final = frozenset({"forbidden", "last_step", "last_stage", "no_complaint"})
"""What is in the way of a command that is not this officer's concern: it is not offered, and nothing is said of it."""


@dataclass(frozen=True)
class Offer:
    """A command of a dossier now; `hindrance`: what is in its way, in words."""

    act: Act
    hindrance: str = ""


def offers(found: Iterable[Mapping[str, Any]], language: Language) -> tuple[Offer, ...]:
    """What submission says may be done, in our order."""
    there = {one["name"]: one.get("refused") for one in found}
    listed = []
    for act in ACTS:
        if act.command not in there:
            continue
        refused = there[act.command]
        if refused is None:
            listed.append(Offer(act))
        elif refused["code"] not in UNSAID:
            listed.append(Offer(act, hindrance(refused["code"], language)))
    return tuple(listed)


def hindrance(code: str, language: Language) -> str:
    """Why a command was refused."""
    return known(language, f"desk.refused.{code}", text(language, "desk.refused.other"))


def questions(
    act: Act, units: Sequence[str], given: Mapping[str, str], faults: Mapping[str, str], language: Language
) -> tuple[Question, ...]:
    """What it asks, with what was answered and what is wrong with that."""
    found = []
    for ask in act.asks:
        if ask.phrases:
            found.append(_phrases(f"{PHRASE}.{ask.name}", ask.phrases, given, language))
        found.append(
            Question(
                name=ask.name,
                label=text(language, f"desk.ask.{ask.name}"),
                kind="choice" if ask.kind == "unit" else ask.kind,
                value=given.get(ask.name, ""),
                hint=known(language, f"desk.ask.{ask.name}_hint", ""),
                longest=LONGEST if ask.kind == "long" else 2 if ask.kind == "number" else 255,
                required=ask.required,
                choices=_choices(ask, units, language),
                fault=faults.get(ask.name, ""),
            )
        )
    return tuple(found)


def _phrases(name: str, phrases: str, given: Mapping[str, str], language: Language) -> Question:
    said = several(language, f"desk.phrases.{phrases}")
    choices = tuple(Choice(str(number), one) for number, one in enumerate(said))
    label = text(language, "desk.ask.phrase")
    return Question(name=name, label=label, kind="choice", value=given.get(name, ""), choices=choices)


def _choices(ask: Ask, units: Sequence[str], language: Language) -> tuple[Choice, ...]:
    if ask.kind == "unit":
        return tuple(Choice(one, unit(one, language)) for one in units)
    return tuple(Choice(one, text(language, f"desk.ask.{ask.name}_{one}")) for one in ask.choices)


def filled(act: Act, given: Mapping[str, str], language: Language) -> tuple[dict[str, Any], dict[str, str]]:
    """What is sent, and what is missing, by question."""
    body: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for ask in act.asks:
        value = _said(given.get(f"{PHRASE}.{ask.name}", ""), ask.phrases, given.get(ask.name, ""))
        bound = ask.only_with is not None and given.get(ask.only_with[0]) == ask.only_with[1]
        if not value:
            if ask.required or bound:
                faults[ask.name] = text(language, "desk.missing")
        elif ask.kind == "number":
            if value.isascii() and value.isdecimal():
                body[ask.name] = int(value)
            else:
                faults[ask.name] = text(language, "desk.number")
        elif ask.name == "upheld":
            body[ask.name] = value == "yes"
        elif ask.only_with is None or bound:
            body[ask.name] = value
    return body, faults


def _said(phrase: str, phrases: str, own: str) -> str:
    """A ready phrase, own words, or one after the other."""
    ready = several("vi", f"desk.phrases.{phrases}") if phrases and phrase.isascii() and phrase.isdecimal() else ()
    chosen = ready[int(phrase)] if ready and len(phrase) < 4 and int(phrase) < len(ready) else ""  # noqa: PLR2004
    return " ".join(part for part in (chosen, own.strip()) if part)


@dataclass(frozen=True)
class Mark:
    """A field or a document that may be marked as wrong. `said`: what it is now; `phrase`, `why`: the two inputs."""

    kind: str
    name: str
    label: str
    said: str
    phrase: Question
    why: Question

    @property
    def marked(self) -> bool:
        """Something is said against it."""
        return bool(self.phrase.value or self.why.value.strip())


def marks(
    answers: Iterable[Answer], documents: Iterable[Document], given: Mapping[str, str], language: Language
) -> tuple[Mark, ...]:
    """Everything that was filed, to be marked where it is wrong."""
    fields = [("field", one.name, one.label, one.value) for one in answers]
    papers = [("document", one.code, one.name, one.state) for one in {one.code: one for one in documents}.values()]
    found = []
    for kind, name, label, said in (*fields, *papers):
        why = f"why.{kind}.{name}"
        own = Question(why, text(language, "desk.ask.own"), "text", value=given.get(why, ""), longest=WHY)
        phrase = _phrases(f"{PHRASE}.{kind}.{name}", kind, given, language)
        found.append(Mark(kind, name, label, said, phrase, own))
    return tuple(found)


def at_fault(found: Sequence[Mark], field: str, language: Language) -> tuple[Mark, ...]:
    """The same, with what submission would not ask for (`items.N.name`, of those that are marked) said beside it."""
    number = field.split(".")[1] if field.startswith("items.") else ""
    said = [one.name for one in found if one.marked]
    wrong = said[int(number)] if number.isdecimal() and int(number) < len(said) else ""
    fault = text(language, "desk.wrong.item")
    return tuple(replace(one, why=replace(one.why, fault=fault)) if one.name == wrong else one for one in found)


def marked(found: Iterable[Mark]) -> list[dict[str, str]]:
    """What is asked for of the applicant, each with why."""
    return [
        {"kind": one.kind, "name": one.name, "why": _said(one.phrase.value, one.kind, one.why.value)}
        for one in found
        if one.marked
    ]
