"""Fictional filings, one after the other through the three procedures and both routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Way = Literal["online", "post", "in_person"]
NAMES: Final = (
    "Lò Thị Mẫu",
    "Quàng Văn Ví Dụ",
    "Giàng A Thử",
    "Nguyễn Thị Minh Họa",
    "Cà Văn Kiểm",
    "Tòng Thị Giả Định",
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One dossier of the demo. `reference` is unique within the run; `phone` within the phone book."""

    number: int
    reference: str
    route: Literal["http", "upstream"]
    way: Way
    filing: dict[str, Any]
    phone: str
    pays: bool


def plan(count: int, run: str) -> list[Planned]:
    """`count` dossiers: library notification (online), yoga certificate (post), guide card (in person), in turn."""
    return [_planned(number, run) for number in range(1, count + 1)]


def _planned(number: int, run: str) -> Planned:
    make = (_library, _yoga, _guide)[number % 3]
    name = NAMES[number % len(NAMES)]
    phone = f"+8491{number:07d}"
    filing, way = make(name, phone, number)
    if number % 2 == 0:
        filing["applicant"]["email"] = f"applicant{number}@example.vn"
    route: Literal["http", "upstream"] = "upstream" if number % 4 == 0 else "http"
    return Planned(number, f"{run}-{number:04d}", route, way, filing, phone, pays=way != "online")


def _library(name: str, phone: str, number: int) -> tuple[dict[str, Any], Way]:
    form = {
        "library_name": f"Thư viện tư nhân Mẫu số {number}",
        "library_kind": "non_public",
        "founder_name": name,
        "address": "Tổ 1, phường Mường Thanh",
        "opening_date": "2027-02-01",
        "area_m2": 120,
        "book_count": 3000,
        "manager_name": name,
    }
    applicant = {"kind": "individual", "name": name, "phone": phone}
    return {"procedure": "1.008895", "applicant": applicant, "form": form, "way": "online"}, "online"


def _yoga(name: str, phone: str, number: int) -> tuple[dict[str, Any], Way]:
    form = {
        "enterprise_name": f"Công ty TNHH Yoga Mẫu {number}",
        "tax_code": "5600128057",
        "representative_name": name,
        "facility_address": "Số 10, phường Điện Biên Phủ",
        "floor_area_m2": 80,
        "instructor_count": 2,
        "opening_hours": "06:00-21:00",
    }
    applicant = {"kind": "enterprise", "name": f"Công ty TNHH Yoga Mẫu {number}", "phone": phone}
    address = {"province": "11", "commune": "03127", "detail": f"Số {number}, đường Ví Dụ"}
    filing = {"procedure": "1.000953", "applicant": applicant, "form": form, "way": "post", "address": address}
    return filing, "post"


def _guide(name: str, phone: str, number: int) -> tuple[dict[str, Any], Way]:
    form = {
        "full_name": name,
        "birth_date": "1990-05-17",
        "sex": "female" if number % 2 else "male",
        "identity_number": f"0110900{number:05d}",
        "identity_date": "2021-06-16",
        "identity_place": "Cục Cảnh sát QLHC về TTXH",
        "phone": phone,
        "email": f"guide{number}@example.vn",
        "address_province": "11",
        "address_commune": "03334",
        "address_detail": "Tổ 3",
        "qualification": "Trung cấp du lịch",
        "language": "vi",
        "destination_name": "Di tích chiến trường Điện Biên Phủ",
    }
    applicant = {"kind": "individual", "name": name, "phone": phone}
    return {"procedure": "1.001440", "applicant": applicant, "form": form, "way": "in_person"}, "in_person"
