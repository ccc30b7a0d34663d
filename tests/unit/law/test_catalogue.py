import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from law import calendar, dataset, procedures
from law._data import packaged
from law.errors import LawDataError, UnknownProcedure
from law.facts import Mark
from law.fees import assess, inputs_of_form
from law.procedures import Catalogue
from law.terms import Term

PLAN = date(2021, 6, 16)
NOW = date(2026, 11, 25)


def changed(name: str, change: Mapping[str, Any], version: int = 0) -> dict[str, str]:
    """The packaged texts with keys of one version of one file replaced."""
    tree = json.loads(packaged()[name])
    tree["versions"][version] |= change
    return {**packaged(), name: json.dumps(tree)}


def with_version(name: str, **version: Any) -> dict[str, str]:
    """The packaged texts with one more version in a file."""
    tree = json.loads(packaged()[name])
    tree["versions"].append(version)
    return {**packaged(), name: json.dumps(tree)}


YOGA = "procedures/1.000953.json"
LIBRARY = "procedures/1.008895.json"


def test_the_catalogue_of_two_days() -> None:
    then, now = ({entry.code for entry in procedures.all(day)} for day in (PLAN, NOW))
    assert len(then) == 26
    assert now - then == {"1.012080", "1.012081", "1.012082"}
    assert then - now == {"1.001420"}


def test_the_first_three_are_as_they_were() -> None:
    found = [procedures.find(code, PLAN) for code in ("1.000953", "1.001440", "1.008895")]
    assert [entry.version for entry in found] == ["2019.1", "2018.1", "2020.1"]
    assert [entry.result.value for entry in found] == ["certificate", "card", "reply"]
    assert [(entry.term.amount, entry.term.unit) for entry in found] == [
        (7, "working"),
        (10, "calendar"),
        (15, "calendar"),
    ]


@pytest.mark.parametrize("code", ["1.008895", "1.008895.000.00.00.H18", "1.008895.H18"])
def test_find_by_any_written_form(code: str) -> None:
    assert procedures.find(code, PLAN).full_code == "1.008895.000.00.00.H18"


@pytest.mark.parametrize("code", ["9.999999", "1.008895.000.00.00.H01", "", "1.00889", "1.008895\n"])
def test_unknown_names_code_and_date(code: str) -> None:
    with pytest.raises(UnknownProcedure, match="2021-06-16") as caught:
        procedures.find(code, PLAN)
    assert (caught.value.code, caught.value.on, caught.value.hint) == (code, PLAN, "")


def test_outside_its_dates_it_says_when_it_began_or_what_replaced_it() -> None:
    with pytest.raises(UnknownProcedure, match="it begins on 2020-07-01"):
        procedures.find("1.008895", date(2020, 6, 30))
    assert procedures.find("1.008895", date(2020, 7, 1))
    with pytest.raises(UnknownProcedure, match=r"ended on 2023-12-31, replaced by 1\.012080, 1\.012081, 1\.012082"):
        procedures.find("1.001420", date(2024, 1, 1))


def test_a_local_term_binds_only_once_it_is_sure() -> None:
    library = procedures.find("1.008895", PLAN)
    assert library.local_term is not None
    assert (library.local_term.mark, library.term) == (Mark.UNCERTAIN, Term(amount=15, unit="calendar"))
    own = {"value": {"amount": 12, "unit": "working"}, "source": "a decision of the province", "mark": "V"}
    catalogue = Catalogue.from_texts(changed(LIBRARY, {"local_term": own}))
    assert catalogue.find("1.008895", PLAN).term == Term(amount=12, unit="working")


def test_what_is_asked_for_can_have_a_term_of_its_own() -> None:
    karaoke, festival = procedures.find("1.001029", PLAN), procedures.find("1.003676", PLAN)
    assert karaoke.term_for({"request": "new"}) == karaoke.term == Term(amount=5, unit="working")
    assert karaoke.term_for({"request": "change_owner"}) == Term(amount=4, unit="working")
    assert festival.term_for({"filing": "notice"}) == Term(amount=15, unit="calendar")
    assert festival.answers({"filing": "notice", "venue": "Bản thử nghiệm"}) == {"filing": "notice"}
    assert assess(festival, PLAN, inputs_of_form(festival, {"filing": "notice"})).total == 0


