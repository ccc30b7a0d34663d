"""Officers find a dossier by what they know of it, with or without diacritics, and the tokens say nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.tokens import tokens
from schemas.upstream import FiledApplicant
from services.submission.domain import finding
from services.submission.handlers import view
from tests.unit.services import lives

TOKEN = tokens(b"t" * 32)
PEOPLE = {
    name: FiledApplicant(kind="individual", name=name, phone=phone, identity_number=number)
    for name, phone, number in (
        ("Lò Thị Mẫu", "+84912345678", "011090000001"),
        ("Quàng Văn Ví Dụ", "+84912345679", "011090000002"),
        ("Lò Văn Đội", "+84912345680", None),
    )
}
KEPT = {name: finding.tokens_of(person, person.phone, TOKEN) for name, person in PEOPLE.items()}


def found(text: str) -> list[str]:
    """As the store would answer: the first query that finds anybody."""
    for query in finding.queries(text, TOKEN):
        wanted: Any = query.view.get("tokens", {"$all": ["no token"]})
        each = wanted["$all"] if isinstance(wanted, dict) else [wanted]
        if hits := [name for name, kept in KEPT.items() if set(each) <= set(kept)]:
            return hits
    return []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Lò Thị Mẫu", ["Lò Thị Mẫu"]),
        ("  lo   thi mau ", ["Lò Thị Mẫu"]),
        ("mau", ["Lò Thị Mẫu"]),
        ("LÒ", ["Lò Thị Mẫu", "Lò Văn Đội"]),
        ("van lo", ["Lò Văn Đội"]),
        ("doi", ["Lò Văn Đội"]),
        ("vi van quang", ["Quàng Văn Ví Dụ"]),
        ("lo quang", []),
        ("ma", []),
        ("0912 345 679", ["Quàng Văn Ví Dụ"]),
        ("+84912345680", ["Lò Văn Đội"]),
        ("011090000001", ["Lò Thị Mẫu"]),
        ("0912345600", []),
        ("???", []),
    ],
)
def test_what_is_found_by_what(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize("code", ["000.00.12.H18-261125-0001", "H18.12-20261125-0000001", "G09.20-20260609-0092637"])
def test_a_dossier_code_is_looked_up_as_it_is(code: str) -> None:
    assert finding.queries(f" {code} ", TOKEN) == (finding.Query({"code": code}),)


def test_tokens_say_nothing_and_are_another_s_under_another_key() -> None:
    kept = KEPT["Lò Thị Mẫu"]
    assert len(set(kept)) == len(kept) == 9
    assert all(len(token) == 16 for token in kept)
    other = finding.tokens_of(PEOPLE["Lò Thị Mẫu"], "+84912345678", tokens(b"u" * 32))
    assert set(other).isdisjoint(kept)
    assert TOKEN("phone", "1") != TOKEN("identity_number", "1")


def test_a_long_name_costs_no_more_than_a_bounded_one() -> None:
    name = " ".join(f"từ{n}" for n in range(40))
    person = FiledApplicant(kind="enterprise", name=name, phone="+84912345678")
    kept = finding.tokens_of(person, person.phone, TOKEN)
    assert len(kept) == 2 + 6 + 15
    assert finding.queries(name, TOKEN)[0] == finding.Query({"tokens": kept[1]}, finding.NAMESAKES)


def test_they_are_in_the_lists_of_a_dossier_and_in_no_event() -> None:
    player = lives.to_stage("assigning")
    shown = view(player.dossier)
    assert shown["tokens"] == list(player.dossier.tokens) != []
    assert shown["code"] == player.dossier.code
    said = "".join(event.dump_json(lambda kind, _clear: f"sealed:1:{kind}:A").decode() for event in player.events)
    assert not any(token in said for token in player.dossier.tokens)
