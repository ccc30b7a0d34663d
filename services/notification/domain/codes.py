"""One-time codes: six digits, five minutes, five tries, for one purpose of one dossier. Pure: it is drawn outside.

A code is stored as an HMAC only. Whether a dossier exists is nobody's to learn here: one that does not has a decoy that
takes the same path and sends nothing.
"""

from __future__ import annotations

import hmac
import zlib
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from chassis.decision import Command, Decision, Effect, FailureReason, Handlers, Outcome, Policy
from schemas.event import Instant, Record, Text
from schemas.personal import Comment, Phone
from services.notification.domain.forms import Language
from services.notification.domain.templates import BRAND
from services.notification.messages import PartReceipt

Purpose = Literal["lookup", "sign_in", "collect", "representative"]
DIGITS: Final = 6
LIFE: Final = timedelta(minutes=5)
TRIES: Final = 5
AN_HOUR, A_DAY = 5, 10
DECOYS: Final = 256
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXTS: Final[dict[Language, str]] = {
    "vi": BRAND + "Ma xac nhan cua ban la {code}, co hieu luc 5 phut. Khong dua ma nay cho bat ky ai.",
    "en": BRAND + "Your code is {code}, valid for 5 minutes. Do not give it to anybody.",
}
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Issued(Record):
    """The last code of a purpose. `fate`: what is known of its SMS."""

    purpose: Purpose
    number: int
    digest: Digest
    until: Instant
    tries: int = 0
    used: bool = False
    fate: str = "accepted"
    code: str | None = None


class Codes(Record):
    """The codes of one dossier, or of a decoy. `asked`: when, in the last day.

    `proved`: when a code sent to the applicant's phone first came back: somebody reads what is sent there.
    """

    issued: tuple[Issued, ...] = ()
    asked: tuple[Instant, ...] = ()
    count: int = 0
    proved: Instant | None = None


class IssueCode(Command):
    """`to` None: nobody is to be told. `text`: with the code in it."""

    purpose: Purpose
    digest: Digest
    to: Phone | None = None
    text: Comment | None = None


class VerifyCode(Command):
    """Whether this is the code."""

    purpose: Purpose
    digest: Digest


class CodeSettled(Outcome):
    """What became of the SMS of a code."""

    number: int
    result: Text
    code: Text | None = None


class SendCode(Effect):
    """Sends one code. A lane of its own: nothing else is before it. After `until` it is worth nothing."""

    TYPE: ClassVar[str] = "sms.code"
    POLICY: ClassVar[Policy] = "never"
    PARTNER: ClassVar[str | None] = "sms_centre"
    CONCURRENCY: ClassVar[int] = 32
    MAX_ATTEMPTS: ClassVar[int] = 60
    MARKS: ClassVar[bool] = True
    number: int
    to: Phone
    text: Comment
    until: Instant

    def unknown(self) -> Outcome:
        """The lease lapsed with no answer; whoever waits for it asks for another."""
        return CodeSettled(number=self.number, result="unknown")

    def failed(self, reason: FailureReason) -> Outcome:
        """It was never submitted."""
        return CodeSettled(number=self.number, result=f"not sent: {reason}")


def aggregate_of(dossier: str, *, known: bool) -> str:
    """The aggregate of a dossier's codes; of one that is not known, one of 256 decoys."""
    return dossier if known else f"00000000-0000-8000-8000-{zlib.crc32(dossier.encode()) % DECOYS:012x}"


def digest_of(key: bytes, dossier: str, purpose: str, code: str) -> str:
    """What is stored of a code: bound to its dossier and its purpose."""
    return hmac.digest(key, f"{dossier}/{purpose}/{code}".encode(), "sha256").hex()


def issue(codes: Codes | None, command: IssueCode, now: datetime) -> Decision[Codes]:
    """A new code ends the one before. Over a limit nothing is sent, and the answer is the same."""
    codes = codes or Codes()
    asked = tuple(at for at in codes.asked if at > now - DAY)
    answer = {"expires_in": int(LIFE.total_seconds())}
    if len(asked) >= A_DAY or sum(at > now - HOUR for at in asked) >= AN_HOUR:
        return Decision(codes, answer=answer)
    number = codes.count + 1
    fresh = Issued(purpose=command.purpose, number=number, digest=command.digest, until=now + LIFE)
    others = tuple(i for i in codes.issued if i.purpose != command.purpose)
    update = {"issued": (*others, fresh), "asked": (*asked, now), "count": number}
    state = codes.model_copy(update=update)
    if command.to is None or command.text is None:
        return Decision(state, answer=answer)
    effect = SendCode(number=number, to=command.to, text=command.text, until=fresh.until)
    return Decision(state, effects=(effect,), answer=answer)


def verify(codes: Codes | None, command: VerifyCode, now: datetime) -> Decision[Codes]:
    """Right once, within five minutes and five tries."""
    codes = codes or Codes()
    issued = next((i for i in codes.issued if i.purpose == command.purpose), None)
    if issued is None or issued.used or issued.tries >= TRIES or now >= issued.until:
        return Decision(codes, answer={"valid": False})
    right = hmac.compare_digest(issued.digest, command.digest)
    changed = issued.model_copy(update={"tries": issued.tries + 1, "used": right})
    codes = _with(codes, changed)
    if right and command.purpose != "representative" and codes.proved is None:
        codes = codes.model_copy(update={"proved": now})
    return Decision(codes, answer={"valid": right})


def settled(codes: Codes | None, outcome: CodeSettled, _now: datetime) -> Decision[Codes]:
    """What became of its SMS; of one that was replaced nobody asks."""
    return _fate(codes, outcome.number, outcome.result, outcome.code)


def receipt(codes: Codes | None, command: PartReceipt, _now: datetime) -> Decision[Codes]:
    """The carrier's receipt."""
    return _fate(codes, int(command.message), command.state, command.reason)


def _fate(codes: Codes | None, number: int, fate: str, code: str | None) -> Decision[Codes]:
    codes = codes or Codes()
    issued = next((i for i in codes.issued if i.number == number), None)
    if issued is None or issued.fate in {"delivered", "failed"}:
        return Decision(codes)
    return Decision(_with(codes, issued.model_copy(update={"fate": fate, "code": code})))


def _with(codes: Codes, changed: Issued) -> Codes:
    update = {"issued": tuple(changed if i.number == changed.number else i for i in codes.issued)}
    return codes.model_copy(update=update)


HANDLERS: Final[Handlers] = {
    IssueCode: issue,
    VerifyCode: verify,
    CodeSettled: settled,
    PartReceipt: receipt,
}