def test_two_versions_by_date_and_a_dossier_keeps_its_own() -> None:
    before, after = (procedures.find("2.001631", day) for day in (date(2023, 12, 14), date(2023, 12, 15)))
    assert (before.version, after.version) == ("2010.1", "2023.1")
    assert before.form == after.form
    assert before.documents != after.documents
    assert procedures.default().version("2.001631", "2010.1") == before
    with pytest.raises(LawDataError, match="no version"):
        procedures.default().version("2.001631", "1999.1")


RESOLUTION = {"value": 1_500_000, "source": "12/2021/NQ-HĐND", "mark": "V"}


def corrected() -> dict[str, str]:
    charge = json.loads(packaged()["shared/parts.json"])["council-fee"]
    charge["rate"]["amount"] = RESOLUTION
    return with_version(YOGA, like="2019.1", version="2019.2", corrects="2019.1", charges=[charge])


def test_a_correction_is_found_in_the_place_of_what_it_corrects() -> None:
    catalogue = Catalogue.from_texts(corrected())
    now, filed_under = catalogue.find("1.000953", PLAN), catalogue.version("1.000953", "2019.1")
    assert (now.version, assess(now, PLAN).total, assess(now, PLAN).lines[0].mark) == ("2019.2", 1_500_000, "V")
    assert assess(filed_under, PLAN).total == 1_000_000
    assert [entry.version for entry in catalogue.all(PLAN) if entry.code == "1.000953"] == ["2019.2"]
    assert [entry.version for entry in catalogue.versions("1.000953")] == ["2019.1", "2019.2"]


def write(folder: Path, texts: Mapping[str, str]) -> Path:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_reviewed_folder_is_put_in_use_without_a_release(tmp_path: Path) -> None:
    try:
        dataset.use(write(tmp_path, corrected()))
        assert procedures.find("1.000953", PLAN).version == "2019.2"
        assert calendar.is_working_day(date(2026, 1, 10))
    finally:
        dataset.use(None)
    assert procedures.find("1.000953", PLAN).version == "2019.1"


def test_a_wrong_folder_is_refused_with_every_finding_and_changes_nothing(tmp_path: Path) -> None:
    texts = changed(YOGA, {"version": "2019.9"}) | {"calendar/2026.json": "{"}
    with pytest.raises(LawDataError, match=r"calendar/2026\.json: not JSON"):
        dataset.use(write(tmp_path, texts))
    with pytest.raises(LawDataError, match="no data files"):
        dataset.use(tmp_path / "none")
    assert procedures.find("1.000953", PLAN).version == "2019.1"


def test_versions_may_not_overlap_nor_occur_twice() -> None:
    start = {"value": "2020-01-01", "source": "test", "mark": "V"}
    with pytest.raises(LawDataError, match=r"2020\.9 starts while version 2019\.1 is in force"):
        Catalogue.from_texts(with_version(YOGA, like="2019.1", version="2020.9", since=start))
    with pytest.raises(LawDataError, match="occurs twice"):
        Catalogue.from_texts(with_version(YOGA, like="2019.1", version="2019.1"))


def test_wrong_data_names_file_and_field() -> None:
    broken = {**packaged(), YOGA: packaged()[YOGA].replace('"legal_basis"', '"legal_bases"')}
    with pytest.raises(LawDataError, match=r"1.000953.json: versions.0.legal_bases: unknown field"):
        Catalogue.from_texts(broken)


def test_reductions_must_be_known_leave_whole_dong_and_not_overlap() -> None:
    name = "reductions/tt33-2018.json"
    reductions = packaged()[name]
    with pytest.raises(LawDataError, match="unknown schedule of reductions 'tt33-2018'"):
        Catalogue.from_texts({file: text for file, text in packaged().items() if file != name})
    odd = packaged()["shared/parts.json"].replace("650000", "650001")
    with pytest.raises(LawDataError, match="no whole number"):
        Catalogue.from_texts({**packaged(), "shared/parts.json": odd})
    with pytest.raises(LawDataError, match="overlap"):
        Catalogue.from_texts({**packaged(), name: reductions.replace("2020-12-31", "2021-01-01")})
