import json
from datetime import date

import pytest

from law import procedures
from law._data import packaged
from law.errors import FeeError, LawDataError, UnknownProcedure
from law.facts import Mark
from law.fees import FeeInputs, assess
from law.procedures import Catalogue
from law.tariff import Charge
from law.terms import Term

PLAN = date(2021, 6, 16)


def test_the_three() -> None:
    found = procedures.all(PLAN)
    assert [entry.code for entry in found] == ["1.000953", "1.001440", "1.008895"]
    assert [entry.result.value for entry in found] == ["certificate", "card", "reply"]
    assert [entry.term for entry in found] == [
        Term(amount=7, unit="working"),
        Term(amount=10, unit="calendar"),
        Term(amount=15, unit="calendar"),
    ]
    assert all(set(entry.ways.value) == {"online", "post", "in_person"} for entry in found)


@pytest.mark.parametrize("code", ["1.008895", "1.008895.000.00.00.H18", "1.008895.H18"])
def test_find_by_any_written_form(code: str) -> None:
    assert procedures.find(code, PLAN).full_code == "1.008895.000.00.00.H18"


@pytest.mark.parametrize("code", ["9.999999", "1.008895.000.00.00.H01", "", "1.00889", "1.008895\n"])
def test_unknown_names_code_and_date(code: str) -> None:
    with pytest.raises(UnknownProcedure, match="2021-06-16") as caught:
        procedures.find(code, PLAN)
    assert (caught.value.code, caught.value.on) == (code, PLAN)


def test_not_in_force_before_its_date() -> None:
    with pytest.raises(UnknownProcedure):
        procedures.find("1.008895", date(2020, 6, 30))
    assert procedures.find("1.008895", date(2020, 7, 1))


@pytest.mark.parametrize(
    ("on", "amount", "mark"),
    [
        ("2020-05-04", 200_000, "V"),
        ("2020-05-05", 100_000, "V"),
        ("2020-12-31", 100_000, "V"),
        ("2021-06-16", 100_000, "V"),
        ("2022-06-30", 100_000, "V"),
        ("2022-07-01", 200_000, "V"),
        ("2023-07-01", 200_000, "R"),  # TT 44/2023 is remembered only: not applied, and told
        ("2024-06-30", 200_000, "V"),
        ("2024-07-01", 100_000, "V"),
        ("2025-01-01", 200_000, "V"),
        ("2025-07-01", 100_000, "R"),  # TT 64/2025: start verified, end remembered
        ("2026-11-24", 100_000, "R"),
        ("2027-01-01", 200_000, "R"),
    ],
)
def test_on_site_card_by_date(on: str, amount: int, mark: str) -> None:
    day = date.fromisoformat(on)
    result = assess(procedures.find("1.001440", day), day)
    assert result.total == amount
    assert [(line.kind, line.amount, line.mark) for line in result.lines] == [("phi", amount, Mark(mark))]


def test_a_reduction_is_switched_on_by_its_mark() -> None:
    reductions = {name: text.replace('"mark": "R"', '"mark": "V"') for name, text in packaged("reductions").items()}
    catalogue = Catalogue.from_texts(packaged("procedures"), reductions)
    day = date(2023, 8, 1)
    line = assess(catalogue.find("1.001440", day), day).lines[0]
    assert (line.amount, line.mark) == (100_000, Mark.VERIFIED)


def test_yoga_is_an_example_and_library_is_free() -> None:
    yoga = assess(procedures.find("1.000953", PLAN), PLAN)
    assert yoga.total == 1_000_000
    assert yoga.lines[0].mark is Mark.UNCERTAIN
    assert procedures.find("1.000953", PLAN).charges[0].rate.amount.source == "example"
    assert assess(procedures.find("1.008895", PLAN), PLAN).lines == ()


def test_units() -> None:
    result = assess(procedures.find("1.001440", PLAN), PLAN, FeeInputs(units=3))
    assert (result.lines[0].unit_price, result.lines[0].quantity, result.total) == (100_000, 3, 300_000)


def test_more_than_a_payment_can_carry() -> None:
    base = procedures.find("1.000953", PLAN)
    charge = base.charges[0].model_dump(mode="json")
    charge["rate"]["amount"]["value"] = 10**8
    dear = base.model_copy(update={"charges": (Charge.model_validate(charge),)})
    with pytest.raises(FeeError, match="one payment"):
        assess(dear, PLAN, FeeInputs(units=100))


def test_two_versions_by_date() -> None:
    text = json.loads(packaged("procedures")["procedures/1.008895.json"])
    old = text["versions"][0]
    old["until"] = {"value": "2025-06-30", "source": "test", "mark": "V"}
    new = json.loads(json.dumps(old)) | {"version": "2025.1", "until": None}
    new["since"]["value"] = "2025-07-01"
    catalogue = Catalogue.from_texts({"x.json": json.dumps({"versions": [new, old]})}, {})
    assert catalogue.find("1.008895", date(2025, 6, 30)).version == "2020.1"
    assert catalogue.find("1.008895", date(2025, 7, 1)).version == "2025.1"
    assert catalogue.version("1.008895", "2020.1").until is not None
    with pytest.raises(LawDataError, match="no version"):
        catalogue.version("1.008895", "1999.1")
    new["since"]["value"] = "2025-06-30"
    with pytest.raises(LawDataError, match="while version"):
        Catalogue.from_texts({"x.json": json.dumps({"versions": [new, old]})}, {})


def test_wrong_data_names_file_and_field() -> None:
    texts = packaged("procedures")
    broken = texts["procedures/1.001440.json"].replace('"phi"', '"fee"')
    with pytest.raises(LawDataError, match=r"bad.json: versions.0.charges.0.kind"):
        Catalogue.from_texts({"bad.json": broken}, {})
    with pytest.raises(LawDataError, match="unknown schedule of reductions 'tt33-2018'"):
        Catalogue.from_texts(texts, {})


def test_reductions_must_leave_whole_dong_and_not_overlap() -> None:
    odd = {name: text.replace('"percent": 50', '"percent": 33') for name, text in packaged("reductions").items()}
    procedure = packaged("procedures")["procedures/1.001440.json"].replace('"value": 200000', '"value": 200001')
    with pytest.raises(LawDataError, match="no whole number"):
        Catalogue.from_texts({"x.json": procedure}, odd)
    overlap = {name: text.replace("2020-12-31", "2021-01-01") for name, text in packaged("reductions").items()}
    with pytest.raises(LawDataError, match="overlap"):
        Catalogue.from_texts({"x.json": procedure}, overlap)
