"""What content is, by its bytes and never by its name: PDF, JPEG, PNG, or an archive that may be an office document.

One pass; what is held is the head, the tail that a ZIP reader would search, and the end of the piece before. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import puremagic

Code = Literal[
    "bad_name",
    "empty",
    "unsupported_type",
    "damaged",
    "encrypted",
    "polyglot",
    "archive_bomb",
    "nested_archive",
    "active_content",
]
"""Why content is refused. A closed set: clients translate it, metrics count it."""
Media = Literal[
    "application/pdf",
    "image/jpeg",
    "image/png",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
]
Found = Literal["application/pdf", "image/jpeg", "image/png", "application/zip"]

HEAD: Final = 1024
"""How far readers look for the signature of a PDF, and browsers for HTML."""
TAIL: Final = 65_535 + 22
"""How far from the end a ZIP's last record can be (APPNOTE 4.3.16)."""
SIGNATURES: Final[Mapping[bytes, Found]] = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"PK\x03\x04": "application/zip",
}
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PNG_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"
RIGHT: Final = "send a PDF, a JPEG or PNG picture, or a DOCX or XLSX document"
OVERLAP: Final = 128
_MARKUP: Final = re.compile(rb"<\s*(!doctype\s+html|html|head|body|script|iframe|svg)\b|<\?php", re.IGNORECASE)
_ZIP_END: Final = re.compile(rb"PK\x05\x06\x00\x00\x00\x00", re.DOTALL)
_ENCRYPT: Final = re.compile(rb"/Encrypt\s{0,16}(\d{1,10}\s{1,16}\d{1,10}\s{1,16}R|<<)")


class BadFile(Exception):
    """Content or a name that is refused; says what is wrong and what would be right."""

    def __init__(self, code: Code, detail: str, *, field: str = "content") -> None:
        super().__init__(detail)
        self.code: Code = code
        self.detail = detail
        self.field = field


class Inspector:
    """Looks at content as it passes. Raises BadFile as soon as it is known to be refused."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._media: Found | None = None

    def push(self, piece: bytes) -> None:
        """The next piece. Raises BadFile."""
        before = self._tail[-OVERLAP:]
        self._tail = (self._tail + piece)[-TAIL:]
        if len(self._head) < HEAD:
            self._head += piece[: HEAD - len(self._head)]
        if self._media is None and len(self._head) == HEAD:
            self._media = _begun(self._head)
        if self._head.startswith(b"%PDF-") and _ENCRYPT.search(before + piece):
            raise BadFile("encrypted", "the PDF is encrypted: save it without a password and send it again")

    def finish(self) -> Found:
        """What it is; `application/zip` is still to be looked into. Raises BadFile."""
        if not self._head:
            raise BadFile("empty", f"the file is empty: {RIGHT}")
        media = self._media or _begun(self._head)
        if media != "application/zip" and _ZIP_END.search(self._tail):
            raise BadFile("polyglot", f"the file is {media} and a ZIP archive at once: {RIGHT}, of one kind only")
        if not _ends(media, self._tail):
            raise BadFile("damaged", f"the {media} is cut off or followed by something else: send the whole file")
        return media


def _begun(head: bytes) -> Found:
    media = next((found for signature, found in SIGNATURES.items() if head.startswith(signature)), None)
    if head.startswith(OLE):
        raise BadFile("encrypted", "an old or password-protected Office document: save it as DOCX without a password")
    if media is None:
        raise BadFile("unsupported_type", f"the content is {_name(head)}: {RIGHT}")
    if media != "application/pdf" and b"%PDF-" in head:
        raise BadFile("polyglot", f"the file is {media} and a PDF at once: {RIGHT}, of one kind only")
    if _MARKUP.search(head):
        raise BadFile("polyglot", f"the file is {media} and a web page at once: {RIGHT}, of one kind only")
    return media


def _ends(media: Found, tail: bytes) -> bool:
    match media:
        case "application/pdf":
            return b"%%EOF" in tail[-HEAD:]
        case "image/jpeg":  # cameras append previews and short films after the picture
            return b"\xff\xd9" in tail
        case "image/png":
            return tail.endswith(PNG_END)
        case "application/zip":
            return True


def _name(head: bytes) -> str:
    """What it looks like, for the message."""
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return "of no known type"
    return found[0].name or found[0].extension if found else "of no known type"
