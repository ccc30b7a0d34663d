"""Which requests leave which audit records."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chassis import readings
from chassis.http.auth import Caller
from chassis.http.recording import accesses
from chassis.ledger import Access
from chassis.readings import Readings

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
CLERK = Caller("clerk1", frozenset({"clerk"}), unit="desk")
CITIZEN = Caller("somebody", frozenset({"citizen"}))
BOTH = Caller("clerk1", frozenset({"citizen", "clerk"}))
MACHINE = Caller("portal", frozenset({"service"}))


def recorded(
    caller: Caller | None,
    request: str = "GET /dossiers/{dossier}",
    *,
    status: int = 200,
    dossier: str | None = ONE,
    read: dict[str, set[str]] | None = None,
) -> list[Access]:
    method, _, path = request.partition(" ")
    scope: Any = {"method": method, "route": SimpleNamespace(path=path), "state": {}}
    if caller is not None:
        scope["state"] = {"caller": caller}
    if dossier is not None:
        scope["path_params"] = {"dossier": dossier}
    found = Readings()
    found.found = read or {}
    return list(accesses(scope, status, found))


def test_an_officer_who_looks_is_recorded_and_who_is_refused_saw_nothing() -> None:
    assert recorded(CLERK) == [Access("GET /dossiers/{dossier}", 200, "clerk1", ("clerk",), "desk", ONE, ())]
    assert recorded(CLERK, status=404) == []
    assert recorded(CLERK, "GET /inbox", dossier=None) == []


def test_an_officer_s_act_is_recorded_also_when_it_was_refused() -> None:
    (done,) = recorded(CLERK, "POST /dossiers/{dossier}/accept", status=409)
    assert (done.who, done.status, done.dossier) == ("clerk1", 409, ONE)
    (elsewhere,) = recorded(CLERK, "POST /delegation", dossier=None)
    assert (elsewhere.who, elsewhere.dossier) == ("clerk1", None)


def test_an_act_that_opened_a_dossier_named_in_its_body_is_one_record() -> None:
    found = recorded(CLERK, "POST /privacy/export", dossier=None, read={ONE: {"form"}})
    assert [(access.dossier, access.opened) for access in found] == [(ONE, ("form",))]


def test_an_applicant_leaves_a_record_where_something_is_opened_and_no_name() -> None:
    assert recorded(CITIZEN) == []
    assert recorded(CITIZEN, "POST /dossiers", dossier=None) == []
    (opened,) = recorded(CITIZEN, read={ONE: {"phone", "form"}})
    assert (opened.who, opened.roles, opened.opened) == (None, ("citizen",), ("form", "phone"))


def test_whoever_is_an_officer_too_is_named() -> None:
    assert [access.who for access in recorded(BOTH)] == ["clerk1"]


def test_a_link_that_opens_a_file_is_recorded_without_a_caller() -> None:
    (access,) = recorded(None, "POST /download/{token}", dossier=None, read={ONE: {"file"}})
    assert (access.who, access.roles, access.dossier, access.opened) == (None, (), ONE, ("file",))
    assert recorded(None, dossier=None) == []


def test_a_search_is_a_record_of_each_dossier_it_found() -> None:
    found = recorded(CLERK, "GET /search", dossier=None, read={ONE: set(), TWO: set()})
    assert [(access.dossier, access.opened) for access in found] == [(ONE, ()), (TWO, ())]


def test_a_machine_is_named_by_its_account() -> None:
    assert [access.who for access in recorded(MACHINE)] == ["portal"]


def test_what_is_opened_to_check_the_owner_and_outside_requests_is_not_noted() -> None:
    readings.opened(ONE, "phone")
    read = readings.begin()
    readings.opened(ONE, readings.ACCESS_CHECK)
    assert (read.found, read.opened) == ({}, False)
    readings.looked_at(ONE)
    assert (read.found, read.opened) == ({ONE: set()}, False)
    readings.opened(ONE, "phone")
    assert (read.found, read.opened) == ({ONE: {"phone"}}, True)


def test_what_a_caller_sends_is_bounded_and_an_empty_word_is_none() -> None:
    officer = Caller("x" * 5_000, frozenset({"clerk"}), unit="")
    (found,) = recorded(officer, "POST /dossiers/{dossier}/accept", status=422, dossier="y" * 9_000)
    assert (len(found.who or ""), found.unit, len(found.dossier or "")) == (100, None, 100)


@pytest.fixture(autouse=True)
def _outside() -> Any:
    token = readings._CURRENT.set(None)
    yield
    readings._CURRENT.reset(token)
