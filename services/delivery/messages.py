"""Commands and outcomes of delivery: documents, the desk, the post. Effects are in `duties`."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from chassis.decision import Command, Outcome
from schemas.event import Dong, Instant, Record, Text
from schemas.money import Vnd
from schemas.parts import PostalAddress, Way
from schemas.personal import IdentityNumber, Name, Secret

Role = Literal["leader", "agency"]
MAX_MOVES: Final = 50


class Signature(Record):
    """One signature of a document: the name in the certificate, in which role, when (by a time stamp, if any)."""

    role: Role
    signer: Text
    at: Instant
    stamped: bool = False


class Authorised(Record):
    """Who may collect in the applicant's place."""

    name: Name
    identity_number: IdentityNumber


class Choice(Record):
    """How the applicant wants the result."""

    way: Way
    desk: Text | None = None
    address: PostalAddress | None = None
    authorised: Authorised | None = None


# -- documents ------------------------------------------------------------------------------------------------------


class DocumentRendered(Outcome):
    """It is stored. `sha256` and `size` are of the PDF in clear; `pickup` was drawn for the desk."""

    document: Text
    sha256: Text
    size: int
    signatures: tuple[Signature, ...] = ()
    pickup: Secret | None = None


class DocumentRefused(Outcome):
    """It cannot be made."""

    reason: Text
    document: Text | None = None


class MakeAgain(Command):
    """What kept the first document from being made was put right: try once more."""

    officer: Text


class AddDocument(Command):
    """The registrar uploads a scanned result: one more, or in the place of `replaces`. `file` is where it lies."""

    officer: Text
    file: Text
    title: Text
    replaces: Text | None = None
    reason: Text | None = None


class ReplaceDocument(Command):
    """The document is made anew; the old one stays readable and is no longer valid."""

    officer: Text
    document: Text
    reason: Text


class RevokeDocument(Command):
    """The document is no longer valid, and nothing stands in its place."""

    officer: Text
    document: Text
    reason: Text


class RegisterPhysical(Command):
    """A card or a plaque is ready at the desk."""

    officer: Text
    kind: Literal["card", "plaque"]
    serial: Annotated[str, Field(pattern=r"^[0-9A-Za-z./-]{1,40}$")]


# -- links ----------------------------------------------------------------------------------------------------------


class MakeLink(Command):
    """A one-time download. Of its token and its pin only hashes are kept; `url` and `pin` go to the applicant."""

    token: Text
    proof: Text
    url: Secret
    pin: Secret
    document: Text | None = None
    expires_at: Instant


class OpenLink(Command):
    """Somebody with the address gives the pin."""

    token: Text
    proof: Text


# -- the desk -------------------------------------------------------------------------------------------------------


class Collect(Command):
    """Handed over at the desk, to whom, and how they proved it."""

    officer: Text
    receiver: Literal["applicant", "authorised"] = "applicant"
    proof: Literal["code", "identity", "both"] = "code"


class Choose(Command):
    """The applicant's choice, made or changed."""

    choice: Choice


class HandOver(Command):
    """The clerk gave it to the postman."""

    officer: Text


class CloseCase(Command):
    """What came of a compensation case; VND. `tracking` None: the last one that is open."""

    officer: Text
    outcome: Literal["found", "compensated", "refused"]
    amount: Dong = Vnd()
    tracking: Text | None = None


# -- the post -------------------------------------------------------------------------------------------------------


class Moved(Record):
    """One status of a consignment, as the post office tells it."""

    status: int
    at: Instant


class ConsignmentTaken(Outcome):
    """The post office has it under this item number."""

    tracking: Text


class ConsignmentRefused(Outcome):
    """It will not take it."""

    reason: Text


class ConsignmentSeen(Outcome):
    """Everything that happened to it so far, in any order. `tracking` None: the one on its way."""

    moves: tuple[Moved, ...]
    tracking: Text | None = None


class PostTold(Command):
    """The post office called back."""

    tracking: Text
    moves: Annotated[tuple[Moved, ...], Field(min_length=1, max_length=MAX_MOVES)]


class Cancelled(Outcome):
    """Whether the post office let go of an order that was not fetched yet."""

    done: bool


class SendPapers(Command):
    """The applicant wants papers of the dossier fetched by the post office."""

    address: PostalAddress


class PapersTaken(Outcome):
    """The post office will fetch them under this item number."""

    tracking: Text


class PapersRefused(Outcome):
    """It will not."""

    reason: Text


class ReceivePapers(Command):
    """The clerk has the envelope in hand."""

    officer: Text
    tracking: Text
