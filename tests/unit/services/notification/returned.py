"""Mail that a mail server sends back (RFC 3464), as bytes with CRLF."""

from __future__ import annotations

_DSN = """From: MAILER-DAEMON@mx.example.vn
To: hoso@example.vn
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.vn

Final-Recipient: rfc822; an@example.vn
Action: {action}
Status: {status}

--b
Content-Type: {part}

Message-ID: {message_id}
Subject: x

--b--
"""


def returned(
    message_id: str, *, action: str = "failed", status: str = "5.1.1", part: str = "text/rfc822-headers"
) -> bytes:
    """The report on a mail of that id, its angle brackets included; `part` is the type of what is enclosed of it."""
    text = _DSN.format(action=action, status=status, part=part, message_id=message_id)
    return text.replace("\n", "\r\n").encode()
