"""What the national portal is told: one step after the other, in its own words and numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.series import NumberTaken
from law.statuses import Status
from services.submission import messages as do
from services.submission.domain import life, national, timing
from services.submission.domain.dossier import Dossier
from services.submission.domain.national import MAX_WAITING, NUMBERS, Person
from services.submission.portal_messages import NationalSynced, SyncNational
from tests.unit.services import lives
from tests.unit.services.lives import CLERK, FILED, FREE, ITEMS, LEADER, PAYING, RULES, SPECIALIST

HANDLERS = life.handlers(replace(RULES, national=True))
NUMBER = NumberTaken(series="s", number=1)
PERSON = Person(name="Lò Thị Mẫu", phone="+84912345678", email="", number="")


def play(messages: list[Any], kind: int = FREE) -> tuple[Dossier, list[SyncNational]]:
    """The dossier to which that happened, and what was sent on the way, each when the one before was taken."""
    state, sent, now = None, [], FILED
    for message in (lives.filing(kind), *messages):
        decision = HANDLERS[type(message)](state, message, now)
        state = decision.state
        sent += [effect for effect in decision.effects if isinstance(effect, SyncNational)]
        now += timedelta(minutes=1)
    assert isinstance(state, Dossier)
    return state, sent


def record(dossier: Dossier, numbers: str = "citizen-1") -> dict[str, Any]:
    return national.record(dossier, timing.procedure_of(dossier), PERSON, NUMBERS[numbers], "Sở VHTTDL")


def test_nothing_is_told_before_reception_nor_where_none_is_configured() -> None:
    assert play([do.RequestSupplement(by=CLERK, items=ITEMS[FREE])])[1] == []
    player = lives.Player()
    effects = [player.tell(m).effects for m in (lives.filing(), do.AcceptDossier(by=CLERK), NUMBER)]
    assert not any(isinstance(effect, SyncNational) for found in effects for effect in found)


def test_a_step_waits_until_the_one_before_was_taken_or_refused() -> None:
    received = [do.AcceptDossier(by=CLERK), NUMBER, do.AssignDossier(by=LEADER, unit="culture")]
    dossier, sent = play([*received, do.ExtendTerm(by=LEADER, days=1, reason="chờ ý kiến")])
    assert [effect.report.step for effect in sent] == ["accepted"]
    steps, taken = [], True
    while dossier.national.waiting:
        steps.append(dossier.national.waiting[0].step)
        decision = HANDLERS[NationalSynced](dossier, NationalSynced(accepted=taken), FILED)
        assert decision.state is not None
        dossier, taken = decision.state, False
        next_sent = [effect.report.step for effect in decision.effects if isinstance(effect, SyncNational)]
        assert next_sent == [report.step for report in dossier.national.waiting[:1]]
    assert steps == ["accepted", "assigned", "extended"]
    assert dossier.national.refused == 2


def test_what_waits_is_bounded_and_the_one_on_its_way_stays_first() -> None:
    dossier, _ = play([do.AcceptDossier(by=CLERK), NUMBER])
    first = dossier.national.waiting[0]
    for n in range(3 * MAX_WAITING):
        assign = do.AssignDossier(by=LEADER, unit="culture")
        decided: Dossier | None = HANDLERS[do.AssignDossier](dossier, assign, FILED + timedelta(minutes=n + 3)).state
        assert decided is not None
        dossier = decided
    assert len(dossier.national.waiting) == MAX_WAITING
    assert dossier.national.waiting[0] == first


def test_the_record_is_in_the_portal_s_words() -> None:
    dossier, _ = play([do.AcceptDossier(by=CLERK), NUMBER], PAYING)
    found = record(dossier)
    assert (found["MaHoSo"], found["ChuHoSo"], found["TrangThaiHoSo"]) == (dossier.code, "Lò Thị Mẫu", "6")
    assert found["NgayTiepNhan"] == "20261125090100", "local time, without a zone"
    assert found["MaTTHC"].startswith("1.001440.")
    assert [line["Gia"] for line in found["DanhSachLePhi"]] == [str(dossier.total)]
    assert found["DanhSachHoSoBoSung"] == []


def test_a_supplement_is_in_the_record() -> None:
    received = [do.AcceptDossier(by=CLERK), NUMBER, do.AssignDossier(by=LEADER, unit="culture")]
    asked = [do.TakeDossier(by=SPECIALIST), do.RequestSupplement(by=SPECIALIST, items=ITEMS[FREE])]
    dossier, _ = play([*received, *asked])
    (entry,) = record(dossier)["DanhSachHoSoBoSung"]
    assert "thiếu số nhà" in entry["NoiDungBoSung"]
    assert (entry["TrangThaiBoSung"], entry["NgayBoSung"]) == ("0", "20261125090500")


@pytest.mark.parametrize(("numbers", "kind"), [("citizen-1", "1"), ("citizen-0", "0")])
def test_releases_number_a_citizen_differently(numbers: str, kind: str) -> None:
    dossier, _ = play([do.AcceptDossier(by=CLERK), NUMBER])
    assert dossier.applicant.kind == "individual"
    assert record(dossier, numbers)["LoaiDoiTuong"] == kind


def test_a_step_names_the_unit_and_no_officer() -> None:
    dossier, sent = play([do.AcceptDossier(by=CLERK), NUMBER])
    found = national.progress(dossier, sent[0].report)
    assert (found["PhongBanXuLy"], found["ChucDanh"], found["NguoiXuLy"]) == ("one-stop", "clerk", "")
    assert (found["TrangThai"], found["NoiDungXuLy"]) == ("2", Status.RECEIVED.name_vi)
