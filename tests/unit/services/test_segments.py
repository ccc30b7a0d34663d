"""Texts are cut so that every part fits and nothing is lost; the centre puts them together again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.segments import GSM, GSM_ONE, UCS2, UCS2_ONE, segments
from simulators.sms_centre import phones

GSM_TEXT = st.text(alphabet="abc XYZ019@é€[]{}", min_size=1, max_size=600)
ANY_TEXT = st.text(alphabet="abc ĐđẫịơƯ€", min_size=1, max_size=600)


@given(st.one_of(GSM_TEXT, ANY_TEXT))
def test_parts_fit_and_come_together_again(text: str) -> None:
    parts = segments(text, "a-message")
    read = ""
    for number, part in enumerate(parts, 1):
        assert len(part.data) <= (GSM_ONE if part.coding == GSM else UCS2_ONE)
        body, reference, total, sequence = phones.split_header(part.data, part.esm_class)
        assert (total, sequence) == (len(parts), number)
        assert (reference is None) == (len(parts) == 1)
        read += phones.decode(body, part.coding)
    assert read == text


def test_how_many_parts_a_text_costs() -> None:
    assert [len(segments("a" * n, "m")) for n in (160, 161, 306, 307)] == [1, 2, 2, 3]
    assert [len(segments("đ" * n, "m")) for n in (70, 71, 134, 135)] == [1, 2, 2, 3]
    assert segments("đ", "m")[0].coding == UCS2
