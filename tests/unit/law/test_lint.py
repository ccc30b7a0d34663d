"""Each fault that can be in law data is found, and told with file, field and what would be right."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from law._data import packaged
from law.lint import Finding, check

Tree = Any
YOGA, KARAOKE, CARD = "procedures/1.000953.json", "procedures/1.001029.json", "procedures/1.001440.json"
ANTIQUITIES, FACILITY, LIBRARY = "procedures/2.001631.json", "procedures/1.001420.json", "procedures/1.008895.json"
PARTS, SOURCES, TARIFF, YEAR = (
    "shared/parts.json",
    "shared/sources.json",
    "reductions/tt33-2018.json",
    "calendar/2026.json",
)


def edited(file: str, edit: Callable[[Tree], object]) -> dict[str, str]:
    tree = json.loads(packaged()[file])
    edit(tree)
    return {**packaged(), file: json.dumps(tree)}


def put(path: str, value: Any) -> Callable[[Tree], None]:
    """Sets what the dotted path leads to; None takes it out."""

    def edit(tree: Tree) -> None:
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in way:
            tree = tree[key]
        if value is None:
            del tree[last]
        else:
            tree[last] = value

    return edit


def ver(path: str, value: Any) -> Callable[[Tree], None]:
    return put(f"versions.0.{path}", value)


def flow(*shares: float) -> dict[str, Any]:
    steps = [
        {"code": f"s{n}", "name_vi": "Bước", "name_en": "Step", "role": "clerk", "share": share}
        for n, share in enumerate(shares)
    ]
    return {"value": steps, "source": "test", "mark": "U"}


TIERS = "charges.0.rate.cases.new.cases.other.tiers"
FACT = {"source": "test", "mark": "V"}
ONE_FILE: dict[str, tuple[str, Callable[[Tree], object], str, str]] = {
    "unknown field": (YOGA, ver("colour", 1), "colour", "unknown field; remove it"),
    "misspelt field": (YOGA, ver("legal_bases", []), "legal_bases", "did you mean 'legal_basis'?"),
    "missing field": (YOGA, ver("names", None), "names", "is missing"),
    "no source": (YOGA, ver("names.source", None), "names.source", "has no source"),
    "no mark": (YOGA, ver("names.mark", None), "names.mark", "V verified, T tested, R remembered"),
    "unknown mark": (YOGA, ver("names.mark", "X"), "names.mark", "should be 'V', 'T', 'R' or 'U'"),
    "no translation": (YOGA, ver("names.value.en", ""), "names.value.en", "both languages"),
    "blank translation": (YOGA, ver("names.value.vi", " "), "names.value.vi", "is empty"),
    "not translated": (
        YOGA, ver("names.value", {"vi": "Yoga", "en": "Yoga"}), "names.value.en", "translate it",
    ),
    "sure of a memory": (
        CARD, ver("names.source", "remembered"), "names.mark", "mark R or U",
    ),
    "unknown part": (YOGA, ver("field.use", "sport"), "field", "'sport' is not in shared/parts.json"),
    "unknown source": (
        YOGA, ver("names.source", "@nowhere"), "names.source", "not in shared/sources.json",
    ),
    "part of a list with keys": (
        YOGA, ver("form.fields.0", {"use": "enterprise", "name": "x"}), "form.fields.0", "is a list",
    ),
    "like nothing": (ANTIQUITIES, put("versions.1.like", "1999.1"), "versions.1.like", "no version '1999.1'"),
    "shares": (YOGA, ver("steps", flow(0.5, 0.4)), "steps", "add to 0.9, they must add to 1"),
    "no share": (YOGA, ver("steps", flow(0, 1)), "steps.value.0.share", "greater than 0"),
    "step twice": (
        YOGA, ver("steps", {**flow(0.5, 0.5), "value": [flow(0.5)["value"][0]] * 2}),
        "steps", "'s0' occurs 2 times",
    ),
    "document twice": (
        CARD, ver("documents.1.code", "application"), "documents", "'application' occurs 2 times",
    ),
    "stages": (
        ANTIQUITIES, ver("stages.value.0.term.amount", 10), "stages", "they add to 25",
    ),
    "local term": (
        LIBRARY, ver("local_term.value", {"amount": 16, "unit": "calendar"}), "local_term", "shorten",
    ),
    "ends before it starts": (
        FACILITY, ver("until.value", "2000-01-01"), "versions.0", "ends 2000-01-01 before it starts",
    ),
    "overlap": (
        ANTIQUITIES, ver("until.value", "2023-12-15"), "until", "end 2010.1 on 2023-12-14",
    ),
    "no end": (ANTIQUITIES, ver("until", None), "until", "overlaps 2023.1"),
    "gap": (ANTIQUITIES, ver("until.value", "2023-12-01"), "until", "leaves a gap before 2023.1"),
    "version twice": (ANTIQUITIES, put("versions.1.version", "2010.1"), "versions", "2010.1 occurs 2 times"),
    "corrects nothing": (YOGA, ver("corrects", "2019.0"), "corrects", "no other version"),
    "other file": (YOGA, ver("code", "1.000954"), "code", "put it into procedures/1.000954.json"),
    "replaced by nothing": (
        FACILITY, ver("replaced_by.value", ["9.999999"]), "replaced_by", "9.999999 is no other",
    ),
    "replaced without end": (FACILITY, ver("until", None), "replaced_by", "add `until`"),
    "replaced too late": (
        FACILITY, ver("until.value", "2023-11-30"), "replaced_by", "leaves a gap after 2023-11-30",
    ),
    "no point for the fee": (YOGA, ver("fee_due", None), "fee_due", "one of before_acceptance, after_acceptance"),
    "another point for the fee": (
        YOGA, ver("fee_due", {"value": "some_day", **FACT}), "fee_due.value", "before_acceptance",
    ),
    "a point and no fee": (
        LIBRARY, ver("fee_due", {"value": "before_result", **FACT}), "fee_due", "there is no fee: remove it",
    ),
    "hole above": (KARAOKE, ver(f"{TIERS}.2.up_to", 9), "charges.0.rate", "leave a hole above 9"),
    "hole between": (KARAOKE, ver(f"{TIERS}.1.up_to", None), "charges.0.rate", "only the last fee tier"),
    "falling tiers": (KARAOKE, ver(f"{TIERS}.1.up_to", 2), "charges.0.rate", "tiers must rise"),
    "no money": (KARAOKE, ver(f"{TIERS}.1.amount", 0), "charges.0.rate", "greater than or equal to 1"),
    "cap below one": (
        KARAOKE, ver("charges.0.rate.cases.add_rooms.cases.other.cap", 5), "charges.0.rate", "the cap 5",
    ),
    "fee of no field": (
        KARAOKE, ver("charges.0.rate.cases.new.input", "place"), "charges.0.rate.cases.new.input",
        "no field 'place'",
    ),
    "fee of an optional field": (
        KARAOKE, ver("form.fields.4.required", value=False), "charges.0.rate.cases.new.cases.other.input",
        "must be a required field of type integer",
    ),
    "case of no choice": (
        KARAOKE, ver("form.fields.2.choices.2.value", "sell"), "charges.0.rate.cases.change_owner",
        "request is never 'change_owner'",
    ),
    "choice of no case": (
        KARAOKE, ver("form.fields.2.choices.2.value", "sell"), "charges.0.rate.cases", "add the case 'sell'",
    ),
    "term of no field": (KARAOKE, ver("term_cases.0.input", "place"), "term_cases.0.input", "no field 'place'"),
    "term of no answer": (KARAOKE, ver("term_cases.0.answers.0", "sell"), "term_cases.0.answers", "never 'sell'"),
    "two terms": (KARAOKE, ver("term_cases.0.answers.0", "change_owner"), "term_cases", "has 2 terms"),
    "unknown tariff": (CARD, ver("charges.0.schedule", "tt34"), "charges.0.schedule", "one of tt33-2018"),
    "fraction of a dong": (
        CARD, ver("charges.0.rate.amount.value", 200_001), "charges.0.schedule", "no whole number",
    ),
    "council without resolution": (
        PARTS, put("council-fee.rate.amount", {"value": 1, **FACT}), "charges.0.rate.mark", "NQ-HĐND",
    ),
    "reductions overlap": (TARIFF, put("reductions.0.until.value", "2021-01-01"), "", "overlap"),
    "unused part": (PARTS, put("spare", {}), "spare", "nothing uses it"),
    "unused source": (SOURCES, put("spare", "x"), "spare", "nothing uses it"),
    "part before its use": (PARTS, put("tet", {"use": "swapped"}), "tet", "stands after its use"),
    "make-up on a weekday": (YEAR, put("make_up_days.0.day", "2026-01-09"), "", "no weekend day"),
    "other year": (YEAR, put("days_off.0.day", "2025-01-01"), "", "must lie in 2026"),
    "year in another file": ("calendar/2021.json", put("year", 2020), "", "must lie in 2020"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "edit", "field", "problem"), ONE_FILE.values(), ids=ONE_FILE.keys())
def test_found_in_one_file(file: str, edit: Callable[[Tree], object], field: str, problem: str) -> None:
    found = check(edited(file, edit))
    assert any(field in finding.field and problem in finding.problem for finding in found), [*map(str, found)]
    if file not in {PARTS, SOURCES, KARAOKE}:
        assert {finding.file for finding in found} == {file}


def test_the_packaged_data_have_none() -> None:
    assert check(packaged()) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ('{"versions": [], "versions": []}', "'versions' occurs twice"),
        ("[]", "should be an object"),
        ('{"versions": [1]}', "should be an object"),
    ],
)
def test_what_cannot_be_read(text: str, problem: str) -> None:
    found = check({**packaged(), YOGA: text})
    assert {finding.file for finding in found} == {YOGA}
    assert problem in found[-1].problem


@pytest.mark.parametrize("text", ["{", "[]"])
def test_shared_files_that_cannot_be_read_are_told_once(text: str) -> None:
    assert [finding.file for finding in check({**packaged(), SOURCES: text})].count(SOURCES) == 1


def test_years_left_out_given_twice_and_misnamed() -> None:
    texts = packaged()
    without = {name: text for name, text in texts.items() if name != "calendar/2023.json"}
    assert [str(finding) for finding in check(without)] == [
        "calendar/2024.json: year: no table for 2023 between 2022 and 2024: add calendar/2023.json"
    ]
    twice = check({**texts, "calendar/2024b.json": texts["calendar/2024.json"]})
    assert [finding.problem for finding in twice] == [
        "2024 has two tables: keep one",
        "is 2024: name the file calendar/2024.json",
    ]


def against_base(file: str, edit: Callable[[Tree], object]) -> list[Finding]:
    return [finding for finding in check(edited(file, edit), packaged()) if finding.file == file]


def test_what_dossiers_were_filed_under_is_kept() -> None:
    assert check(packaged(), packaged()) == ()
    changed = against_base(CARD, put("versions.0.charges.0.rate.amount.value", 300_000))
    assert ['"corrects": "2018.1"' in finding.problem for finding in changed] == [True]
    gone = {name: text for name, text in packaged().items() if name != CARD}
    assert ["2018.1 is gone" in finding.problem for finding in check(gone, packaged()) if finding.file == CARD] == [
        True
    ]
    right = {"like": "2018.1", "version": "2018.2", "corrects": "2018.1"}
    assert against_base(CARD, lambda tree: tree["versions"].append(right)) == []
    twice = {**right, "version": "2018.3"}
    found = against_base(CARD, lambda tree: tree["versions"].extend([right, twice]))
    assert {finding.problem for finding in found} >= {"'2018.1' is corrected twice: correct the last"}


def test_a_version_may_be_ended_by_the_one_that_follows() -> None:
    end = {"value": "2027-06-30", "source": "test", "mark": "V"}
    new = {"like": "2018.1", "version": "2027.1", "since": {**end, "value": "2027-07-01"}, "until": None}
    assert against_base(CARD, lambda tree: ver("until", end)(tree) or tree["versions"].append(new)) == []


def test_a_changed_table_has_a_version_of_its_own() -> None:
    drop = put("days_off.9", None)
    assert ["give it another" in finding.problem for finding in against_base(YEAR, drop)] == [True]
    assert against_base(YEAR, lambda tree: drop(tree) or put("version", "2026.2")(tree)) == []
    gone = {name: text for name, text in packaged().items() if name != "calendar/2021.json"}
    assert [finding.file for finding in check(gone, packaged())] == ["calendar/2021.json"]
