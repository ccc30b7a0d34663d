"""Who may see a dossier: officers by their role, an applicant only their own."""

from __future__ import annotations

import hmac

from chassis.http.auth import OFFICERS, Caller
from chassis.http.problems import Problem
from chassis.keyring import Keyring, Unopenable
from schemas.personal import Personal


async def require_owner(keyring: Keyring, dossier: str, owner: Personal | None, caller: Caller) -> None:
    """Lets callers through who are officers, and the citizen whose `sub` is the sealed `owner`.

    Raises:
        Problem: 404 for anybody else: whether a dossier exists is not theirs to know.
    """
    if caller.roles & OFFICERS:
        return
    try:
        account = await keyring.open(dossier, owner) if owner is not None else ""
    except Unopenable:
        account = ""
    if not account or not hmac.compare_digest(account.encode(), caller.sub.encode()):
        raise Problem(404, "not_found", "There is no such dossier")
