"""Texts are cut so that every part fits and nothing is lost; the centre puts them together again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import smpp34
from aiosmpplib.protocol import SubmitSm
from hypothesis import given
from hypothesis import strategies as st

from law.errors import PhoneError
from services.notification.domain.numbers import e164
from services.notification.domain.segments import GSM, GSM_ONE, UCS2, UCS2_ONE, parts_of, segments
from services.notification.effects.smpp import fields, receipt_of
from simulators.sms_centre import phones

GSM_TEXT = st.text(alphabet="abc XYZ019@é€[]{}", min_size=1, max_size=600)
ANY_TEXT = st.text(alphabet="abc ĐđẫịơƯ€😀", min_size=1, max_size=600)
WILD_TEXT = st.text(min_size=1, max_size=600).filter(lambda text: not any(0xD800 <= ord(c) <= 0xDFFF for c in text))


@given(st.one_of(GSM_TEXT, ANY_TEXT, WILD_TEXT))
def test_any_text_is_cut_into_legal_parts_and_comes_together_again(text: str) -> None:
    parts = segments(text, "a-message")
    read = b"" if parts[0].coding == UCS2 else ""
    for number, part in enumerate(parts, 1):
        assert len(part.data) <= (GSM_ONE if part.coding == GSM else UCS2_ONE)
        body, reference, total, sequence = phones.split_header(part.data, part.esm_class)
        assert (total, sequence) == (len(parts), number)
        assert (reference is None) == (len(parts) == 1)
        read += body if part.coding == UCS2 else phones.decode(body, part.coding)  # type: ignore[operator] # one of the two
        if part.coding == UCS2:
            body.decode("utf-16-be")  # no character is cut in two
    assert (read.decode("utf-16-be") if isinstance(read, bytes) else read) == text
    assert parts_of(text) == len(parts)


def test_how_many_parts_a_text_costs() -> None:
    assert [len(segments("a" * n, "m")) for n in (160, 161, 306, 307)] == [1, 2, 2, 3]
    assert [len(segments("đ" * n, "m")) for n in (70, 71, 134, 135)] == [1, 2, 2, 3]
    assert [parts_of("[" * n) for n in (80, 81, 152, 153)] == [1, 2, 2, 3]
    assert segments("đ", "m")[0].coding == UCS2


ADDRESSES = "0005005356485454444c2d4442000101383439313233343536373800"
"""No service type; sender alphanumeric (5, 0) SVHTTDL-DB; destination international ISDN (1, 1) 84912345678."""
REFERENCE = "020400021234"
"""user_message_reference."""


def packets(text: str) -> list[bytes]:
    return [
        smpp34.SubmitSm(**fields("SVHTTDL-DB", "+84912345678", part, 0x1234), sequence_number=7).encode()
        for part in segments(text, "m")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ho so 123 {x}", [("0000004b", "000000", "000001000000", "0f", "486f20736f20313233201b28781b29")]),
        (
            "a" * 161,
            [
                ("000000db", "400000", "000001000000", "9f", "050003680201" + "61" * 153),
                ("0000004a", "400000", "000001000000", "0e", "050003680202" + "61" * 8),
            ],
        ),
        (
            "đã" + "x" * 70,
            [
                ("000000c8", "400000", "000001000800", "8c", "050003680201" + "011100e3" + "0078" * 65),
                ("0000004c", "400000", "000001000800", "10", "050003680202" + "0078" * 5),
            ],
        ),
    ],
    ids=["one part", "GSM with a header", "UCS-2 with a header"],
)
def test_the_packets_of_a_text_octet_for_octet(text: str, expected: list[tuple[str, ...]]) -> None:
    """Length, esm_class, then no schedule and validity, a receipt, data_coding; length and octets of the text."""
    assert [packet.hex() for packet in packets(text)] == [
        f"{length}000000040000000000000007{ADDRESSES}{esm_class}{middle}{size}{octets}{REFERENCE}"
        for length, esm_class, middle, size, octets in expected
    ]


@pytest.mark.parametrize("text", ["Ho so 123", "a" * 161, "đã nhận", "đ" * 100])
def test_another_library_reads_our_packets_as_we_meant_them(text: str) -> None:
    """aiosmpplib shares no code with smpp34, which wrote them."""
    for part, pdu in zip(segments(text, "m"), packets(text), strict=True):
        header = SubmitSm.parse_header(pdu)
        read: Any = SubmitSm.from_pdu(pdu, header, "gsm0338")
        assert (header.pdu_length, header.sequence_num) == (len(pdu), 7)
        assert (read.source.number, read.source.ton.value, read.source.npi.value) == ("SVHTTDL-DB", 5, 0)
        assert (read.destination.number, read.destination.ton.value) == ("84912345678", 1)
        assert (read.esm_class, read.registered_delivery) == (part.esm_class, 1)
        if not part.esm_class:
            assert read.short_message == text


def deliver(text: bytes = b"", *, esm_class: int = 4, tlvs: tuple[Any, ...] = ()) -> Any:
    return SimpleNamespace(short_message=text, esm_class=esm_class, tlvs=tlvs, source_addr="84912345678")


SAID = b"id:77 sub:001 dlvrd:001 submit date:2611240830 done date:2611240831 stat:%s err:0A1 text:Ho so"


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (deliver(SAID % b"DELIVRD"), ("77", "delivered", None)),
        (deliver(SAID % b"UNDELIV"), ("77", "failed", "permanent")),
        (deliver(SAID % b"EXPIRED"), ("77", "failed", "temporary")),
        (deliver(SAID % b"ACCEPTD"), None),
        (deliver(SAID % b"ENROUTE"), None),
        (deliver(SAID % b"DELIVRD", esm_class=0), None),
        (deliver(tlvs=(smpp34.Tlv(0x1E, b"9\0"), smpp34.Tlv(0x427, b"\5"))), ("9", "failed", "permanent")),
        (deliver(b"what is this"), None),
    ],
)
def test_what_a_receipt_says(event: Any, found: Any) -> None:
    receipt = receipt_of("centre", event)
    assert (receipt and (receipt.id, receipt.state, receipt.failure)) == found


PHONE_LIKE = st.one_of(st.text(max_size=20), st.text(alphabet="+84 0123456789().-", max_size=16))


@given(PHONE_LIKE)
def test_any_input_is_refused_or_normalised_the_same_way_twice(text: str) -> None:
    try:
        number = e164(text)
    except PhoneError:
        with pytest.raises(PhoneError):
            e164(text)
        return
    assert number.startswith("+84")
    assert len(number) == 12
    assert e164(number) == e164(text) == number


@pytest.mark.parametrize(
    ("old", "new"),
    [("01621234567", "+84321234567"), ("+84 120 123 4567", "+84701234567"), ("0199.123.4567", "+84591234567")],
)
def test_an_old_number_becomes_its_new_one(old: str, new: str) -> None:
    assert e164(old) == new
