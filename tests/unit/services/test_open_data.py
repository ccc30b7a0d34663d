"""Open data: nobody gets at a small number, by subtraction neither; the page says what the data say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.tracking.domain.counted import Counted
from services.tracking.domain.disclosure import FEWEST, disclosed
from services.tracking.domain.open_data import open_data
from services.tracking.statistics import pages
from services.tracking.statistics.log import totals
from tests.unit.services.populations import BEGIN, NOW

COLUMNS = ("a", "b", "c")
tables = st.dictionaries(
    st.sampled_from(["p", "q", "r", "s"]), st.fixed_dictionaries({c: st.integers(0, 12) for c in COLUMNS}), min_size=1
)


@given(tables)
def test_no_row_or_column_gives_a_small_number_away(table: Mapping[str, Mapping[str, int]]) -> None:
    shown = disclosed(table, COLUMNS)
    lines = [[(row, column) for column in COLUMNS] for row in table]
    lines += [[(row, column) for row in table] for column in COLUMNS]
    for line in lines:
        secret = [table[row][column] for row, column in line if shown[row][column] is None]
        assert all(shown[r][c] == table[r][c] for r, c in line if shown[r][c] is not None)
        assert not any(0 < (shown[r][c] or 0) < FEWEST for r, c in line)
        everything = len(secret) == len(line)
        assert not secret or everything or (len(secret) > 1 and sum(secret) >= FEWEST)


def decided(number: int, days: int = 3) -> list[Counted]:
    one = Counted(
        procedure="1.000953", route="portal", filed=BEGIN, received=BEGIN, due=BEGIN + timedelta(days=9),
        ended=BEGIN + timedelta(days=days), end="approved",
    )  # fmt: skip
    return [one] * number


def test_few_dossiers_are_not_shown_at_all() -> None:
    found = open_data(totals(decided(FEWEST - 1)), NOW)
    september = next(m for m in found.months if m.month == "2026-09")
    assert september.sums["resolved"] is None
    assert not found.usual
    page = pages.page(found, {}, NOW, live=True)
    assert "không quá" not in page
    assert f"<td>{FEWEST - 1}</td>" not in page


def test_enough_are() -> None:
    found = open_data(totals(decided(40)), NOW)
    september = next(m for m in found.months if m.month == "2026-09")
    assert september.sums == {"received": 40, "resolved": 40, "delivered": 0}
    assert (found.in_time, found.level4) == (1000, 1000)
    page = pages.page(found, {"1.000953": "<Yoga>"}, NOW, live=False)
    assert "&lt;Yoga&gt;" in page
    assert "không quá 3 ngày" in page
    assert "được tính lại" in page
    assert "<script" not in page
