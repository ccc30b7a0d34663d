import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from law import dataset
from law._data import packaged

RUN = CliRunner()


@pytest.fixture(autouse=True)
def _packaged_data_again() -> Iterator[None]:
    yield
    dataset.use(None)


def law(*arguments: str) -> str:
    done = RUN.invoke(app, ["law", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def said(*arguments: str) -> Any:
    return json.loads(law(*arguments))


def refused(*arguments: str, code: int = 1) -> str:
    done = RUN.invoke(app, ["law", *arguments], env={"COLUMNS": "200", "TERM": "dumb"})
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    return done.stderr


DUE = ("due", "--filed", "2026-02-13T16:00", "--term", "5", "--unit", "working")


def test_due() -> None:
    assert said(*DUE) == {"due": "2026-02-27", "term_start": "2026-02-13", "paused_days": 0}
    assert said(*DUE[:2], "2026-02-13T09:00Z", *DUE[3:]) == said(*DUE)
    waited = said(*DUE, "--pause", "2026-02-24T09:00/2026-02-26T10:00", "--pause", "2026-02-25/2026-02-26")
    assert waited == {"due": "2026-03-03", "term_start": "2026-02-13", "paused_days": 2}
    anew = said(*DUE, "--pause", "2026-02-24T09:00/2026-02-26T10:00", "--policy", "restart", "--extend", "2")
    assert anew == {"due": "2026-03-09", "term_start": "2026-02-26", "paused_days": 0}
    assert said(*DUE, "--pause", "2026-02-24/")["due"] is None
    calendar = ("due", "--filed", "2021-06-16T09:00", "--term", "10", "--unit", "calendar")
    assert said(*calendar)["due"] == "2021-06-28"


def test_fee() -> None:
    found = said("fee", "1.001440", "--on", "2021-06-16")
    assert (found["total"], [line["amount"] for line in found["lines"]]) == (100_000, [100_000])
    assert said("fee", "1.001440", "--on", "2022-07-01", "--input", "units=2")["total"] == 400_000
    karaoke = ("fee", "1.001029", "--on", "2021-06-16", "--input", "request=add_rooms", "--input", "location=other")
    assert said(*karaoke, "--input", "room_count=9")["total"] == 6_000_000


def test_show_and_search() -> None:
    shown = said("show", "1.008895.H18", "--on", "2021-06-16")
    assert (shown["version"], shown["statutory_term"]["mark"]) == ("2020.1", "V")
    points = {code: said("show", code)["fee_due"] for code in ("1.000953", "1.009397", "2.001622")}
    assert [point["value"] for point in points.values()] == ["after_acceptance", "before_acceptance", "before_result"]
    assert {point["mark"] for point in points.values()} == {"U", "R"}
    assert law("search", "the huong dan vien noi dia", "--on", "2021-06-16").splitlines()[0].startswith("1.001432")
    assert law("search", "karaoke").startswith("1.001029  5 working days")
    assert len(law("search", "--field", "thư viện").splitlines()) == 3


def test_check_and_data(tmp_path: Path) -> None:
    assert "nothing to correct" in law("check")
    for name, text in packaged().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace('"2026-08-31"', '"2026-08-28"'), encoding="utf-8")
    done = RUN.invoke(app, ["law", "check", str(tmp_path)])
    assert (done.exit_code, done.stdout.splitlines()) == (
        1,
        ["calendar/2026.json: version: is still '2026.1', and the table was changed: give it another"],
    )
    assert "1 to correct" in done.stderr
    assert "is still '2026.1'" in refused("--data", str(tmp_path), *DUE)
    year = tmp_path / "calendar/2026.json"
    year.write_text(year.read_text(encoding="utf-8").replace('"2026.1"', '"2026.2"'), encoding="utf-8")
    before = ("due", "--filed", "2026-08-27T09:00", "--term", "1", "--unit", "working")
    assert said("--data", str(tmp_path), *before)["due"] == "2026-08-31"
    assert said(*before)["due"] == "2026-08-28"


NEXT: dict[str, tuple[tuple[str, ...], int, str]] = {
    "filed": (("due", "--filed", "today", "--term", "5", "--unit", "working"), 2, "2026-02-13T16:00"),
    "pause": ((*DUE, "--pause", "2026-02-24"), 2, "write FROM/TO"),
    "pause end": ((*DUE, "--pause", "2026-02-24/x"), 2, "--pause"),
    "year": (("due", "--filed", "2030-01-02", "--term", "5", "--unit", "working"), 1, "calendar/2030.json"),
    "end of time": (("due", "--filed", "9999-12-31T23:00", "--term", "5", "--unit", "working"), 1, "9999.json"),
    "beyond it": (("due", "--filed", "9999-12-31T23:00Z", "--term", "5", "--unit", "working"), 1, "no instant"),
    "unit": (("due", "--filed", "2026-01-05", "--term", "5", "--unit", "weeks"), 2, "calendar"),
    "code": (("fee", "9.999999"), 1, "hoso law search"),
    "replaced": (("show", "1.001420", "--on", "2025-01-01"), 1, "replaced by 1.012080"),
    "day": (("fee", "1.001440", "--on", "16/6/2021"), 2, "2021-06-16"),
    "input": (("fee", "1.001029"), 1, "--input request=VALUE"),
    "pair": (("fee", "1.001029", "--input", "request"), 2, "NAME=VALUE"),
    "nothing": (("search", "xyz"), 1, "fewer words"),
    "folder": (("check", "/nowhere"), 1, "no data files"),
    "data": (("--data", "/nowhere", "search"), 1, "hoso law check DIR"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), NEXT.values(), ids=NEXT.keys())
def test_an_error_says_what_to_do_next(arguments: tuple[str, ...], code: int, message: str) -> None:
    assert message in refused(*arguments, code=code)


def test_as_a_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "law", *DUE], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout)["due"] == "2026-02-27"
