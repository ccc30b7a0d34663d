"""What the national portal is told of a received dossier: its record as it is now, and each step. Pure.

The objects are those of its synchronisation API (domain of the one-stop software; Vietnamese names as it has them);
instants are ``yyyyMMddHHmmss`` in Asia/Ho_Chi_Minh. Its releases number things differently: see `Numbers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from chassis.decision import Decision
from law.procedures import Procedure
from law.statuses import Status
from schemas.event import Event
from schemas.parts import Way
from services.submission.domain import charging
from services.submission.domain.dossier import LOCAL, Dossier, National, Rules
from services.submission.domain.graph import STATUS
from services.submission.domain.telling import STEPS
from services.submission.portal_messages import NationalSynced, Report, SyncNational

MAX_WAITING: Final = 40
"""Steps that wait; beyond, the oldest after the one on its way is left out: its record is told with the next anyway."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """How a release of the API numbers whose dossier it is (LoaiDoiTuong) and how the result comes (HinhThuc).

    `ways`: 0 in person, 1 by post; online is told as 0, for the API knows no third (own choice).
    """

    kinds: Mapping[Literal["individual", "enterprise"], str]
    ways: Mapping[Way, str]


WAYS: Final[Mapping[Way, str]] = {"in_person": "0", "online": "0", "post": "1"}
NUMBERS: Final = {
    "citizen-1": Numbers(kinds={"individual": "1", "enterprise": "2"}, ways=WAYS),
    "citizen-0": Numbers(kinds={"individual": "0", "enterprise": "1"}, ways=WAYS),
}
"""By what a citizen is: the older table, and that of the ministry's newer API, which contradicts it."""


@dataclass(frozen=True, slots=True)
class Person:
    """The applicant, in clear, for the time of one call."""

    name: str
    phone: str
    email: str
    number: str


def reported(found: Decision[Dossier], rules: Rules) -> Decision[Dossier]:
    """The decision, and its steps to the national portal, one after the other, once the dossier has its code."""
    dossier = found.state
    if not rules.national or dossier is None or dossier.code is None:
        return found
    reports = [_report(event, dossier) for event in found.events if type(event) in STEPS]
    if not reports:
        return found
    waiting = (*dossier.national.waiting, *reports)
    first = () if dossier.national.waiting else (SyncNational(report=reports[0]),)
    waiting = (waiting[0], *waiting[1:][-(MAX_WAITING - 1) :])
    state = dossier.model_copy(update={"national": dossier.national.model_copy(update={"waiting": waiting})})
    return replace(found, state=state, effects=(*found.effects, *first))


def synced(dossier: Dossier | None, outcome: NationalSynced, _now: datetime) -> Decision[Dossier]:
    """The next step is on its way."""
    if dossier is None or not dossier.national.waiting:
        return Decision(dossier)
    rest = dossier.national.waiting[1:]
    refused = dossier.national.refused + (not outcome.accepted)
    state = dossier.model_copy(update={"national": National(waiting=rest, refused=refused)})
    return Decision(state, effects=tuple(SyncNational(report=report) for report in rest[:1]))


def _report(event: Event, dossier: Dossier) -> Report:
    step, when = STEPS[type(event)]
    by = getattr(event, "by", None)
    return Report(
        step=step,
        status=STATUS[dossier.stage],
        happened_at=getattr(event, when),
        role=by.role if by else None,
        unit=by.unit if by else dossier.unit,
        note=getattr(event, "reason", None),
    )


def record(dossier: Dossier, procedure: Procedure, person: Person, numbers: Numbers, agency: str) -> dict[str, Any]:
    """The dossier as DongBoHoSoMC takes it. Amounts in VND. `agency`: what it is called."""
    return {
        "MaHoSo": dossier.code,
        "MaTTHC": procedure.full_code,
        "TenTTHC": procedure.name_vi,
        "TenLinhVuc": procedure.field.value.vi,
        "ChuHoSo": person.name,
        "LoaiDoiTuong": numbers.kinds[dossier.applicant.kind],
        "MaDoiTuong": person.number,
        "Email": person.email,
        "Fax": "",
        "SoDienThoai": person.phone,
        "TrichYeuHoSo": procedure.name_vi,
        "NgayTiepNhan": local(dossier.received_at),
        "NgayHenTra": local(dossier.due_at or dossier.promised),
        "TrangThaiHoSo": str(int(STATUS[dossier.stage])),
        "NgayTra": local(dossier.returned_at),
        "ThongTinTra": dossier.result_number or "",
        "HinhThuc": numbers.ways[dossier.way],
        "NgayKetThucXuLy": local(dossier.ended_at),
        "DonViXuLy": agency,
        "GhiChu": dossier.reason or "",
        "TaiLieuNop": [
            {
                "TepDinhKemId": document.file,
                "TenTepDinhKem": document.code,
                "IsDeleted": "False",
                "MaThanhPhanHoSo": document.code,
                "DuongDanTaiTepTin": "",
            }
            for document in dossier.documents
        ],
        "DanhSachLePhi": [
            {
                "TenPhiLePhi": line.name_vi,
                "MaPhiLePhi": line.code,
                "HinhThucThu": "1",
                "Gia": str(line.amount),
                "LoaiPhiLePhi": "1" if line.kind == "phi" else "2",
            }
            for line in charging.assess(dossier).lines
        ],
        "DanhSachHoSoBoSung": _supplements(dossier),
        "DanhSachGiayToKetQua": [],
    }


def _supplements(dossier: Dossier) -> list[dict[str, Any]]:
    ask = dossier.supplement
    if ask is None:
        return []
    return [
        {
            "HoSoBoSungId": f"{dossier.code}-1",
            "NguoiYeuCauBoSung": "",
            "NoiDungBoSung": "; ".join(
                f"{item.label.vi if item.label else item.name}: {item.why}" for item in ask.items
            ),
            "NgayBoSung": local(ask.requested_at),
            "TrangThaiBoSung": "1" if ask.answered_at else "0",
            "NgayHenTraTruoc": local(dossier.promised),
            "NgayHenTraMoi": local(dossier.due_at),
        }
    ]


def progress(dossier: Dossier, report: Report) -> dict[str, Any]:
    """One step as CapNhatTienDoHoSoMC takes it: by the unit and role that did it; officers are not named."""
    return {
        "MaHoSo": dossier.code,
        "NguoiXuLy": "",
        "ChucDanh": report.role or "",
        "ThoiDiemXuLy": local(report.happened_at),
        "PhongBanXuLy": report.unit or "",
        "NoiDungXuLy": report.note or Status(report.status).name_vi,
        "TrangThai": str(report.status),
        "NgayBatDau": local(dossier.received_at),
        "NgayKetThucTheoQuyDinh": local(dossier.due_at or dossier.promised),
    }


def local(instant: datetime | None) -> str:
    """``yyyyMMddHHmmss`` in Asia/Ho_Chi_Minh; empty where there is none."""
    return "" if instant is None else instant.astimezone(LOCAL).strftime("%Y%m%d%H%M%S")
