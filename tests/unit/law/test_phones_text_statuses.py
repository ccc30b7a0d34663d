import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from law.errors import NotAPhone, NotMobile, OldPrefix, PhoneError
from law.phones import normalise
from law.statuses import Status
from law.text import fold, printed, unaccent


@pytest.mark.parametrize("text", ["0912345678", "+84 912 345 678", "84912345678", "091.234.5678", " (+84) 912-345-678"])
def test_one_number_many_ways(text: str) -> None:
    assert normalise(text.replace("(+84)", "+84")) == "+84912345678"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("01621234567", "0162", "032"),
        ("+841201234567", "0120", "070"),
        ("01291234567", "0129", "082"),
        ("01691234567", "0169", "039"),
        ("01991234567", "0199", "059"),
    ],
)
def test_old_number_names_the_new_prefix(text: str, old: str, new: str) -> None:
    with pytest.raises(OldPrefix, match=new) as caught:
        normalise(text)
    assert (caught.value.old, caught.value.new) == (old, new)
    assert text[-6:] not in str(caught.value)


@pytest.mark.parametrize("text", ["", "abc", "0912345678 x5", "0912ABCDEF", "+4915112345678", "012", "09123456789"])
def test_not_a_phone(text: str) -> None:
    with pytest.raises(NotAPhone):
        normalise(text)


def test_landline_takes_no_sms() -> None:
    with pytest.raises(NotMobile):
        normalise("0215 3825409")


@given(st.text(max_size=30) | st.from_regex(r"\A(\+?84|0)[35789][0-9 .]{8,10}\Z"))
def test_refused_or_normalised_the_same_way_twice(text: str) -> None:
    try:
        once = normalise(text)
    except PhoneError:
        return
    assert normalise(once) == once == normalise(text)


def test_unaccent() -> None:
    assert unaccent("Điện Biên, Mường Phăng, đặc biệt: Hồ sơ ƯỚC") == "Dien Bien, Muong Phang, dac biet: Ho so UOC"
    assert fold("  Thư  Viện ĐẠI học ") == "thu vien dai hoc"


@given(st.text())
def test_unaccent_is_done_once(text: str) -> None:
    assert unaccent(unaccent(text)) == unaccent(text)


def test_statuses() -> None:
    assert [int(status) for status in Status] == list(range(1, 11))
    assert Status(2).name_vi == "Được tiếp nhận"
    assert Status(10).name_en == "Result returned"
    assert [int(status) for status in Status if status.terminal] == [3, 7, 8, 10]
    assert [int(status) for status in Status if status.clock_paused] == [5, 6]
    assert [int(status) for status in Status if status.counted_as_paused] == [5, 6, 8]


def test_what_a_page_cannot_show_is_a_question_mark() -> None:
    decomposed = unicodedata.normalize("NFD", "Điện Biên, 650.000 ₫")
    assert printed({"name": decomposed, "lines": ["a\x19\u4e2d", 1]}) == {
        "name": "Điện Biên, 650.000 ₫",
        "lines": ["a??", 1],
    }
