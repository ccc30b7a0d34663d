"""A receipt as a file: what was signed is what it says, no byte of it may change, and its view is for people."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pypdf import PdfReader

from chassis.series import NumberTaken
from deploy.local.certificates import self_signed
from law.text import PRINTED, printed
from services.payment.domain.records import Receipt
from services.payment.effects import receipt_file
from services.payment.effects.receipt_file import Layout, Unsigned
from services.payment.messages import ReplaceReceipt

from .invoices import paid

KEYS = self_signed("a test")
DOSSIER = "000.00.12.H18-261124-0001"


def receipt() -> Receipt:
    player = paid()
    player.tell(NumberTaken(series="receipts-phi-2026", number=1, purpose="phi-1"))
    return player.invoice.receipts[0]


PAYER = "Lò Thị <Mẫu> & Con"


def signed(layout: Layout | None = None) -> bytes:
    xml = receipt_file.unsigned(receipt(), DOSSIER, layout or Layout(), PAYER)
    return receipt_file.sign(xml, KEYS["receipt_key"], KEYS["receipt_certificate"])


XML = signed()


def test_what_was_signed_is_the_receipt() -> None:
    root = etree.fromstring(receipt_file.verify(XML, KEYS["receipt_certificate"]))
    texts = {element.tag: element.text for element in root.iter() if element.text}
    assert (texts["SBLai"], texts["TgTTien"], texts["MHSo"]) == ("BL26P-0000001", "650000", DOSSIER)
    assert (texts["MSBLai"], texts["TNNop"]) == ("01BLP", PAYER)


def test_a_payer_s_name_is_made_fit_for_xml_and_may_be_unknown() -> None:
    for name, shown in (("A\x00\nB", "AB"), (None, None)):
        root = etree.fromstring(receipt_file.unsigned(receipt(), DOSSIER, Layout(), name))
        assert root.findtext("TNNop") == shown


@settings(max_examples=40)
@given(at=st.integers(0, len(XML) - 1), byte=st.integers(0, 255))
def test_no_changed_byte_says_something_else(at: int, byte: int) -> None:
    changed = XML[:at] + bytes([byte]) + XML[at + 1 :]
    original = receipt_file.verify(XML, KEYS["receipt_certificate"])
    try:
        found = receipt_file.verify(changed, KEYS["receipt_certificate"])
    except Unsigned:
        return
    assert found == original  # white space between tags of the signature itself, for one


def test_a_changed_amount_or_another_s_key_is_noticed() -> None:
    with pytest.raises(Unsigned):
        receipt_file.verify(XML.replace(b"650000", b"650001"), KEYS["receipt_certificate"])
    with pytest.raises(Unsigned):
        receipt_file.verify(XML, self_signed("another")["receipt_certificate"])


def test_the_layout_names_the_elements() -> None:
    found = signed(Layout(root="Receipt", total="Sum", tax_code="5600128057"))
    root = etree.fromstring(found)
    assert (root.tag, root.findtext("Sum"), root.findtext("MSTDVThu")) == ("Receipt", "650000", "5600128057")


def test_the_view_has_number_lines_and_sum_and_says_that_it_was_cancelled() -> None:
    text = _text(receipt_file.pdf(receipt(), DOSSIER, Layout(), XML, PAYER))
    assert PAYER in text
    assert "BL26P-0000001" in text
    assert "650.000" in text
    assert "ĐÃ HỦY" not in text
    player = paid()
    player.tell(NumberTaken(series="receipts-phi-2026", number=1, purpose="phi-1"))
    player.tell(ReplaceReceipt(number="BL26P-0000001", reason="sai tên", by="accountant1"))
    assert "ĐÃ HỦY" in _text(receipt_file.pdf(player.invoice.receipts[0], DOSSIER, Layout(), XML))


def _text(pdf: bytes) -> str:
    return PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_a_receipt_without_a_number_is_no_file() -> None:
    with pytest.raises(ValueError, match="none yet"):
        receipt_file.unsigned(paid().invoice.receipts[0], DOSSIER, Layout())


def test_no_text_keeps_a_page_from_being_made() -> None:
    letters = printed("".join(chr(code) for first, last in PRINTED for code in range(first, last + 1)))
    for payer in (letters, "a\x19\u4e2d\U0001f600\udfffb\nc"):
        assert receipt_file.pdf(receipt(), DOSSIER, Layout(), XML, payer).startswith(b"%PDF-")
