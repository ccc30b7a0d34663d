"""``python -m tests.browser.portal.a11y``: every journey in Chromium with axe, and what was found, as one JSON object.

``--pictures`` keeps the main pages in docs/portal.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from fastapi.routing import iter_route_contexts
from rich.console import Console
from starlette.routing import compile_path

from deploy.local.paths import ROOT, RUNS
from services.portal.api import router
from services.portal.pages import ENGLISH
from services.portal.parts import Portal

log = Console(stderr=True)
HERE: Final = Path(__file__).parent
PICTURES: Final = ROOT / "docs" / "portal"
MAIN: Final = {
    "home-wide-vi": "home",
    "procedure-wide-vi": "procedure",
    "file-form-wide-vi": "form",
    "file-documents-phone-en": "documents",
    "file-check-wide-vi": "check",
    "payment-wide-vi": "payment",
    "own-dossier-decided": "result",
    "verified": "verification",
    "desk-clerk-wide-vi": "desk",
    "desk-dossier-wide-vi": "desk-dossier",
}
"""The pages worth showing, by the name of what was looked at."""
NO_PAGES: Final = {
    "/portal.css", "/portal.js", "/sign-in", "/signed-in", "/procedures/{code}/form.pdf", "/track/live",
    "/my/{dossier}/live", "/my/{dossier}/copy", "/my/{dossier}/results/{code}",
    "/desk/dossiers/{dossier}/files/{file}", "/desk/dossiers/{dossier}/results/{code}",
}  # fmt: skip
"""What answers with a file, a stream or another address."""


def summary(notes: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], set[str]]:
    """Pages by their route, states by name, the heaviest in KiB without images, journeys that went without scripts.

    Then the pages that nobody looked at.
    """
    noted = list(notes)
    looks = [note for note in noted if "state" in note]
    found = {
        "pages": len(looked := {_route(look["url"]) for look in looks} - {None}),
        "states": len({look["state"] for look in looks}),
        "violations": sum(look["violations"] for look in looks),
        "max_page_kb": round(max((look["kilobytes"] for look in looks), default=0.0), 1),
        "no_js_journeys": len({note["without_scripts"] for note in noted if "without_scripts" in note}),
    }
    return found, set(routes()) - NO_PAGES - looked


def _route(url: str) -> str | None:
    path = urlsplit(url).path
    if path == ENGLISH or path.startswith(f"{ENGLISH}/"):
        path = path.removeprefix(ENGLISH) or "/"
    return next((route for route in routes() if compile_path(route)[0].match(path)), None)


@cache
def routes(method: str = "GET") -> list[str]:
    """Addresses of the portal; those without parameters first, as it looks for them."""
    portal: Any = SimpleNamespace(**dict.fromkeys(Portal.__annotations__))
    portal.settings = SimpleNamespace(citizens=True)
    found = {route.path for route in iter_route_contexts(router(portal).routes) if method in (route.methods or ())}
    return sorted((path for path in found if path is not None), key=lambda path: (path.count("{"), path))


def main(*, pictures: bool) -> int:
    """pytest's exit code, or 1 where a page was not looked at; the summary is printed in any case."""
    seen = Path(RUNS) / f"a11y-{os.getpid()}"
    seen.mkdir(parents=True)
    notes = seen / "notes.jsonl"
    notes.touch()
    os.environ["HOSO_A11Y"] = str(notes)
    if pictures:  # Chromium cannot always take one of a tall page on a busy machine, and nobody looks at 200 of them
        os.environ["HOSO_SCREENSHOTS"] = str(seen)
    ended = int(pytest.main(["-q", str(HERE)]))
    if pictures:
        PICTURES.mkdir(exist_ok=True)
        for name, kept in MAIN.items():
            shutil.copyfile(seen / f"{name}.png", PICTURES / f"{kept}.png")
    found, unseen = summary(map(json.loads, notes.read_text().splitlines()))
    if unseen:
        log.print(f"[red]not looked at[/]: {', '.join(sorted(unseen))}")
    print(json.dumps(found))  # noqa: T201 - the result, for programs
    return ended or int(bool(unseen))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", action="store_true", help="keep the main pages in docs/portal")
    sys.exit(main(pictures=parser.parse_args().pictures))
