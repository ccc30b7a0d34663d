"""A clerk files at the counter for an applicant who agreed: what is asked, and what is sent of it. Pure.

The questions are those of a filing of one's own (`services.portal.questions`), and how and when the applicant agreed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from law.clock.hours import ZONE
from services.portal.places import Places
from services.portal.questions import Choice, Question, Section, merged, sections
from services.portal.texts import Language, known, text

CONSENTS: Final = ("in_person", "on_paper", "by_phone")
EMPTY: Final[Mapping[str, Any]] = {"applicant": {}, "agent": {}, "form": {}, "address": {}, "way": None, "files": []}
WITHIN: Final = "filing."
"""Before the path of a field of the filing, where submission says what is wrong with it."""


def consent(given: Mapping[str, str], faults: Mapping[str, str], now: datetime, language: Language) -> Section:
    """How, on which local day and at what time they agreed, and their account, if they have one. `now`: local."""
    kinds = {"consent": "choice", "consented_on": "date", "consented_time": "text", "account": "text"}
    first = {"consented_on": f"{now:%Y-%m-%d}", "consented_time": f"{now:%H:%M}"}
    choices = tuple(Choice(one, text(language, f"desk.consent.{one}")) for one in CONSENTS)
    return Section(
        "consent",
        tuple(
            Question(
                name=name,
                label=text(language, f"desk.assist.{name}"),
                kind=kind,
                value=given.get(name, first.get(name, "")),
                hint=known(language, f"desk.assist.{name}_hint", ""),
                required=name != "account",
                choices=choices if kind == "choice" else (),
                fault=faults.get(name, ""),
            )
            for name, kind in kinds.items()
        ),
    )


@dataclass(frozen=True)
class Basis:
    """What the questions of a filing are made of: its procedure, the form's schema, and the places in force."""

    procedure: Mapping[str, Any]
    schema: Mapping[str, Any]
    places: Places


def asked(
    basis: Basis, content: Mapping[str, Any], faults: Mapping[str, str], language: Language
) -> tuple[Section, ...]:
    """Every topic of the filing, with what was answered and what is wrong with it."""
    errors = [{"field": field, "problem": said, "problem_vi": said} for field, said in faults.items()]
    draft = {"content": content, "errors": errors}
    return sections(draft, basis.schema, basis.procedure, {}, language, known_places=basis.places)


def answered(parts: Sequence[Section], given: Mapping[str, str]) -> dict[str, Any]:
    """A filing's content with what was answered."""
    content: dict[str, Any] = {name: dict(value) if isinstance(value, dict) else value for name, value in EMPTY.items()}
    for part in parts:
        content = merged(content, part, given)
    return content


def missing(parts: Sequence[Section], given: Mapping[str, str], language: Language) -> dict[str, str]:
    """What must be answered and was not, by question."""
    needed = (one for part in parts for one in part.questions if one.required)
    return {one.name: text(language, "desk.missing") for one in needed if not given.get(one.name, "").strip()}


def filing(code: str, content: Mapping[str, Any], files: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """As submission takes it: what was not answered is left out."""
    groups = {name: _filled(content[name]) for name in ("applicant", "agent", "form", "address")}
    whole = {"procedure": code, "way": content["way"], "files": list(files), **groups}
    return {name: value for name, value in whole.items() if value or name in {"applicant", "form"}}


def agreed_at(given: Mapping[str, str]) -> str | None:
    """The instant that was written as a local day and time; None for what is none."""
    try:
        found = datetime.fromisoformat(f"{given.get('consented_on', '')}T{given.get('consented_time', '').strip()}")
    except ValueError:
        return None
    return found.replace(tzinfo=ZONE).isoformat()


def said(faults: Mapping[str, str], codes: Sequence[str]) -> dict[str, str]:
    """By question: of the filing, of the consent, and of the documents in the order they were sent."""
    found = {}
    for field, words in faults.items():
        name = field.removeprefix(WITHIN)
        first, _, rest = name.partition(".")
        number = rest.partition(".")[0]
        if first == "files" and number.isdecimal() and int(number) < len(codes):
            found[f"documents.{codes[int(number)]}"] = words
        else:
            found["consented_time" if name == "consented_at" else name] = words
    return found


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
