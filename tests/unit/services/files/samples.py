"""Small files of each kind, and broken ones."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The test file of the antivirus vendors: no virus, found by all of them. https://www.eicar.org"""
TYPES = "[Content_Types].xml"


def pdf(filling: bytes) -> bytes:
    """A PDF with that in a comment: its content is its own."""
    return PDF.replace(b"1 0 obj", b"% " + filling.hex().encode() + b"\n1 0 obj", 1)


def infected() -> bytes:
    """A PDF with EICAR's string in it."""
    return PDF.replace(b"1 0 obj", b"% " + EICAR + b"\n1 0 obj", 1)


def png() -> bytes:
    """One grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (1).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def jpeg() -> bytes:
    """Nothing but the frame of one: what is looked at."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x00" * 64 + b"\xff\xd9"


def archive(entries: Mapping[str, bytes], *, deflate: bool = True) -> bytes:
    """A ZIP archive."""
    made = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(made, "w", how) as zipped:
        for name, content in entries.items():
            zipped.writestr(name, content)
    return made.getvalue()


def docx(more: Mapping[str, bytes] | None = None, *, deflate: bool = True) -> bytes:
    """A document, and what else is in its archive."""
    return archive({TYPES: b"<Types/>", "word/document.xml": b"<w:document/>", **(more or {})}, deflate=deflate)


def xlsx() -> bytes:
    """A table."""
    return archive({TYPES: b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
