"""What people say about how they are told: preferences, and whom else. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from chassis.decision import Decision, Handlers, Refused
from services.notification.domain.contact import Contact, Representative
from services.notification.messages import ConfirmRepresentative, NameRepresentative, SetPreferences


def prefer(contact: Contact | None, command: SetPreferences, _now: datetime) -> Decision[Contact]:
    """Holds for what is decided from now on. What the law asks for is told whatever `optional` says."""
    contact = _known(contact)
    if command.channel in {"email", "both"} and (contact.applicant is None or contact.applicant.email is None):
        raise Refused("invalid", "there is no e-mail address in this dossier", field="channel")
    return Decision(contact.model_copy(update=dict(command)), answer=command.model_dump(mode="json"))


def name(contact: Contact | None, command: NameRepresentative, _now: datetime) -> Decision[Contact]:
    """Nothing is sent to a new contact before its code came back."""
    contact = _known(contact)
    if command.phone is None:
        return Decision(contact.model_copy(update={"representative": None}), answer={"verified": False})
    representative = Representative(phone=command.phone, email=command.email)
    return Decision(contact.model_copy(update={"representative": representative}), answer={"verified": False})


def confirm(contact: Contact | None, _command: ConfirmRepresentative, _now: datetime) -> Decision[Contact]:
    """The contact is the representative's own."""
    contact = _known(contact)
    if contact.representative is None:
        raise Refused("not_found", "no representative is named in this dossier")
    representative = contact.representative.model_copy(update={"verified": True})
    return Decision(contact.model_copy(update={"representative": representative}), answer={"verified": True})


def _known(contact: Contact | None) -> Contact:
    if contact is None:
        raise Refused("not_found", "nothing was told about this dossier")
    return contact


HANDLERS: Final[Handlers] = {SetPreferences: prefer, NameRepresentative: name, ConfirmRepresentative: confirm}
