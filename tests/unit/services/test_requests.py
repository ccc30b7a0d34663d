"""The register of what persons asked: noted once, answered once, due first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.decision import Refused
from services.submission.domain import requests
from services.submission.domain.requests import AnswerRequest, OpenRequest, Request

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
ID = "00000000-0000-4000-8000-000000000001"


def asked(**changes: Any) -> Request:
    given = {
        "id": ID, "right": "correct", "asked": date(2026, 11, 27), "answer_by": date(2026, 12, 1),
        "done_by": date(2026, 12, 7), "source": "decree", "mark": "R", "dossiers": (ID,), "officer": "operator1",
    }  # fmt: skip
    state = requests.ask(None, OpenRequest(**(given | changes)), NOW).state
    assert state is not None
    return state


def test_it_is_noted_once_with_its_days() -> None:
    request = asked()
    same = OpenRequest(**{name: getattr(request, name) for name in OpenRequest.model_fields})
    again = requests.ask(request, same, NOW + timedelta(1))
    assert again.state == request
    assert again.answer == {"request": ID, "answer_by": "2026-12-01", "done_by": "2026-12-07"}
    assert requests.view(request) == {"open": True, "order": f"2026-12-07/{ID}"}


def test_it_is_answered_once() -> None:
    command = AnswerRequest(outcome="partly", note="one is kept", officer="operator2")
    answered = requests.answer(asked(), command, NOW).state
    assert answered is not None
    assert (answered.outcome, answered.answered_by, answered.answered_at) == ("partly", "operator2", NOW)
    assert requests.view(answered)["open"] is False
    for state, code in ((answered, "answered"), (None, "not_found")):
        with pytest.raises(Refused) as refused:
            requests.answer(state, AnswerRequest(outcome="done", officer="operator1"), NOW)
        assert refused.value.code == code


def test_the_register_has_no_field_for_a_person() -> None:
    assert not {"person", "name", "phone", "identity_number", "account"} & set(Request.model_fields)
