from datetime import date

import pytest

from law import procedures
from law._data import packaged
from law.errors import FeeError, FeeInputError, MissingFeeInput, UnknownFeeInput, WrongFeeInput
from law.facts import Mark
from law.fees import FeeInputs, assess, inputs_of, inputs_of_form, inputs_of_text
from law.procedures import Catalogue
from law.tariff import Charge

PLAN = date(2021, 6, 16)


def total(code: str, on: str, **values: str | int) -> int:
    day = date.fromisoformat(on)
    found = assess(procedures.find(code, day), day, FeeInputs(values=values))
    assert found.total == sum(line.amount for line in found.lines)
    return found.total


# 200,000 per on-site card by TT 33/2018, halved where a reduction is sure.
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
        ("2024-01-01", 200_000, "V"),
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
    assert [(line.kind, line.amount, line.mark) for line in result.lines] == [("phi", amount, Mark(mark))]


@pytest.mark.parametrize("code", ["1.004628", "1.004623", "1.001432", "1.004614"])
def test_one_fee_for_new_exchanged_and_reissued_guide_cards(code: str) -> None:
    assert total(code, "2021-06-16") == 325_000
    assert total(code, "2022-06-30") == 325_000
    assert total(code, "2022-07-01") == 650_000


DATED: dict[str, tuple[str, str, dict[str, str | int], int]] = {
    "travel licence, full": ("2.001628", "2022-07-01", {}, 3_000_000),
    "travel licence, halved as Lai Châu showed": ("2.001628", "2021-06-16", {}, 1_500_000),
    "travel licence exchanged": ("2.001622", "2022-07-01", {}, 2_000_000),
    "travel licence reissued": ("2.001616", "2022-07-01", {}, 1_500_000),
    "travel licence reissued, halved": ("2.001616", "2024-07-01", {}, 750_000),
    "one star": ("1.004594", "2021-06-16", {"rating": "one_star"}, 1_500_000),
    "three stars": ("1.004594", "2021-06-16", {"rating": "three_stars"}, 2_000_000),
    "meets the standard": ("1.004594", "2021-06-16", {"rating": "standard"}, 1_000_000),
    **{
        f"{minutes} minutes": ("1.009397", "2021-06-16", {"purpose": "public", "minutes": minutes}, amount)
        for minutes, amount in [
            (1, 1_500_000),
            (50, 1_500_000),
            (51, 2_000_000),
            (100, 2_000_000),
            (101, 3_000_000),
            (150, 3_000_000),
            (151, 3_500_000),
            (200, 3_500_000),
            (201, 5_000_000),
            (1440, 5_000_000),
        ]
    },
    **{
        f"karaoke {request} {location} {rooms}": (
            "1.001029",
            "2021-06-16",
            {"request": request, "location": location, "room_count": rooms},
            amount,
        )
        for request, location, rooms, amount in [
            ("new", "city_town", 1, 4_000_000),
            ("new", "city_town", 3, 4_000_000),
            ("new", "city_town", 4, 6_000_000),
            ("new", "city_town", 5, 6_000_000),
            ("new", "city_town", 6, 12_000_000),
            ("new", "other", 3, 2_000_000),
            ("new", "other", 5, 3_000_000),
            ("new", "other", 6, 6_000_000),
            ("add_rooms", "city_town", 1, 2_000_000),
            ("add_rooms", "city_town", 6, 12_000_000),
            ("add_rooms", "city_town", 7, 12_000_000),
            ("add_rooms", "other", 5, 5_000_000),
            ("add_rooms", "other", 9, 6_000_000),
        ]
    },
    "karaoke, another owner": ("1.001029", "2021-06-16", {"request": "change_owner"}, 500_000),
    "library": ("1.008895", "2021-06-16", {}, 0),
    "antiquities": ("2.001631", "2021-06-16", {}, 0),
    "advertising": ("1.004650", "2021-06-16", {}, 0),
}


