"""Office documents are ZIP archives: what is inside, read with bounds whatever the archive says of itself. No I/O.

Every entry is inflated and counted, since sizes in an archive are claims.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import IO, Final

from services.submission.files.inspection import RIGHT, TAIL, BadFile, Media

ENTRIES: Final = 2_000
DIRECTORY: Final = 1024 * 1024
TOTAL: Final = 200 * 1024 * 1024
"""Bytes all entries may inflate to."""
RATIO: Final = 200
"""Inflated to stored bytes, once an entry is over `FREE` bytes; text of office documents reaches some 100."""
FREE: Final = 1024 * 1024
PIECE: Final = 64 * 1024
KINDS: Final[dict[str, Media]] = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
CONTENT_TYPES: Final = "[Content_Types].xml"
ARCHIVES: Final = (b"PK\x03\x04", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00")
_END: Final = struct.Struct("<4s4H2LH")


def kind(content: IO[bytes]) -> Media:
    """Which office document it is.

    Raises:
        BadFile: `unsupported_type`, `damaged`, `encrypted`, `polyglot`, `archive_bomb`, `nested_archive`,
            `active_content`.
    """
    _bounded_directory(content)
    try:
        with zipfile.ZipFile(content) as archive:
            found = archive.infolist()
            _listed(found)
            left = TOTAL
            for entry in found:
                left -= _read(archive, entry, left)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, struct.error, UnicodeError) as error:
        raise BadFile("damaged", f"the archive cannot be read ({error}): {RIGHT}") from error
    names = {entry.filename for entry in found}
    media = [media for name, media in KINDS.items() if name in names]
    if CONTENT_TYPES not in names or not media:
        raise BadFile("unsupported_type", f"the content is a ZIP archive and no DOCX or XLSX: {RIGHT}")
    if len(media) > 1:
        raise BadFile("polyglot", f"the archive is two office documents at once: {RIGHT}, of one kind only")
    return media[0]


def _bounded_directory(content: IO[bytes]) -> None:
    """The directory is read at once by whoever reads an archive, so its size is looked at first."""
    size = content.seek(0, 2)
    content.seek(max(0, size - TAIL))
    tail = content.read(TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise BadFile("damaged", f"the archive is cut off: {RIGHT}")
    _, disk, other, here, entries, length, offset, comment = _END.unpack_from(tail, at)
    if b"PK\x06\x07" in tail[max(0, at - 20) : at] or disk or other or here != entries:
        raise BadFile("unsupported_type", f"a ZIP64 or split archive is no DOCX or XLSX: {RIGHT}")
    if entries > ENTRIES or length > DIRECTORY:
        raise BadFile("archive_bomb", f"the archive has more than {ENTRIES} entries or {DIRECTORY} bytes of directory")
    end = max(0, size - TAIL) + at
    if offset + length != end or end + _END.size + comment != size:
        raise BadFile("polyglot", f"the archive has something before or behind it: {RIGHT}, of one kind only")


def _listed(found: list[zipfile.ZipInfo]) -> None:
    """What the directory alone tells."""
    names = [entry.filename for entry in found]
    if len(set(names)) < len(names):
        raise BadFile("damaged", f"the archive has two entries of one name: {RIGHT}")
    if min((entry.header_offset for entry in found), default=0):
        raise BadFile("polyglot", f"the archive has something before it: {RIGHT}, of one kind only")
    for entry in found:
        name = entry.filename
        if (
            name.startswith("/")
            or "\\" in name
            or ":" in name
            or ".." in name.split("/")
            or "\0" in entry.orig_filename
        ):
            raise BadFile("damaged", f"the archive has an entry outside of it: {RIGHT}")
        if entry.flag_bits & 0x41:
            raise BadFile("encrypted", "the archive is encrypted: save the document without a password")
        if name.rpartition("/")[2].lower().startswith("vbaproject"):
            raise BadFile("active_content", "the document has macros: save it without them, as DOCX or XLSX")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> int:
    """How many bytes an entry really has."""
    total = 0
    with archive.open(entry) as content:
        while piece := content.read(PIECE):
            if total == 0 and piece.startswith(ARCHIVES):
                raise BadFile("nested_archive", "the document has an archive inside: send what is in it by itself")
            total += len(piece)
            if total > left or (total > FREE and total > RATIO * entry.compress_size):
                raise BadFile(
                    "archive_bomb",
                    f"the document unpacks to over {TOTAL} bytes or {RATIO} times its size: send a smaller one",
                )
    return total
