from datetime import date

import pytest

from law import procedures
from law.search import search

ALL = procedures.all(date(2026, 11, 25))


def codes(words: str, field: str = "") -> list[str]:
    return [hit.procedure.code for hit in search(ALL, words, field=field)]


@pytest.mark.parametrize(
    "words", ["hướng dẫn viên", "huong dan vien", "HƯỚNG  DẪN viên", "hu da vie", "viên dẫn hướng"]
)
def test_with_and_without_diacritics_by_the_beginnings_of_words(words: str) -> None:
    assert sorted(codes(words)) == ["1.001432", "1.001440", "1.004614", "1.004623", "1.004628"]


def test_d_with_stroke_is_found_by_d_and_by_itself() -> None:
    assert codes("nội địa") == codes("noi dia") != []
    assert codes("điểm") == ["1.001440"]


def test_every_word_must_be_found() -> None:
    assert codes("karaoke") == ["1.001029"]
    assert codes("karaoke yoga") == []
    assert codes("araoke") == []


@pytest.mark.parametrize("words", ["1.001440", "1.001440.000.00.00.H18"])
def test_a_code_comes_first(words: str) -> None:
    assert codes(words)[0] == "1.001440"
    assert len(codes("1.0014")) == 2


def test_ranking_beginning_of_the_name_then_words_together_then_whole_words_then_beginnings() -> None:
    assert set(codes("cấp lại")[:4]) == {"1.001191", "1.004614", "1.012081", "2.001616"}
    assert codes("thư viện")[:3] == ["1.008897", "1.008896", "1.008895"]
    scores = [hit.score for hit in search(ALL, "cap lai giay")]
    assert scores == sorted(scores, reverse=True)
    whole, begun = ({hit.procedure.code: hit.score for hit in search(ALL, words)} for words in ("thu vien", "thu vie"))
    assert all(whole[code] > begun[code] for code in ("1.008895", "1.008896", "1.008897"))


def test_by_field_and_level_in_either_language() -> None:
    assert codes("", field="thu vien") == codes("", field="Libraries") == ["1.008897", "1.008896", "1.008895"]
    assert len(codes("")) == len(ALL)
    assert search(ALL, level="commune") == ()
    assert len(search(ALL, level="province")) == len(ALL)
    assert "1.008895" in codes("libraries")
