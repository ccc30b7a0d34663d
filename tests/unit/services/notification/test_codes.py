"""One-time codes: bound, short-lived, counted; and the same from outside whether or not there is a dossier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.personal import Personal
from services.notification.domain import codes, quotas
from services.notification.domain.catalogue import FOLDER, registered, skeleton
from services.notification.domain.codes import Codes, IssueCode, SendCode, VerifyCode, aggregate_of, digest_of
from services.notification.domain.segments import parts_of

NOW = datetime(2026, 11, 25, 5, tzinfo=UTC)
KEY = b"k" * 16
DOSSIER = "00000000-0000-4000-8000-000000000001"
PHONE = Personal(token="sealed:1:phone:AAAA")
TEXT = Personal(token="sealed:1:comment:AAAA")


def digest(code: str, purpose: str = "lookup", dossier: str = DOSSIER) -> str:
    return digest_of(KEY, dossier, purpose, code)


def issued(state: Codes | None = None, now: datetime = NOW, code: str = "123456", purpose: Any = "lookup") -> Any:
    return codes.issue(state, IssueCode(purpose=purpose, digest=digest(code, purpose), to=PHONE, text=TEXT), now)


def verify(state: Codes, code: str, now: datetime = NOW, purpose: Any = "lookup") -> tuple[Codes, bool]:
    decision = codes.verify(state, VerifyCode(purpose=purpose, digest=digest(code, purpose)), now)
    assert decision.state is not None
    return decision.state, decision.answer["valid"]


def test_a_code_is_right_once() -> None:
    state = issued().state
    state, valid = verify(state, "123456")
    assert valid
    assert verify(state, "123456")[1] is False


@pytest.mark.parametrize(
    ("now", "purpose", "code"),
    [(NOW + timedelta(minutes=5), "lookup", "123456"), (NOW, "collect", "123456"), (NOW, "lookup", "123457")],
)
def test_a_code_is_of_its_time_and_purpose(now: datetime, purpose: str, code: str) -> None:
    assert verify(issued().state, code, now, purpose)[1] is False


def test_five_wrong_ones_end_it() -> None:
    state = issued().state
    for _ in range(5):
        state, valid = verify(state, "000000")
        assert not valid
    assert verify(state, "123456")[1] is False


def test_a_digest_is_of_one_dossier_and_a_new_code_ends_the_old() -> None:
    assert digest("123456") != digest("123456", dossier=DOSSIER.replace("1", "2"))
    state = issued(issued().state, code="654321").state
    assert verify(state, "123456")[1] is False
    assert verify(state, "654321")[1]


def test_over_the_limit_nothing_is_sent_and_the_answer_is_the_same() -> None:
    state, answers, sent = None, set(), 0
    for number in range(30):
        decision = issued(state, NOW + timedelta(minutes=number))
        state = decision.state
        answers.add(str(decision.answer))
        sent += len(decision.effects)
    assert (sent, len(answers)) == (5, 1)
    for number in range(30):
        decision = issued(state, NOW + timedelta(hours=1, minutes=30 * number))
        state = decision.state
        sent += len(decision.effects)
        assert len(state.asked) <= codes.A_DAY
    assert sent == 10


def test_a_dossier_that_is_not_there_has_a_decoy_that_answers_alike() -> None:
    decoy = codes.issue(None, IssueCode(purpose="lookup", digest=digest("1")), NOW)
    assert decoy.answer == issued().answer
    assert decoy.effects == ()
    assert aggregate_of(DOSSIER, known=True) == DOSSIER
    assert len({aggregate_of(f"{n}", known=False) for n in range(5_000)}) == codes.DECOYS


def test_a_code_that_came_back_proves_the_applicants_contact_and_no_other() -> None:
    state, _ = verify(issued(purpose="representative").state, "123456", purpose="representative")
    assert state.proved is None
    state, _ = verify(issued(state).state, "000000")
    assert state.proved is None
    state, _ = verify(state, "123456", NOW + timedelta(minutes=1))
    assert state.proved == NOW + timedelta(minutes=1)
    assert issued(state, NOW + timedelta(minutes=2)).state.proved == state.proved


def test_what_became_of_its_sms_is_kept_for_the_last_one() -> None:
    decision = issued()
    (effect,) = decision.effects
    assert isinstance(effect, SendCode)
    state = codes.settled(decision.state, effect.unknown(), NOW).state  # type: ignore[arg-type] # it is one of a code
    assert state is not None
    assert state.issued[0].fate == "unknown"
    again = issued(state).state
    assert codes.settled(again, effect.failed("erased"), NOW).state == again  # type: ignore[arg-type] # as above


def test_a_quota_counts_what_it_allowed_in_the_last_hour() -> None:
    times: tuple[datetime, ...] = ()
    allowed = []
    for minute in (0, 10, 20, 30, 61, 62):
        spent = quotas.spend(times, 2, NOW + timedelta(minutes=minute))
        times = times if spent is None else spent
        allowed.append(spent is not None)
    assert allowed == [True, True, False, False, True, False]
    assert len(times) == 2


def test_the_texts_of_codes_are_registered_and_one_segment() -> None:
    for text in codes.TEXTS.values():
        assert skeleton(text) in registered(FOLDER)
        assert parts_of(text.replace("{code}", "123456")) == 1
