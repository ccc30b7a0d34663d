"""One-time downloads for who does not sign in: an address and a pin, each by its own channel. Pure.

Only hashes are kept: of the token in the address, and of token and pin together, so that the six digits cannot be
tried out by whoever reads the store.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

from chassis.decision import Decision, Refused
from schemas.delivery import LinkMade
from services.delivery.domain.delivery import MAX_LINKS, Delivery, Link, known
from services.delivery.messages import MakeLink, OpenLink

MAX_WRONG: Final = 5


def make(delivery: Delivery | None, command: MakeLink, now: datetime) -> Decision[Delivery]:
    """Raises Refused while there is nothing to download, or after too many links in their time."""
    delivery = known(delivery)
    document = command.document or delivery.document
    if document is None or not delivery.issued(document).valid:
        raise Refused("not_available", "there is no valid document to download")
    open_ = tuple(k for k in delivery.links if k.used_at is None and k.expires_at > now)
    if len(open_) >= MAX_LINKS:
        raise Refused("too_many", f"{MAX_LINKS} links are open: use one, or wait until they expire")
    link = Link(token=command.token, proof=command.proof, document=document, expires_at=command.expires_at)
    said = LinkMade(
        dossier_id=delivery.dossier_id,
        url=command.url,
        pin=command.pin,
        expires_at=command.expires_at,
        made_at=now,
    )
    return Decision(delivery.having(links=(*open_, link)), (said,))


def usable(delivery: Delivery | None, token: str, now: datetime) -> Link | None:
    """The link of a token's hash, while it can still be opened."""
    links = delivery.links if delivery is not None else ()
    found = next((k for k in links if hmac.compare_digest(k.token, token)), None)
    if found is None or found.used_at is not None or found.expires_at <= now or found.wrong >= MAX_WRONG:
        return None
    return found


def use(delivery: Delivery | None, command: OpenLink, now: datetime) -> Decision[Delivery]:
    """Opens it once. A wrong pin is written down, so it is answered and not refused: the fifth closes the link."""
    delivery = known(delivery)
    link = usable(delivery, command.token, now)
    if link is None:
        raise Refused("not_found", "there is no such link, or it was used or has expired")
    right = hmac.compare_digest(link.proof, command.proof)
    changes = {"used_at": now} if right else {"wrong": link.wrong + 1}
    changed = link.model_copy(update=changes)
    links = tuple(changed if k.token == link.token else k for k in delivery.links)
    answer = {"document": link.document} if right else {"left": MAX_WRONG - changed.wrong}
    return Decision(delivery.having(links=links), answer=answer)
