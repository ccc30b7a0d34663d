from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from law.codes import CodeSeries, DossierCode, Generation
from law.errors import BadDossierCode

AGENCY = "000.00.12.H18"
DAY = date(2021, 6, 16)


@pytest.mark.parametrize(
    ("ordinal", "text"),
    [(1, "000.00.12.H18-210616-0001"), (9999, "000.00.12.H18-210616-9999"), (10000, "000.00.12.H18-210616-10000")],
)
def test_written_and_widened(ordinal: int, text: str) -> None:
    assert str(CodeSeries(agency=AGENCY).code(DAY, ordinal)) == text


@pytest.mark.parametrize(
    ("text", "agency", "received", "ordinal", "generation"),
    [
        ("000.00.12.H62-201105-0004", "000.00.12.H62", date(2020, 11, 5), 4, Generation.TT_01_2018),
        ("G09.20-20260609-0092637", "G09.20", date(2026, 6, 9), 92637, Generation.TT_03_2025),
    ],
)
def test_live_samples(text: str, agency: str, received: date, ordinal: int, generation: Generation) -> None:
    code = DossierCode.parse(text)
    assert (code.agency, code.received, code.ordinal, code.generation) == (agency, received, ordinal, generation)
    assert str(code) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected AGENCY"),
        ("000.00.12.H18-210616-0001\n", "expected AGENCY"),
        ("000.00.12.H18-２10616-0001", "expected AGENCY"),
        ("000.00.12.H18-2106-0001", "neither six"),
        ("000.00.12.H18-210631-0001", "not a date"),
        ("H18.12-19990101-0000001", "2000 to 2099"),
        ("000.00.12.H18-210616-001", "4 digits"),
        ("000.00.12.H18-210616-00001", "leading zero"),
        ("000.00.12.H18-210616-0000", "not between 1"),
        ("000.00.12.H18-210616-" + "9" * 5000, "not between 1"),
        ("00.12.H18-210616-0001", "agency"),
        ("h18.12-20260609-0000001", "agency"),
    ],
)
def test_refused_with_reason(text: str, reason: str) -> None:
    with pytest.raises(BadDossierCode, match=reason):
        DossierCode.parse(text)


def test_configuration_is_checked() -> None:
    with pytest.raises(ValidationError, match="agency"):
        CodeSeries(agency="somewhere")
    with pytest.raises(ValidationError, match="ordinal"):
        CodeSeries(agency=AGENCY).code(DAY, 0)


AGENCIES = st.sampled_from([AGENCY, "H18.12", "G09.20", "H18"])


@given(
    AGENCIES, st.sampled_from(Generation), st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, 99_999_999)
)
def test_round_trip(agency: str, generation: Generation, day: date, ordinal: int) -> None:
    code = CodeSeries(agency=agency, generation=generation).code(day, ordinal)
    assert DossierCode.parse(str(code)) == code


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        code = DossierCode.parse(text)
    except BadDossierCode:
        return
    assert str(code) == text


def test_series_is_per_agency_and_day() -> None:
    assert CodeSeries(agency=AGENCY).key(DAY) == "000.00.12.H18-20210616"
