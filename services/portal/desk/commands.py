"""What officers do to a dossier: each command of submission, what it asks, what is in its way. Pure.

A command's words are ``desk.do.SLUG``: its name, what follows from it (said before), its button and what was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from services.portal.desk.asks import PHRASE, YES_OR_NO, Ask, phrases, said
from services.portal.desk.dossier import Answer, Document
from services.portal.questions import Question
from services.portal.texts import Language, known, text

WHY: Final = 200
"""Characters of what is wrong with one field, in an officer's own words."""


@dataclass(frozen=True)
class Act:
    """A command by its name at submission and the end of its address there; `marks`: it marks what is wrong.

    `about`: what of the dossier it answers or ends, said on its page.
    """

    command: str
    path: str
    asks: tuple[Ask, ...] = ()
    marks: bool = False
    named: str = ""
    about: Literal["", "step", "stage", "complaint"] = ""

    @property
    def slug(self) -> str:
        """Of its page and its words."""
        return self.named or self.path.replace("/", "-")


_REFUSAL: Final = ("outcome", "refused")
ACTS: Final = (
    Act("AcceptDossier", "accept"),
    Act("TakeDossier", "take"),
    Act("AssignDossier", "assign", (Ask("unit", "choice"), Ask("officer", "text", required=False))),
    Act("RequestSupplement", "supplement", marks=True),
    Act("PassStep", "steps", (Ask("note", required=False),), about="step"),
    Act("AnswerStage", "stages", (Ask("answer"),), about="stage"),
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
    Act(
        "AnswerComplaint",
        "complaint/answer",
        (Ask("upheld", "choice", choices=YES_OR_NO), Ask("answer")),
        about="complaint",
    ),
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


def original(file: str) -> Act:
    """The command about one document: its paper was seen."""
    return Act("CheckOriginal", f"files/{file}/original", named="original")


def offers(found: Iterable[Mapping[str, Any]], language: Language, acts: Iterable[Act] = ACTS) -> tuple[Offer, ...]:
    """What of `acts` submission says may be done, in our order."""
    there = {one["name"]: one.get("refused") for one in found}
    listed = []
    for act in acts:
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
    """Everything that was filed, to be marked where it is wrong; either of the two inputs marks it, so neither is
    called optional."""
    fields = [("field", one.name, one.label, one.value) for one in answers]
    papers = [("document", one.code, one.name, one.state) for one in {one.code: one for one in documents}.values()]
    found = []
    for kind, name, label, now in (*fields, *papers):
        why = f"why.{kind}.{name}"
        own = Question(why, text(language, "desk.ask.own"), "text", given.get(why, ""), longest=WHY, required=True)
        phrase = replace(phrases(f"{PHRASE}.{kind}.{name}", kind, given, language), required=True)
        found.append(Mark(kind, name, label, now, phrase, own))
    return tuple(found)


def at_fault(found: Sequence[Mark], field: str, language: Language) -> tuple[Mark, ...]:
    """The same, with what submission would not ask for (`items.N.name`, of those that are marked) said beside it."""
    number = field.split(".")[1] if field.startswith("items.") else ""
    asked = [one.name for one in found if one.marked]
    wrong = asked[int(number)] if number.isdecimal() and int(number) < len(asked) else ""
    fault = text(language, "desk.wrong.item")
    return tuple(replace(one, why=replace(one.why, fault=fault)) if one.name == wrong else one for one in found)


def marked(found: Iterable[Mark]) -> list[dict[str, str]]:
    """What is asked for of the applicant, each with why."""
    return [
        {"kind": one.kind, "name": one.name, "why": said(one.phrase.value, one.kind, one.why.value)}
        for one in found
        if one.marked
    ]
