"""Officers' pages read off what services answer: each command has its words, and what is sent is what was filled in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest

from law import forms, procedures
from services.portal.desk.asks import filled, questions
from services.portal.desk.commands import ACTS, BY_COMMAND, UNSAID, at_fault, marked, marks, offers
from services.portal.desk.dossier import Answer, answers, documents, history, people
from services.portal.desk.lists import BOXES, line
from services.portal.following import HIDDEN
from services.portal.places import Place, Places
from services.portal.texts import LANGUAGES, TEXTS, several, text
from services.submission.api.reading import INBOXES
from services.submission.domain.dossier import Stage
from services.submission.domain.turns import GIVEN_BY
from services.submission.files.attachment import Standing

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
LIBRARY = procedures.find("1.008895", date(2026, 11, 30))
SCHEMA = forms.schema(LIBRARY.form, forms.guide(date(2026, 11, 30)))
SAID = {"form": {"book_count": 3000, "library_kind": "non_public", "gone": "x"}}


def test_every_command_of_an_officer_has_a_page_and_its_words() -> None:
    assert set(BY_COMMAND) == {command.__name__ for command in GIVEN_BY} - {"CheckOriginal"}
    for act in ACTS:
        assert {f"desk.do.{act.slug}.{word}" for word in ("name", "follows", "go", "done")} <= set(TEXTS["vi"])
        for language in LANGUAGES:
            assert all(question.label for question in questions(act.asks, {}, {}, {}, language))


def test_everything_services_may_say_has_words() -> None:
    needed = {f"desk.stage.{stage}" for stage in get_args(Stage)} | {f"desk.file.{one}" for one in get_args(Standing)}
    needed |= {f"desk.event.{kind}" for kind in HIDDEN} | {f"desk.role.{role}" for role in INBOXES}
    needed |= {f"desk.box.{role}.{box}" for role, boxes in BOXES.items() for box in boxes}
    assert needed <= set(TEXTS["vi"])
    assert set(BOXES) == set(INBOXES)


def test_what_is_in_the_way_is_said_unless_it_is_no_concern_of_theirs() -> None:
    found: list[dict[str, Any]] = [
        {"name": "TakeDossier", "role": "specialist"},
        {"name": "DecideDossier", "role": "leader", "refused": {"code": "four_eyes", "detail": "d"}},
        {"name": "ExtendTerm", "role": "leader", "refused": {"code": "a new word", "detail": "d"}},
        *({"name": "PassStep", "role": "specialist", "refused": {"code": code, "detail": "d"}} for code in UNSAID),
        {"name": "CheckOriginal", "role": "clerk"},
    ]
    said = {offer.act.command: offer.hindrance for offer in offers(found, "vi")}
    assert said == {
        "TakeDossier": "",
        "DecideDossier": text("vi", "desk.refused.four_eyes"),
        "ExtendTerm": text("vi", "desk.refused.other"),
    }


@pytest.mark.parametrize(
    ("command", "given", "sent", "missing"),
    [
        ("RejectDossier", {}, {}, {"reason"}),
        ("RejectDossier", {"reason": "  "}, {}, {"reason"}),
        ("RejectDossier", {"phrase.reason": "0"}, {"reason": several("vi", "desk.phrases.reject")[0]}, set()),
        ("RejectDossier", {"phrase.reason": "99", "reason": "trùng"}, {"reason": "trùng"}, set()),
        ("RejectDossier", {"phrase.reason": "²", "reason": "trùng"}, {"reason": "trùng"}, set()),
        ("DecideDossier", {"outcome": "approved", "reason": "r"}, {"outcome": "approved"}, set()),
        ("DecideDossier", {"outcome": "refused"}, {"outcome": "refused"}, {"reason", "ground"}),
        ("ExtendTerm", {"days": "ba", "reason": "r"}, {"reason": "r"}, {"days"}),
        ("ExtendTerm", {"days": "3", "reason": "r"}, {"days": 3, "reason": "r"}, set()),
        ("AnswerComplaint", {"upheld": "no", "answer": "a"}, {"upheld": False, "answer": "a"}, set()),
        ("AssignDossier", {"unit": "culture", "officer": ""}, {"unit": "culture"}, set()),
        ("PassStep", {}, {}, set()),
    ],
)
def test_what_is_sent_is_what_was_filled_in(
    command: str, given: dict[str, str], sent: dict[str, Any], missing: set[str]
) -> None:
    for language in LANGUAGES:
        body, faults = filled(BY_COMMAND[command].asks, given, language)
        assert (body, set(faults)) == (sent, missing)


def test_a_phrase_and_own_words_are_one_reason_in_vietnamese() -> None:
    body, _ = filled(BY_COMMAND["RejectDossier"].asks, {"phrase.reason": "1", "reason": " xem H18-1 "}, "en")
    assert body == {"reason": f"{several('vi', 'desk.phrases.reject')[1]} xem H18-1"}


def test_what_is_marked_is_asked_for_and_what_may_not_be_is_said_beside_it() -> None:
    papers = documents([], LIBRARY.model_dump(mode="json"), "vi")
    fields = answers(SAID, SCHEMA, "vi")
    given = {"phrase.field.book_count": "0", "why.document.notification": "mờ"}
    found = marks(fields, papers, given, "vi")
    assert marked(found) == [
        {"kind": "field", "name": "book_count", "why": several("vi", "desk.phrases.field")[0]},
        {"kind": "document", "name": "notification", "why": "mờ"},
    ]
    faulty = [one.name for one in at_fault(found, "items.1.name", "vi") if one.why.fault]
    assert faulty == ["notification"]
    for odd in ("items", "items.9.name", "items.x.name", "reason"):
        assert at_fault(found, odd, "vi") == found


def test_answers_are_called_as_the_form_calls_them() -> None:
    said = {one.name: one for one in answers(SAID, SCHEMA, "en")}
    assert said["book_count"].value == "3000"
    assert said["library_kind"].value == SCHEMA["properties"]["library_kind"]["x-labels"]["non_public"]["en"]
    assert said["gone"] == Answer("gone", "x", "gone"), "a field that the form has no more"


def test_who_files_is_said_in_groups_and_what_is_not_known_is_left_out() -> None:
    content = {
        "applicant": {"kind": "household", "name": "Hộ Mẫu", "phone": "+84912345678"},
        "agent": {"basis": "guardianship", "name": "Lò Văn Mẫu", "paper": "12/GH"},
        "address": {"province": "11", "commune": "03127", "detail": "Tổ 1"},
    }
    places = Places((Place("11", "Điện Biên"),), (Place("03127", "Phường Điện Biên Phủ", "11"),))
    found = people(content, places, "vi")
    assert list(found) == ["file.applicant.title", "file.agent.title", "file.delivery.title"]
    assert [one.value for one in found["file.delivery.title"]] == ["Điện Biên", "Phường Điện Biên Phủ", "Tổ 1"]
    assert [one.value for one in found["file.applicant.title"]] == ["Hộ kinh doanh", "Hộ Mẫu", "+84912345678"]
    assert [one.value for one in found["file.agent.title"]] == ["Giám hộ", "Lò Văn Mẫu", "12/GH"]


def test_a_document_that_is_not_given_out_has_no_link() -> None:
    def state(word: str) -> str:
        file = {"code": "notification", "file": "f", "state": word, "size": 10, "type": "application/pdf"}
        found = documents([{**file, "original": None}], LIBRARY.model_dump(mode="json"), "vi")
        return next(one.file for one in found if one.code == "notification")

    assert {word: state(word) for word in get_args(Standing)} == {
        "checking": "", "clean": "f", "unscanned": "f", "infected": "", "removed": "",
    }  # fmt: skip


def test_what_happened_is_said_with_who_did_it() -> None:
    by = {"officer": "specialist1", "unit": "culture", "on_behalf_of": "specialist2", "note": "đủ"}
    entries: list[dict[str, Any]] = [
        {"at": "2026-11-30T02:00:00Z", "type": "dossier.submitted", "detail": "", "by": None},
        {"at": "2026-11-30T03:00:00Z", "type": "dossier.step_done", "detail": "examination", "by": by},
        {"at": "2026-11-30T03:00:00Z", "type": "notification.sent", "detail": "x", "by": None},
    ]
    last, first = history(entries, "vi")
    assert (last.what, last.detail) == (text("vi", "desk.event.dossier.step_done"), "đủ")
    assert last.who == f"specialist1, {text('vi', 'desk.for', who='specialist2')}, {text('vi', 'unit.culture')}"
    assert (first.at, first.who) == ("09:00, 30/11/2026", "")


def test_what_is_due_is_said_in_words() -> None:
    one = {"id": "d", "procedure_name": {"vi": "v", "en": "e"}, "stage": "examining", "status": 4, "unit": "culture"}

    def standing(**more: str) -> str:
        return line({**one, **more}, NOW, "en").standing

    assert standing() == "none"
    assert standing(turn_due="2026-11-30T03:00:00Z") == "overdue"
    assert standing(turn_due="2026-11-30T03:00:01Z") == "running"
    assert standing(turn_due="2026-11-30T03:00:01Z", alert="soon") == "soon"
    ended = line({**one, "stage": "returned", "status": 10, "turn_due": "2026-12-30T03:00:00Z"}, NOW, "en")
    assert ended.doing == text("en", "desk.stage.complaint")
