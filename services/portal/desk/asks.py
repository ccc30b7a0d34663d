"""Questions that a command asks an officer, with ready phrases where there are any. Pure.

Ready phrases are ``desk.phrases.LIST``; what they say is kept by the services, so it is sent in Vietnamese.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.portal.questions import Choice, Question
from services.portal.texts import Language, known, several, text

LONG, SHORT = 900, 255
"""Characters of a reason in an officer's own words, and of a line."""
PHRASE: Final = "phrase"
NUMBERS: Final = {"number": 2, "money": 13}
"""Kinds of whole numbers, and how many digits they have at most; money in VND, with dots if they were typed."""
YES_OR_NO: Final = ("no", "yes")
Choices = Mapping[str, tuple[Choice, ...]]
"""By question: those that services name, as units or documents."""


@dataclass(frozen=True)
class Ask:
    """One question. `kind`: long, text, number, money, choice; `phrases`: a list of ready ones besides.

    `choices`: ours, in our words; without them a choice is between what services name. `only_with`: the answer to
    another question that makes this one necessary; with any other it is not sent. `words`: what it is called by, where
    that is not `name`. `most`: characters that the service takes, where they are fewer.
    """

    name: str
    kind: str = "long"
    required: bool = True
    phrases: str = ""
    choices: tuple[str, ...] = ()
    only_with: tuple[str, str] | None = None
    words: str = ""
    most: int = LONG


def questions(
    asks: Iterable[Ask], named: Choices, given: Mapping[str, str], faults: Mapping[str, str], language: Language
) -> tuple[Question, ...]:
    """What is asked, with what was answered and what is wrong with that. One that another answer makes necessary says
    which: it is not called optional.
    """
    asks, found = tuple(asks), []
    called = {ask.name: f"desk.ask.{ask.words or ask.name}" for ask in asks}
    for ask in asks:
        if ask.phrases:
            found.append(phrases(f"{PHRASE}.{ask.name}", ask.phrases, given, language))
        words = called[ask.name]
        hints = [known(language, f"desk.ask.{PHRASE}_hint" if ask.phrases else f"{words}_hint", "")]
        if ask.only_with is not None:
            other, value = ask.only_with
            hints.insert(0, text(language, "desk.only_with", answer=text(language, f"{called[other]}_{value}")))
        own = tuple(Choice(one, text(language, f"{words}_{one}")) for one in ask.choices)
        found.append(
            Question(
                name=ask.name,
                label=text(language, words),
                kind="digits" if ask.kind in NUMBERS else ask.kind,
                value=given.get(ask.name, ""),
                hint=" ".join(filter(None, hints)),
                longest=ask.most if ask.kind == "long" else NUMBERS.get(ask.kind, SHORT),
                required=ask.required or ask.only_with is not None,
                choices=own or named.get(ask.name, ()),
                fault=faults.get(ask.name, ""),
            )
        )
    return tuple(found)


def phrases(name: str, which: str, given: Mapping[str, str], language: Language) -> Question:
    """The list of ready phrases."""
    choices = tuple(Choice(str(at), one) for at, one in enumerate(several(language, f"desk.phrases.{which}")))
    label = text(language, "desk.ask.phrase")
    return Question(name=name, label=label, kind="choice", value=given.get(name, ""), choices=choices)


def said(phrase: str, which: str, own: str) -> str:
    """A ready phrase by its number, own words, or one after the other."""
    ready = {str(at): one for at, one in enumerate(several("vi", f"desk.phrases.{which}"))} if which else {}
    return " ".join(part for part in (ready.get(phrase, ""), own.strip()) if part)


def filled(asks: Iterable[Ask], given: Mapping[str, str], language: Language) -> tuple[dict[str, Any], dict[str, str]]:
    """What is sent, and what is missing, by question."""
    body: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for ask in asks:
        value = said(given.get(f"{PHRASE}.{ask.name}", ""), ask.phrases, given.get(ask.name, ""))
        bound = ask.only_with is not None and given.get(ask.only_with[0]) == ask.only_with[1]
        if not value:
            if ask.required or bound:
                faults[ask.name] = text(language, "desk.missing")
        elif ask.only_with is not None and not bound:
            continue
        elif ask.kind in NUMBERS:
            digits = value.replace(".", "").replace(" ", "") if ask.kind == "money" else value
            if digits.isascii() and digits.isdecimal() and len(digits) <= NUMBERS[ask.kind]:
                body[ask.name] = int(digits)
            else:
                faults[ask.name] = text(language, "desk.number")
        elif ask.choices == YES_OR_NO:
            body[ask.name] = value == YES_OR_NO[1]
        else:
            body[ask.name] = value
    return body, faults
