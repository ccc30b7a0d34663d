"""E-mails are written directly; Python's own parser reads each of them back as it was meant."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.api import bounced_message
from services.notification.effects.mime import Bounce, bounce, mail
from tests.unit.services.notification.returned import returned

ID = "00000000-0000-0000-0000-000000000001"
MESSAGE = f"{ID}/accepted/email"
LINE = st.text(alphabet="abc đĐẫ <>&\"'=?_😀", min_size=1, max_size=200).filter(lambda t: t == " ".join(t.split()))


def read(data: bytes) -> EmailMessage:
    found = message_from_bytes(data, policy=default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    return found


@given(title=LINE, lines=st.lists(LINE, min_size=1, max_size=8))
def test_any_title_and_text_come_out_again(title: str, lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    found = read(mail("hoso@example.vn", ("an@example.vn",), title, text, MESSAGE))
    assert found["subject"] == title
    plain, rich = (found.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == text
    assert rich is not None
    assert "<script" not in rich.get_content()
    assert found["message-id"] == f"<{ID}.accepted.email@example.vn>"


def test_html_is_the_same_text_with_links() -> None:
    found = read(
        mail("hoso@example.vn", ("an@example.vn",), "Hồ sơ", "Một & hai\n\nXem https://example.vn/a?b=1.", MESSAGE)
    )
    rich = found.get_body(("html",))
    assert rich is not None
    assert '<p>Một &amp; hai</p><p>Xem <a href="https://example.vn/a?b=1">' in rich.get_content()


@pytest.mark.parametrize(
    ("to", "title"),
    [
        ("an@example.vn\r\nBcc: x@example.vn", "t"),
        ("an@example.vn, b@example.vn", "t"),
        ("an@example.vn", "t\r\nBcc: x"),
    ],
)
def test_nothing_can_be_smuggled_into_the_head(to: str, title: str) -> None:
    with pytest.raises(ValueError, match=r"address|one line"):
        mail("hoso@example.vn", (to,), title, "text", MESSAGE)


@pytest.mark.parametrize("part", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_names_its_message(part: str) -> None:
    found = bounce(returned(f"<{ID}.accepted.email@example.vn>", part=part))
    assert found == Bounce(f"{ID}.accepted.email@example.vn", "5.1.1", permanent=True)
    assert bounced_message(found.message_id) == (ID, MESSAGE)


def test_a_delay_is_no_failure_and_other_mail_is_none() -> None:
    delayed = bounce(returned(f"<{ID}.accepted.email@example.vn>", action="delayed", status="4.4.1"))
    assert delayed is not None
    assert not delayed.permanent
    assert bounce(mail("a@example.vn", ("b@example.vn",), "t", "x", MESSAGE)) is None
    assert bounce(b"") is None
    assert bounced_message("somebody@example.vn") is None
