"""The papers of the one-stop rule: what each says, in the numbering in force on its day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest

from cli.generate import GOLDENS
from law import slips
from law.errors import LawDataError
from law.slips import SlipKind
from schemas.dossier import DossierStopped
from schemas.parts import TermLength
from schemas.topics import CATALOGUES
from services.delivery.domain import life
from services.delivery.domain.delivery import Rules
from services.delivery.domain.papers import Papers
from services.delivery.effects import pdf

NOW = datetime(2026, 11, 25, tzinfo=UTC)
HANDLERS = life.handlers(Rules())
KINDS: tuple[SlipKind, ...] = get_args(SlipKind)


def event(name: str) -> Any:
    return CATALOGUES["dossier"].decode(f"dossier.{name}.v1", (GOLDENS / f"dossier.{name}.v1.json").read_bytes())


def papers(**changes: Any) -> Papers:
    state: Any = None
    for name in ("submitted", "accepted", "supplement_requested", "rejected", "extended", "stopped"):
        said = event(name).model_copy(update=changes.get(name, {}))
        state = HANDLERS[type(said)](state, said, NOW).state
    found: Papers = state.papers
    return found


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("receipt", ["000.00.12.H18-261124-0001", "17 giờ 00 phút, ngày 07/12/2026", "10 ngày", "100.000 đồng"]),
        ("supplement", ["Ngày sinh: không khớp với căn cước", "ngày 25/12/2026"]),
        ("refusal", ["Lý do từ chối"]),
        ("apology", ["ngày 07/12/2026", "ngày 10/12/2026", "chờ ý kiến cơ quan khác", "xin lỗi"]),
        ("stop", ["không bổ sung hồ sơ đúng hạn", "Căn cứ"]),
    ],
)
def test_each_paper_says_who_what_and_when(kind: SlipKind, words: list[str]) -> None:
    content = papers(accepted={"term": TermLength(amount=10, unit="calendar")}).content(kind, "Lò Thị Mẫu", "0b9e2b0a")
    text = str(content)
    for word in ("Lò Thị Mẫu", "Cấp thẻ hướng dẫn viên du lịch tại điểm", *words):
        assert word in text
    assert pdf.page("slip.typ", content, qr=content["code"]).startswith(b"%PDF-")


def test_the_bars_are_characters_of_code_128() -> None:
    code = "000.00.12.H18-261124-0001"
    widths = [width for _, width in pdf.bars(code)]
    assert [black for black, _ in pdf.bars(code)] == [n % 2 == 0 for n in range(len(widths))]
    assert (widths[:6], widths[-7:]) == ([2, 1, 1, 2, 3, 2], [2, 3, 3, 1, 1, 1, 2])  # start C, stop
    assert {sum(widths[at : at + 6]) for at in range(0, len(widths) - 7, 6)} == {11}


@pytest.mark.parametrize(
    ("day", "circular", "stop"),
    [(date(2021, 6, 16), "Thông tư 01/2018/TT-VPCP", None), (date(2026, 11, 25), "Thông tư 03/2025/TT-VPCP", "05")],
)
def test_forms_have_the_numbers_of_the_circular_in_force(day: date, circular: str, stop: str | None) -> None:
    found = slips.forms(day)
    assert found.circular == circular
    assert [found.forms.value[kind].number for kind in KINDS[:4]] == ["01", "02", "03", "04"]
    assert (found.forms.value[KINDS[4]].number if KINDS[4] in found.forms.value else None) == stop


def test_a_notice_of_stopping_has_no_form_number_before_there_was_one() -> None:
    old = papers(stopped={"stopped_at": datetime(2021, 6, 16, 3, 0, tzinfo=UTC)})
    assert old.describe("stop")["form"] is None
    assert old.content("stop", "n", "c")["form"] == ""


def test_no_day_is_without_forms_and_an_unknown_one_is_refused_by_name() -> None:
    days = [date(2018, 11, 23) + timedelta(days=n) for n in range(3000)]
    assert {slips.forms(day).circular for day in days} == {"Thông tư 01/2018/TT-VPCP", "Thông tư 03/2025/TT-VPCP"}
    with pytest.raises(LawDataError, match="2001-01-01"):
        slips.forms(date(2001, 1, 1))


def test_a_paper_there_is_none_of_is_not_made() -> None:
    with pytest.raises(KeyError):
        Papers().content("receipt", "n", "c")


def test_a_paper_may_come_before_the_dossier_is_known() -> None:
    stopped = event("stopped")
    assert isinstance(stopped, DossierStopped)
    state = HANDLERS[DossierStopped](None, stopped, NOW).state
    assert state is not None
    assert state.papers.kinds == ("stop",)
