"""The services, as an officer's pages ask them: in the officer's name, and their public HTTP alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from services.portal.asking import Unavailable, answered
from services.portal.calls import Calls, bearer, segment
from services.portal.settings import PortalSettings


@dataclass(frozen=True)
class Page:
    """Some of a list; `after`: the cursor of what follows, empty at its end."""

    dossiers: tuple[Mapping[str, Any], ...]
    after: str = ""


@dataclass(frozen=True)
class AsSeen:
    """On which revision of a dossier a command was decided; `key` names the request, however often it is sent."""

    revision: int
    key: str


class Desks(Calls):
    """One client, shared with `Services`."""

    def __init__(self, settings: PortalSettings, client: httpx.AsyncClient) -> None:
        super().__init__(client)
        self._settings = settings

    async def inbox(
        self, token: str, role: str, box: str, *, limit: int, after: str = "", in_place_of: str = ""
    ) -> Page:
        """Due first. `in_place_of`: an absent officer's. Raises Refused 403 for another's."""
        query = {"role": role, "box": box, "limit": str(limit), **_for(in_place_of)}
        query |= {"after": after} if after else {}
        found = await self._got(self._submission("inbox"), params=query, headers=bearer(token))
        return Page(tuple(found["dossiers"]), found["next"] or "")

    async def search(self, token: str, words: str) -> tuple[list[dict[str, Any]], bool]:
        """By code, phone, identity number or name; and whether there are more."""
        found = await self._got(self._submission("search"), params={"q": words}, headers=bearer(token))
        return found["dossiers"], found["more"]

    async def dossier(self, token: str, dossier: str) -> dict[str, Any] | None:
        """Without personal data; None where there is none."""
        return await self._found(self._of(dossier), headers=bearer(token))

    async def content(self, token: str, dossier: str) -> dict[str, Any]:
        """What was filed, in clear. Raises Refused: 403 `restricted`, 410 `erased`."""
        return await self._got(self._of(dossier, "content"), headers=bearer(token))

    async def commands(self, token: str, dossier: str, in_place_of: str = "") -> dict[str, Any]:
        """What this officer may do now, and what is in the way of the rest, at which revision."""
        url, query = self._of(dossier, "commands"), _for(in_place_of)
        return await self._got(url, params=query, headers=bearer(token))

    async def assist(self, token: str, body: Mapping[str, Any], key: str) -> str:
        """Files for an applicant who agreed; the dossier. Raises Refused 422 with the fields at fault."""
        headers = {**bearer(token), "idempotency-key": key}
        answer = await self._ask("POST", self._submission("dossiers/assisted"), json=body, headers=headers)
        dossier: str = answer.json()["id"]
        return dossier

    async def delegation(self, token: str) -> dict[str, Any]:
        """Who stands in for this officer, and for whom they do."""
        return await self._got(self._submission("delegation"), headers=bearer(token))

    async def delegate(self, token: str, body: Mapping[str, Any]) -> None:
        """Raises Refused 422 with the fields at fault."""
        await self._post(self._submission("delegation"), body, bearer(token))

    async def end_delegation(self, token: str) -> None:
        """The officer is back. Raises Refused 404."""
        await self._post(self._submission("delegation/end"), {}, bearer(token))

    async def files(self, token: str, dossier: str) -> list[dict[str, Any]]:
        """The documents, as they stand."""
        found = await self._got(self._of(dossier, "files"), headers=bearer(token))
        files: list[dict[str, Any]] = found["files"]
        return files

    async def duplicates(self, token: str, dossier: str) -> list[dict[str, Any]]:
        """Dossiers that may be this one filed again."""
        found = await self._got(self._of(dossier, "duplicates"), headers=bearer(token))
        alike: list[dict[str, Any]] = found["duplicates"]
        return alike

    async def complaint(self, token: str, dossier: str) -> dict[str, Any] | None:
        """In clear, with its answer once there is one."""
        return await self._found(self._of(dossier, "complaint"), headers=bearer(token))

    async def timeline(self, token: str, dossier: str) -> dict[str, Any] | None:
        """What happened; None while tracking has not heard of it."""
        url = f"{self._settings.tracking_url}/dossiers/{segment(dossier)}/timeline"
        return await self._found(url, headers=bearer(token))

    async def act(
        self, token: str, dossier: str, what: str, body: Mapping[str, Any], *, seen: AsSeen, in_place_of: str = ""
    ) -> None:
        """One command, on the dossier as it was seen; under the same key it is one command.

        Raises Refused: 409 with the word of what is in the way, 412 where the dossier has changed, 422 for fields.
        """
        headers = {**bearer(token), "if-match": f'"{seen.revision}"', "idempotency-key": seen.key}
        url = self._of(dossier, what)
        await self._ask("POST", url, json=body, params=_for(in_place_of), headers=headers)

    async def file(self, token: str, file: str) -> tuple[Mapping[str, str], AsyncIterator[bytes]]:
        """Its headers, and its content as it comes, to be read to its end. Raises Refused, Unavailable."""
        url = self._submission(f"files/{segment(file)}/content")
        request = self.client.build_request("GET", url, headers=bearer(token))
        try:
            answer = await self.client.send(request, stream=True)
            if not answer.is_success:
                await answer.aread()
                await answer.aclose()
                answered(answer)
        except httpx.HTTPError as error:
            raise Unavailable(f"GET {httpx.URL(url).host}: {error!r}") from error
        return answer.headers, _read(answer)

    async def delivery(self, token: str, dossier: str) -> dict[str, Any] | None:
        """Where the result is; None while delivery has not heard of the dossier."""
        return await self._found(f"{self.delivery_of(dossier)}/delivery", headers=bearer(token))

    async def result(self, token: str, dossier: str, code: str) -> bytes | None:
        """A document that was issued, PDF."""
        return await self._content(f"{self.delivery_of(dossier)}/documents/{segment(code)}", headers=bearer(token))

    async def invoices(self, token: str, dossier: str) -> list[dict[str, Any]]:
        """What there is or was to pay, and what became of it."""
        found = await self._found(f"{self.payment_of(dossier)}/invoices", headers=bearer(token))
        invoices: list[dict[str, Any]] = found["invoices"] if found else []
        return invoices

    async def waiting(self, token: str, waits: str) -> list[dict[str, Any]]:
        """Invoices that wait for a person in that way, the first of them."""
        url = f"{self._settings.payment_url}/work"
        found = await self._got(url, params={"waits": waits}, headers=bearer(token))
        invoices: list[dict[str, Any]] = found["invoices"]
        return invoices

    async def days(self, token: str) -> list[dict[str, Any]]:
        """Days on which a difference waits for a person, the first of them."""
        url = f"{self._settings.payment_url}/discrepancies"
        days: list[dict[str, Any]] = (await self._got(url, headers=bearer(token)))["days"]
        return days

    async def day(self, token: str, method: str, day: str) -> dict[str, Any] | None:
        """One day of a method's books; None for one that was not compared."""
        return await self._found(self.books_of(method, day), headers=bearer(token))

    async def errand(self, token: str, url: str, body: Mapping[str, Any], key: str) -> None:
        """Under the same key it is one errand. Raises Refused, Unavailable."""
        await self._ask("POST", url, json=body, headers={**bearer(token), "idempotency-key": key})

    async def scan(self, token: str, url: str, query: Mapping[str, str], content: bytes, key: str) -> None:
        """A PDF as the body. Raises Refused, Unavailable."""
        headers = {**bearer(token), "idempotency-key": key, "content-type": "application/pdf"}
        await self._ask("POST", url, params=dict(query), content=content, headers=headers)

    def delivery_of(self, dossier: str) -> str:
        """Delivery's address of a dossier."""
        return f"{self._settings.delivery_url}/dossiers/{segment(dossier)}"

    def payment_of(self, dossier: str) -> str:
        """Payment's address of a dossier."""
        return f"{self._settings.payment_url}/dossiers/{segment(dossier)}"

    def books_of(self, method: str, day: str) -> str:
        """Payment's address of a day's books."""
        return f"{self._settings.payment_url}/reconciliations/{segment(method)}/{segment(day)}"

    def _submission(self, path: str) -> str:
        return f"{self._settings.submission_url}/{path}"

    def _of(self, dossier: str, what: str = "") -> str:
        return self._submission(f"dossiers/{segment(dossier)}{'/' if what else ''}{what}")


def _for(in_place_of: str) -> dict[str, str]:
    return {"on_behalf_of": in_place_of} if in_place_of else {}


async def _read(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()
