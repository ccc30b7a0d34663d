"""What is kept of a file's name: a label to show, never a path. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

from services.submission.files.inspection import BadFile

LONGEST: Final = 200
UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""General categories that show nothing or change what is shown: controls, directions, joiners, line separators."""


def label(header: str) -> str:
    """The name in a `File-Name` header (UTF-8, percent-encoded), in NFC, without what cannot be seen.

    Raises:
        BadFile: `bad_name`: it is a path, is not UTF-8, is empty or is too long.
    """
    try:
        text = unquote_to_bytes(header).decode()
    except UnicodeDecodeError as error:
        raise _bad("is not UTF-8: percent-encode its UTF-8 bytes") from error
    shown = unicodedata.normalize("NFC", "".join(c for c in text if unicodedata.category(c) not in UNSEEN)).strip()
    if set(shown) & set("/\\") or shown.startswith("..") or shown[1:2] == ":" or "\0" in text:
        raise _bad("names a folder: send the name of the file alone, as giay-khai-sinh.pdf")
    if not shown.strip("."):
        raise _bad("is empty: send the name of the file, as giay-khai-sinh.pdf")
    if len(shown) > LONGEST:
        raise _bad(f"has {len(shown)} characters: send at most {LONGEST}")
    return shown


def _bad(what: str) -> BadFile:
    return BadFile("bad_name", f"the name {what}", field="file-name")
