"""The services, as the portal asks them: their public HTTP and nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import httpx
from starlette.datastructures import UploadFile

from services.portal.asking import Issuer, Machine, Refused
from services.portal.calls import ABSENT, Calls, bearer, segment
from services.portal.places import Places, places
from services.portal.settings import PortalSettings
from services.portal.texts import Language

KEPT: Final = 60.0
METHOD: Final = "vnpay"
UPLOAD_SECONDS: Final = 120.0
PIECE: Final = 64 * 1024
MOST: Final = 1_000
"""Dossiers of one person that are shown."""
CONNECTIONS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class Services(Calls):
    """One client for all of them. Nothing it does waits longer than `PORTAL_SECONDS`."""

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings
        super().__init__(httpx.AsyncClient(timeout=settings.seconds, limits=CONNECTIONS, trust_env=False))
        self.issuer = Issuer(settings, self.client)
        self._machine = Machine(settings, self.client, self.issuer)
        self._kept: dict[str, tuple[float, Any]] = {}

    async def close(self) -> None:
        """Ends its connections."""
        await self.client.aclose()

    async def procedures(self, words: str = "", field: str = "") -> list[dict[str, Any]]:
        """The catalogue, or what of it fits, best first."""
        query = {"q": words, "field": field, "limit": "100"}
        url = self._settings.submission_url + "/procedures"
        if not words and not field:
            found = await self._lasting(f"{url}?limit=100")
        else:
            found = await self._got(url, params=query)
        listed: list[dict[str, Any]] = found["procedures"]
        return listed

    async def procedure(self, code: str) -> dict[str, Any] | None:
        """Everything about one, as it is today; None where there is none."""
        return await self._lasting_if_there(f"{self._settings.submission_url}/procedures/{segment(code)}")

    async def blank_form(self, code: str) -> bytes | None:
        """A form to fill in by hand, PDF."""
        return await self._content(f"{self._settings.submission_url}/procedures/{segment(code)}/form.pdf")

    async def statistics(self) -> dict[str, Any]:
        """Open data, as tracking publishes it."""
        found: dict[str, Any] = await self._lasting(f"{self._settings.statistics_url}/open-data/statistics.json")
        return found

    async def document(self, code: str) -> dict[str, Any] | None:
        """What anyone may know of a result by its verification code."""
        return await self._found(f"{self._settings.delivery_url}/verification/{segment(code)}")

    async def same_document(self, content: bytes) -> dict[str, Any] | None:
        """By the file itself."""
        headers = {"content-type": "application/octet-stream"}
        url = f"{self._settings.delivery_url}/verification"
        return await self._found(url, method="POST", content=content, headers=headers)

    async def timeline(self, code: str) -> dict[str, Any] | None:
        """By dossier code, for whoever has given the one-time code."""
        url = f"{self._settings.tracking_url}/timelines/{segment(code)}"
        return await self._found(url, headers=await self._machine.headers())

    async def own_dossiers(self, token: str) -> list[dict[str, Any]]:
        """All that this person filed, in no order."""
        url = f"{self._settings.submission_url}/my-dossiers"
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = await self._got(url, params={"limit": "200", **after}, headers=bearer(token))
            found += page["dossiers"]
            if page["next"] is None or len(found) >= MOST:
                return found
            after = {"after": page["next"]}

    async def own_timeline(self, token: str, dossier: str) -> dict[str, Any] | None:
        """None for another person's: tracking decides whose it is."""
        url = f"{self._settings.tracking_url}/dossiers/{segment(dossier)}/timeline"
        return await self._found(url, headers=bearer(token))

    async def form(self, code: str) -> dict[str, Any] | None:
        """What is asked, as JSON Schema; None where there is no such procedure."""
        return await self._lasting_if_there(f"{self._settings.submission_url}/procedures/{segment(code)}/form")

    async def units(self) -> Places:
        """Provinces and communes in force today."""
        return places(await self._lasting(f"{self._settings.submission_url}/units"))

    async def own_dossier(self, token: str, dossier: str) -> dict[str, Any] | None:
        """As submission has it, at once after it was filed; None for another person's."""
        return await self._found(f"{self._settings.submission_url}/dossiers/{segment(dossier)}", headers=bearer(token))

    async def own_copy(self, token: str, dossier: str, language: Language) -> bytes | None:
        """What was sent, PDF, with labels in that language; None for another person's."""
        url = f"{self._settings.submission_url}/dossiers/{segment(dossier)}/copy"
        return await self._content(url, params={"language": language}, headers=bearer(token))

    async def act(self, token: str, dossier: str, what: str, body: Mapping[str, Any]) -> None:
        """`what`: the end of submission's address for it."""
        await self._done(token, f"{self._settings.submission_url}/dossiers/{segment(dossier)}/{what}", body)

    async def own_complaint(self, token: str, dossier: str) -> dict[str, Any] | None:
        """In clear, with its answer once there is one."""
        return await self._found(
            f"{self._settings.submission_url}/dossiers/{segment(dossier)}/complaint", headers=bearer(token)
        )

    async def own_drafts(self, token: str) -> list[dict[str, Any]]:
        """The last saved first, without what they hold."""
        found = await self._got(f"{self._settings.submission_url}/drafts", headers=bearer(token))
        return [draft for draft in found["drafts"] if not draft["submitted"]]

    async def own_draft(self, token: str, draft: str) -> dict[str, Any] | None:
        """With what it holds and what is wrong with it; None for another person's."""
        return await self._found(f"{self._settings.submission_url}/drafts/{segment(draft)}", headers=bearer(token))

    async def save_draft(self, token: str, draft: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """As far as it goes. What it is now, as `own_draft` has it."""
        url = f"{self._settings.submission_url}/drafts/{segment(draft)}"
        saved: dict[str, Any] = (await self._ask("PUT", url, json=content, headers=bearer(token))).json()
        return {**saved, "content": content}

    async def draft_fee(self, token: str, draft: str) -> dict[str, Any] | None:
        """What would be due for what it holds now; None for another person's."""
        return await self._found(f"{self._settings.submission_url}/drafts/{segment(draft)}/fee", headers=bearer(token))

    async def remove_draft(self, token: str, draft: str) -> None:
        """One that is not there is removed already."""
        await self._ask("DELETE", f"{self._settings.submission_url}/drafts/{segment(draft)}", headers=bearer(token))

    async def file_draft(self, token: str, draft: str) -> str:
        """The dossier it is now; the same one, however often it is asked."""
        url = f"{self._settings.submission_url}/drafts/{segment(draft)}/file"
        dossier: str = (await self._ask("POST", url, headers=bearer(token))).json()["id"]
        return dossier

    async def own_file(self, token: str, file: str) -> dict[str, Any] | None:
        """What is known of an uploaded file; None where it is gone."""
        return await self._found(f"{self._settings.submission_url}/files/{segment(file)}", headers=bearer(token))

    async def put_file(self, token: str, file: str, name: str, content: UploadFile, owner: str = "") -> None:
        """Its content, streamed as it came; `name`: what its owner calls it, whatever folder a browser puts before.

        `owner`: the account a clerk uploads it for.
        """
        last = re.split(r"[/\\]", name)[-1]
        headers = {**bearer(token), "file-name": quote(last), "content-type": "application/octet-stream"}
        url = f"{self._settings.submission_url}/files/{segment(file)}"
        query = {"owner": owner} if owner else {}
        await self._ask("PUT", url, params=query, content=_pieces(content), headers=headers, timeout=UPLOAD_SECONDS)

    async def remove_file(self, token: str, file: str) -> None:
        """Not where a dossier names it; then it stays."""
        with suppress(Refused):
            await self._ask("DELETE", f"{self._settings.submission_url}/files/{segment(file)}", headers=bearer(token))

    async def own_invoices(self, token: str, dossier: str) -> list[dict[str, Any]]:
        """What there is or was to pay; nothing of another person's dossier."""
        url = f"{self._settings.payment_url}/dossiers/{segment(dossier)}/invoices"
        found = await self._found(url, headers=bearer(token))
        invoices: list[dict[str, Any]] = found["invoices"] if found else []
        return invoices

    async def begin_payment(self, token: str, dossier: str, invoice: str) -> str:
        """The gateway's page for a new attempt at an invoice; without a number at that of the fee."""
        url = f"{self._settings.payment_url}/dossiers/{segment(dossier)}/payments"
        begun = await self._done(token, url, {"method": METHOD, "invoice": invoice or None})
        page: str = begun["url"]
        return page

    async def renew_invoice(self, token: str, dossier: str, invoice: str) -> None:
        """One that expired can be paid again."""
        url = f"{self._settings.payment_url}/dossiers/{segment(dossier)}/invoice/renew"
        await self._done(token, url, {"invoice": invoice or None})

    async def own_delivery(self, token: str, dossier: str) -> dict[str, Any] | None:
        """Where the result is; None of another person's dossier, and until delivery has heard of it."""
        url = f"{self._settings.delivery_url}/dossiers/{segment(dossier)}/delivery"
        return await self._found(url, headers=bearer(token))

    async def own_choice(self, token: str, dossier: str) -> dict[str, Any] | None:
        """How its owner wants the result, and whether that may be changed; None as of `own_delivery`."""
        url = f"{self._settings.delivery_url}/dossiers/{segment(dossier)}/delivery/choice"
        return await self._found(url, headers=bearer(token))

    async def choose(self, token: str, dossier: str, wish: Mapping[str, Any]) -> None:
        """Another way, desk, address or person."""
        await self._done(token, f"{self._settings.delivery_url}/dossiers/{segment(dossier)}/delivery/choice", wish)

    async def desks(self) -> list[dict[str, Any]]:
        """Where results can be collected."""
        found: list[dict[str, Any]] = (await self._lasting(f"{self._settings.delivery_url}/desks"))["desks"]
        return found

    async def own_result(self, token: str, dossier: str, code: str) -> bytes | None:
        """One of them, PDF."""
        url = f"{self._settings.delivery_url}/dossiers/{segment(dossier)}/documents/{segment(code)}"
        return await self._content(url, headers=bearer(token))

    async def own_preferences(self, token: str, dossier: str) -> dict[str, Any] | None:
        """How its owner is told of a dossier; None until notification has heard of it."""
        url = f"{self._settings.notification_url}/dossiers/{segment(dossier)}/preferences"
        return await self._found(url, headers=bearer(token))

    async def prefer(self, token: str, dossier: str, wish: Mapping[str, Any]) -> None:
        """From now on."""
        url = f"{self._settings.notification_url}/dossiers/{segment(dossier)}/preferences"
        await self._ask("PUT", url, json=wish, headers=bearer(token))

    async def send_code(self, dossier: str, address: str) -> None:
        """Has a one-time code sent to the applicant. The answer is the same where there is no such dossier."""
        body = {"dossier": dossier, "purpose": "lookup", "address": address}
        await self._as_machine(f"{self._settings.notification_url}/codes", body)

    async def right_code(self, dossier: str, code: str) -> bool:
        """Whether this is the code; each wrong one counts."""
        body = {"dossier": dossier, "purpose": "lookup", "code": code}
        answer = await self._as_machine(f"{self._settings.notification_url}/codes/verify", body)
        return bool(answer["valid"])

    async def _as_machine(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._post(url, body, await self._machine.headers())

    async def _done(self, token: str, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._post(url, body, bearer(token))

    async def _lasting_if_there(self, url: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await self._lasting(url)
        except Refused as refused:
            if refused.status in ABSENT:
                return None
            raise
        return found

    async def _lasting(self, url: str) -> Any:
        """As it was at most a minute ago: it is the same for everybody."""
        until, found = self._kept.get(url, (0.0, None))
        if time.monotonic() >= until:
            found = await self._got(url)
            self._kept[url] = (time.monotonic() + KEPT, found)
        return found


async def _pieces(content: UploadFile) -> AsyncIterator[bytes]:
    while piece := await content.read(PIECE):
        yield piece