@pytest.mark.parametrize(("code", "on", "values", "amount"), DATED.values(), ids=DATED.keys())
def test_fees(code: str, on: str, values: dict[str, str | int], amount: int) -> None:
    assert total(code, on, **values) == amount


@pytest.mark.parametrize("purpose", ["political_task", "diplomacy"])
def test_an_exemption_has_no_line_and_says_why(purpose: str) -> None:
    found = assess(procedures.find("1.009397", PLAN), PLAN, FeeInputs(values={"purpose": purpose, "minutes": 90}))
    assert (found.lines, found.total) == ((), 0)
    assert [entry.code for entry in found.exemptions] == ["PHI-BIEU-DIEN"]
    assert found.exemptions[0].reason_vi != found.exemptions[0].reason_en


def test_a_capped_line_keeps_price_and_quantity() -> None:
    values = {"request": "add_rooms", "location": "city_town", "room_count": 9}
    line = assess(procedures.find("1.001029", PLAN), PLAN, FeeInputs(values=values)).lines[0]
    assert (line.unit_price, line.quantity, line.amount) == (2_000_000, 9, 12_000_000)


def test_the_councils_fee_is_an_example_until_its_resolution_is_entered() -> None:
    yoga = procedures.find("1.000953", PLAN)
    found = assess(yoga, PLAN)
    assert (found.total, found.lines[0].mark) == (1_000_000, Mark.UNCERTAIN)
    assert yoga.charges[0].set_by == "council"


def test_a_reduction_is_switched_on_by_its_mark() -> None:
    name = "reductions/tt33-2018.json"
    texts = {**packaged(), name: packaged()[name].replace('"mark": "R"', '"mark": "V"')}
    day = date(2023, 8, 1)
    line = assess(Catalogue.from_texts(texts).find("1.001440", day), day).lines[0]
    assert (line.amount, line.mark) == (100_000, Mark.VERIFIED)


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


REFUSED: dict[str, tuple[dict[str, str], type[FeeInputError], str]] = {
    "nothing given": ({}, MissingFeeInput, "'request': one of new, add_rooms, change_owner"),
    "what that choice needs": ({"request": "new"}, MissingFeeInput, "'location': one of city_town, other"),
    "and that one": ({"request": "new", "location": "other"}, MissingFeeInput, "'room_count': a number from 1 to 200"),
    "no such choice": ({"request": "old"}, WrongFeeInput, "'request' must be one of new"),
    "no number": (
        {"request": "change_owner", "room_count": "six"},
        WrongFeeInput,
        "'room_count' must be a number from 1 to 200",
    ),
    "out of range": (
        {"request": "change_owner", "room_count": "0"},
        WrongFeeInput,
        "'room_count' must be a number from 1 to 200",
    ),
    "unknown": ({"colour": "red"}, UnknownFeeInput, "not depend on 'colour' but on: request, location, room_count"),
    "no units": ({"units": "0"}, WrongFeeInput, "'units' must be a number from 1 to 1000"),
}


@pytest.mark.parametrize(("pairs", "error", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_input_is_named_with_what_is_allowed(
    pairs: dict[str, str], error: type[FeeInputError], message: str
) -> None:
    karaoke = procedures.find("1.001029", PLAN)
    with pytest.raises(error, match=message) as caught:
        assess(karaoke, PLAN, inputs_of_text(karaoke, pairs))
    assert caught.value.name in message


def test_the_fee_is_counted_by_what_was_filed() -> None:
    karaoke = procedures.find("1.001029", PLAN)
    assert [field.name for field in inputs_of(karaoke)] == ["request", "location", "room_count"]
    form = {"request": "new", "location": "other", "room_count": 4, "enterprise_name": "Mẫu", "tax_code": None}
    assert assess(karaoke, PLAN, inputs_of_form(karaoke, form)).total == 3_000_000
