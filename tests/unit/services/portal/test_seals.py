"""What a browser keeps: unreadable, unchangeable, over in time, good for one thing; and how forms are told apart."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.portal.limits import MOST, Buckets, household
from services.portal.seals import Cookies
from services.portal.settings import PortalSettings

KEY = b"k" * 32


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def with_cookies(**cookies: str) -> Request:
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return Request({"type": "http", "headers": [(b"cookie", header.encode())]})


def sealed(cookies: Cookies, of: str, what: dict[str, Any], seconds: int = 60) -> tuple[str, str]:
    """The whole header, and the value."""
    answer = Response()
    cookies.seal(answer, of, what, seconds)
    header = answer.headers["set-cookie"]
    return header, header.partition("=")[2].partition(";")[0]


def test_it_comes_back_until_its_time_is_over() -> None:
    clock = Clock()
    cookies = Cookies(KEY, clock, secure=False)
    header, value = sealed(cookies, "asked", {"code": "H18"})
    assert "H18" not in header
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(header.split("; "))
    assert cookies.unseal(with_cookies(asked=value), "asked") == {"code": "H18"}
    clock.now += 60
    assert cookies.unseal(with_cookies(asked=value), "asked") is None


def test_it_is_good_for_one_thing_and_under_one_key() -> None:
    cookies = Cookies(KEY, Clock(), secure=False)
    _, value = sealed(cookies, "asked", {"code": "H18"})
    assert cookies.unseal(with_cookies(proved=value), "proved") is None
    assert Cookies(b"x" * 32, Clock(), secure=False).unseal(with_cookies(asked=value), "asked") is None


@given(st.integers(0, 10_000), st.sampled_from("AQgw-_09."))
def test_a_changed_one_is_worth_nothing(place: int, letter: str) -> None:
    cookies = Cookies(KEY, Clock(), secure=False)
    _, value = sealed(cookies, "asked", {"code": "H18"})
    place %= len(value) - 1  # the last letter holds bits that mean nothing
    changed = value[:place] + letter + value[place + 1 :]
    found = cookies.unseal(with_cookies(asked=changed), "asked")
    assert (found is not None) == (changed == value)


def test_inside_tls_its_name_binds_it_to_this_host() -> None:
    header, _ = sealed(Cookies(KEY, Clock(), secure=True), "asked", {})
    assert header.startswith("__Host-asked=")
    assert "Secure" in header


def test_a_form_is_ours_in_the_browser_it_was_given_to() -> None:
    cookies = Cookies(KEY, Clock(), secure=False)
    cookie, token = cookies.form_token(with_cookies())
    assert cookies.ours(with_cookies(form=cookie), token)
    assert cookies.form_token(with_cookies(form=cookie)) == (cookie, token)
    other, _ = cookies.form_token(with_cookies())
    assert other != cookie
    assert not cookies.ours(with_cookies(form=other), token)
    assert not cookies.ours(with_cookies(), token)
    assert not cookies.ours(with_cookies(form=cookie), "á")


@given(st.integers(1, 50), st.lists(st.floats(0, 5), max_size=200))
def test_nobody_gets_more_than_a_minute_s_worth_at_once_and_everybody_gets_it_again(
    a_minute: int, pauses: list[float]
) -> None:
    buckets, now, taken = Buckets(a_minute), 0.0, 0
    for pause in pauses:
        now += pause
        taken += buckets.take("a", now)
    assert taken <= a_minute * (1 + now / 60) + 1e-6
    assert buckets.take("b", now)
    assert buckets.take("a", now + 60.001)


def test_no_more_addresses_are_remembered_than_fit() -> None:
    buckets = Buckets(1)
    for number in range(MOST + 1):
        assert buckets.take(str(number), 0.0)
    assert not buckets.take(str(MOST), 0.0)
    assert buckets.take("0", 0.0), "forgotten, so it begins anew"


def test_a_household_is_one_address() -> None:
    assert household("2001:db8::1") == household("2001:db8::ffff:2") == "2001:db8::/64"
    assert household("192.0.2.7") == "192.0.2.7"
    assert household("testclient") == "testclient"


@pytest.mark.parametrize("url", ["http://portal.example.vn", "ftp://127.0.0.1", "https://portal.example.vn/path"])
def test_cookies_never_travel_in_clear(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    environment(monkeypatch, PORTAL_URL=url)
    with pytest.raises(ValidationError):
        PortalSettings()


def test_on_this_machine_alone_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, PORTAL_URL="http://127.0.0.1:8008/")
    assert PortalSettings().url == "http://127.0.0.1:8008"
    environment(monkeypatch, PORTAL_URL="https://portal.example.vn")
    assert PortalSettings().secure
    environment(monkeypatch, PORTAL_KEY="c2hvcnQ=")
    with pytest.raises(ValidationError, match="32 bytes"):
        PortalSettings()


def environment(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    names = ("SUBMISSION", "PAYMENT", "NOTIFICATION", "DELIVERY", "TRACKING", "STATISTICS")
    given = {f"PORTAL_{name}_URL": "http://127.0.0.1:9" for name in names}
    given |= {
        "PORTAL_URL": "http://127.0.0.1:9",
        "PORTAL_PORT": "0",
        "MONGODB_URL": "mongodb://127.0.0.1:9",
        "OIDC_ISSUER": "http://127.0.0.1:9",
    }
    given |= {
        "PORTAL_CLIENT_ID": "portal",
        "PORTAL_CLIENT_SECRET": "s",
        "PORTAL_KEY": base64.b64encode(KEY).decode(),
    }
    for name, value in (given | more).items():
        monkeypatch.setenv(name, value)
