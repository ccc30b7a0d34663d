"""How somebody wants to be told of their dossiers, in words: read off notification's preferences. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from services.portal.following import Listed
from services.portal.questions import Choice, Question
from services.portal.texts import Language, text

ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "channel": ("auto", "sms", "email", "both"),
    "language": ("vi", "en"),
    "optional": ("yes", "no"),
}
Preferences = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """How its owner is told of one dossier."""

    dossier: Listed
    now: Preferences
    language: Language

    @property
    def words(self) -> str:
        """In a line."""
        return " · ".join(text(self.language, f"prefer.{name}_{answer}") for name, answer in answers(self.now).items())


def answers(now: Preferences) -> dict[str, str]:
    """As the form has them."""
    return {"channel": now["channel"], "language": now["language"], "optional": "yes" if now["optional"] else "no"}


def wish(given: Mapping[str, str]) -> dict[str, Any] | None:
    """As notification has them; None for what the form does not offer."""
    if any(given.get(name) not in allowed for name, allowed in ASKED.items()):
        return None
    return {"channel": given["channel"], "language": given["language"], "optional": given["optional"] == "yes"}


def questions(given: Mapping[str, str], language: Language) -> tuple[Question, ...]:
    """With what is answered."""
    return tuple(
        Question(
            name, text(language, f"prefer.{name}"), "choice", value=given.get(name, ""), required=True,
            hint=text(language, f"prefer.{name}_hint"),
            choices=tuple(Choice(one, text(language, f"prefer.{name}_{one}")) for one in allowed),
        )
        for name, allowed in ASKED.items()
    )  # fmt: skip


def unanswered(asked: Sequence[Question], language: Language) -> tuple[Question, ...]:
    """Those that have none of the answers there are."""
    return tuple(
        one if one.value in {choice.value for choice in one.choices}
        else replace(one, fault=text(language, "prefer.pick"))
        for one in asked
    )  # fmt: skip
