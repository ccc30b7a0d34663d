"""What content is taken for, by its bytes, and what is refused by which name."""

from __future__ import annotations

import io
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.submission.files import archive, labels
from services.submission.files.inspection import BadFile, Inspector

from . import samples
from .samples import PDF, TYPES

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZEROS = b"\0" * 3_000_000


def look(content: bytes, step: int = 1 << 20) -> str:
    inspector = Inspector()
    for at in range(0, len(content), step):
        inspector.push(content[at : at + step])
    found = inspector.finish()
    return archive.kind(io.BytesIO(content)) if found == "application/zip" else found


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("content", "media"),
    [
        (PDF, "application/pdf"),
        (samples.png(), "image/png"),
        (samples.jpeg(), "image/jpeg"),
        (samples.jpeg() + b"SEFT" + bytes(20), "image/jpeg"),
        (samples.docx(), WORD),
        (samples.xlsx(), EXCEL),
    ],
)
def test_what_is_taken(content: bytes, media: str, step: int) -> None:
    assert look(content, step) == media


ENCRYPTED = PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 5 0 R")
REFUSED = {
    "nothing": (b"", "empty"),
    "text": (b"giay khai sinh", "unsupported_type"),
    "a program": (b"MZ" + bytes(2000), "unsupported_type"),
    "a web page": (b"<html><script>alert(1)</script>", "unsupported_type"),
    "an archive": (samples.archive({"a.txt": b"a"}), "unsupported_type"),
    "half a PDF": (PDF[:-8], "damaged"),
    "a PDF with a megabyte behind it": (PDF + bytes(1 << 20), "damaged"),
    "half a picture": (samples.png()[:-4], "damaged"),
    "half an archive": (samples.docx()[:-30], "damaged"),
    "a locked PDF": (ENCRYPTED, "encrypted"),
    "a locked DOCX": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "encrypted"),
    "a PDF and a ZIP": (PDF + samples.docx() + b"\n%%EOF", "polyglot"),
    "a picture and a ZIP": (samples.jpeg() + samples.docx(), "polyglot"),
    "a PDF and a web page": (b"%PDF-1.4\n<script>alert(1)</script>" + PDF, "polyglot"),
    "a picture and a PDF": (samples.jpeg()[:24] + PDF + b"\xff\xd9", "polyglot"),
    "a DOCX and a PDF": (samples.archive({"%PDF-1.4": b"x", TYPES: b"", "word/document.xml": b""}), "polyglot"),
    "a DOCX behind something": (b"PK\x03\x04" + bytes(50) + samples.docx(), "polyglot"),
    "a DOCX and an XLSX": (samples.docx({"xl/workbook.xml": b""}), "polyglot"),
    "a bomb": (samples.docx({"word/media/a.xml": ZEROS}), "archive_bomb"),
    "a thousand bombs": (samples.docx({f"word/{n}.xml": b"" for n in range(2001)}), "archive_bomb"),
    "an archive inside": (samples.docx({"word/embeddings/a.zip": samples.archive({"a": b"a"})}), "nested_archive"),
    "a gzip inside": (samples.docx({"word/a.bin": b"\x1f\x8b\x08" + bytes(9)}), "nested_archive"),
    "macros": (samples.docx({"word/vbaProject.bin": b"x"}), "active_content"),
    "a way out": (samples.docx({"../../etc/passwd": b"x"}), "damaged"),
    "a root": (samples.docx({"/etc/passwd": b"x"}), "damaged"),
    "a drive": (samples.docx({"C:evil": b"x"}), "damaged"),
}


@pytest.mark.parametrize("step", [64, 1 << 20])
@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_refused_and_why(content: bytes, code: str, step: int) -> None:
    with pytest.raises(BadFile) as refused:
        look(content, step)
    assert refused.value.code == code
    assert "send" in refused.value.detail or "save" in refused.value.detail or "more than" in refused.value.detail


def test_a_claim_of_a_small_size_does_not_help_a_bomb() -> None:
    bomb = bytearray(samples.docx({"word/media/a.xml": ZEROS}))
    size = len(ZEROS).to_bytes(4, "little")
    while (at := bomb.find(size)) >= 0:
        bomb[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(BadFile):
        look(bytes(bomb))


def test_many_entries_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = samples.docx({f"word/media/{n}.bin": os.urandom(3_000) for n in range(4)})
    assert look(whole) == WORD
    monkeypatch.setattr(archive, "TOTAL", 10_000)
    with pytest.raises(BadFile) as refused:
        look(whole)
    assert refused.value.code == "archive_bomb"


def test_an_encrypted_entry_is_refused() -> None:
    locked = bytearray(samples.docx(deflate=False))
    at = locked.find(b"PK\x01\x02")
    locked[at + 8] |= 1
    with pytest.raises(BadFile) as refused:
        look(bytes(locked))
    assert refused.value.code == "encrypted"


@given(content=st.binary(max_size=4096), start=st.sampled_from([b"", b"%PDF-1.7\n", b"PK\x03\x04", b"\xff\xd8\xff"]))
def test_whatever_comes_is_taken_or_refused_by_name(content: bytes, start: bytes) -> None:
    with suppress(BadFile):
        assert look(start + content)


@given(seed=st.data())
def test_a_damaged_document_is_refused_by_name(seed: st.DataObject) -> None:
    whole = samples.docx({"word/styles.xml": b"<styles/>" * 50})
    broken = bytearray(whole)
    for _ in range(seed.draw(st.integers(1, 4))):
        broken[seed.draw(st.integers(0, len(broken) - 1))] = seed.draw(st.integers(0, 255))
    with suppress(BadFile):
        assert look(bytes(broken)) == WORD


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("gi%E1%BA%A5y%20khai%20sinh.pdf", "giấy khai sinh.pdf"),
        ("anh%E2%80%AEfdp.exe", "anhfdp.exe"),
        ("a%0D%0Ab.pdf", "ab.pdf"),
        ("e%CC%82.pdf", "ê.pdf"),
    ],
)
def test_names_lose_what_cannot_be_seen(header: str, label: str) -> None:
    assert labels.label(header) == label


@pytest.mark.parametrize(
    "header", ["../../etc/passwd", "a%2Fb.pdf", "..%5Cb.pdf", "C%3Ab.pdf", "a%00.pdf", "%FF.pdf", "", "...", "a" * 201]
)
def test_names_that_are_paths_or_nothing_are_refused(header: str) -> None:
    with pytest.raises(BadFile) as refused:
        labels.label(header)
    assert (refused.value.code, refused.value.field) == ("bad_name", "file-name")


@given(st.text(max_size=60))
def test_no_name_keeps_a_separator_or_a_control(text: str) -> None:
    try:
        label = labels.label(text)
    except BadFile:
        return
    assert not set(label) & set("/\\\r\n\0\u202e\u200f")
