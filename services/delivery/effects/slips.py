"""Makes the papers of the one-stop rule when they are first asked for, and keeps them encrypted from then on."""

from __future__ import annotations

from chassis.http import Problem
from chassis.keyring import Unopenable
from chassis.service import Platform
from law.slips import SlipKind
from services.delivery.domain.delivery import Delivery
from services.delivery.effects.document import FILES
from services.delivery.effects.press import Page, Press, PressBroken

SHORT = 8


class Slips:
    """The first one stored under a name is the paper: whoever asks later gets the same."""

    def __init__(self, platform: Platform, press: Press) -> None:
        self._keyring = platform.keyring
        self._files = platform.store.files(FILES)
        self._press = press

    async def pdf(self, delivery: Delivery, kind: SlipKind) -> bytes:
        """The paper.

        Raises:
            KeyError: there is none of that kind.
            Problem: 410, its personal data was erased.
        """
        dossier, name = delivery.dossier_id, f"{delivery.dossier_id}/slip-{kind}"
        delivery.papers.day(kind)
        try:
            kept = await self._files.get(name)
            if kept is None:
                await self._make(delivery, kind, name)
                kept = await self._files.get(name)
            if kept is None:
                raise LookupError("the paper is not where it was just put")
            await self._keyring.fetch([dossier])
            return self._keyring.decrypt(dossier, name, kept[0])
        except Unopenable as error:
            raise Problem(410, "erased", "The personal data of this dossier was erased") from error
        except PressBroken as error:
            raise Problem(503, "unavailable", "The paper is not ready yet: try again") from error

    async def _make(self, delivery: Delivery, kind: SlipKind, name: str) -> None:
        dossier = delivery.dossier_id
        holder = delivery.applicant.name if delivery.applicant else None
        clear = await self._keyring.open(dossier, holder) if holder else ""
        content = delivery.papers.content(kind, clear, dossier[:SHORT])
        made = (await self._press.make(Page(template="slip.typ", data=content, qr=content["code"]))).pdf
        await self._keyring.ensure([dossier])
        await self._files.put(name, self._keyring.encrypt(dossier, name, made), {"dossier": dossier})
