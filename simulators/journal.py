"""A partner's books: JSON lines that outlive its process, as the books of a real partner do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final


class Journal:
    """Append-only. Without a path nothing is kept; a line that a kill cut short is left out."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file = -1
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def entries(self) -> Iterator[dict[str, Any]]:
        """Everything written so far, oldest first."""
        if self._path is None:
            return
        for line in self._path.read_bytes().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def add(self, entry: Mapping[str, Any]) -> None:
        """Written when it returns: to the kernel, so that kill -9 of this process does not lose it."""
        if self._path is not None:
            # The line feed in front ends a line that an earlier kill cut short.
            os.write(self._file, f"\n{json.dumps(entry, ensure_ascii=False)}\n".encode())


NOT_KEPT: Final = Journal(None)
"""For a partner that lives as long as its process."""
