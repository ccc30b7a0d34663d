"""The `draft` stream: said by submission of what is not filed yet; notification hears it."""

from __future__ import annotations

from schemas.event import DossierId, Event, Instant, Text
from schemas.parts import Bilingual
from schemas.personal import Email, Owner, Phone

STREAM = "draft"


class DraftExpiring(Event):
    """A draft that was not filed will be removed at `expires_at`; sealed under the key of `drawer_id`.

    `drawer_id` is one person's drafts, the aggregate; `phone` and `email` as far as the draft says them.
    """

    STREAM = STREAM
    TYPE = "draft.expiring"
    ABOUT = "drawer_id"
    drawer_id: DossierId
    draft_id: DossierId
    owner: Owner
    procedure: Text
    procedure_name: Bilingual
    phone: Phone | None = None
    email: Email | None = None
    expires_at: Instant
    warned_at: Instant


EVENTS = (DraftExpiring,)
