"""Both languages say everything, with the same values, and nothing is said that no page uses."""

from __future__ import annotations

import re
from string import Formatter

from deploy.local.paths import ROOT
from law.statuses import Status
from schemas import delivery, dossier, payment
from services.portal.following import HIDDEN, PAUSED, PRICED, REASONED
from services.portal.texts import LANGUAGES, TEXTS, known, text

TEMPLATES = ROOT / "services/portal/templates"


def values(key: str, language: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(TEXTS[language][key]) if name}  # type: ignore[index]


def test_both_languages_have_the_same_texts_with_the_same_values() -> None:
    assert set(TEXTS["vi"]) == set(TEXTS["en"])
    assert {key for key in TEXTS["vi"] if values(key, "vi") != values(key, "en")} == set()
    assert all(said.strip() for language in LANGUAGES for said in TEXTS[language].values())


def test_every_text_a_template_asks_for_is_there() -> None:
    asked = {
        found for path in TEMPLATES.glob("*.html") for found in re.findall(r'\bt\("([^"]+)"[,)]', path.read_text())
    }
    assert len(asked) > 80
    assert asked <= set(TEXTS["vi"])


def test_every_event_of_a_dossier_is_said_in_words_or_known_to_concern_officers() -> None:
    types = {event.TYPE for module in (dossier, payment, delivery) for event in module.EVENTS}
    said = {key.removeprefix("event.") for key in TEXTS["vi"] if key.startswith("event.")}
    assert said | HIDDEN == types
    assert said & HIDDEN == set()
    assert said >= REASONED | PRICED | set(PAUSED.values())
    assert {f"pause.{kind}" for kind in PAUSED.values()} <= set(TEXTS["vi"])
    assert set(PAUSED) == {s for s in Status if s.clock_paused}


def test_a_word_that_is_not_known_yet_is_shown_as_it_is() -> None:
    assert known("vi", "unit.archive", "archive") == "archive"
    assert text("en", "term.working", days=5) == "5 working days"
