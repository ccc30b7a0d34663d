"""The national portal's synchronisation API: log in, ask whether it has the dossier, put it in, add the step."""

from __future__ import annotations

from typing import Any, Final

import httpx

from chassis.decision import Outcome
from chassis.runner import Call, NotSent, Permanent, Retryable
from chassis.service import Platform
from chassis.telemetry import logger
from schemas.personal import Personal
from services.submission.domain import national, timing
from services.submission.domain.dossier import Dossier
from services.submission.domain.national import NUMBERS, Person
from services.submission.portal_messages import NationalSynced, SyncNational
from services.submission.settings import NationalSettings

SECONDS: Final = 8.0
OK: Final = frozenset({"00", "0"})
FOUND, SYNC, PROGRESS = "TraCuuHoSo", "DongBoHoSoMC", "CapNhatTienDoHoSoMC"
log = logger(__name__)


class SyncsNational:
    """Adapter of `SyncNational`. One session for all calls; it is renewed when the portal does not know it any more.

    An answer whose `error_code` is not 0 is a refusal of that step; anything that is no answer is tried again.
    """

    def __init__(self, platform: Platform) -> None:
        self._dossiers = platform.engine("dossiers")
        self._client = httpx.AsyncClient(timeout=SECONDS, trust_env=False, follow_redirects=False)
        self._session: str | None = None
        self._settings: NationalSettings | None = platform.settings.national

    async def execute(self, effect: SyncNational, call: Call) -> Outcome:
        """Raises Retryable (the portal is away), Permanent (it refuses the dossier, or its key was erased)."""
        settings = self._settings
        if settings is None:
            raise Permanent("refused", "no national portal is configured any more")
        found = await self._dossiers.read(call.aggregate)
        dossier: Dossier | None = found.state if found else None
        if dossier is None:
            raise Permanent("invalid", "there is no such dossier")
        person = await self._person(dossier, call)
        procedure = timing.procedure_of(dossier)
        record = national.record(dossier, procedure, person, NUMBERS[settings.numbers], settings.agency_name)
        call.check()
        try:
            known = await self._ask(settings, FOUND, {"MaHoSo": dossier.code})
            updating = "True" if _code(known) in OK and known.get("data") else "False"
            await self._tell(settings, SYNC, record, isUpdating=updating)
            await self._tell(settings, PROGRESS, national.progress(dossier, effect.report))
        except httpx.HTTPError as error:
            raise Retryable(f"the national portal: {type(error).__name__}") from error
        return NationalSynced(accepted=True)

    async def _person(self, dossier: Dossier, call: Call) -> Person:
        who = dossier.applicant

        async def clear(value: Personal | None) -> str:
            return "" if value is None else await call.open(value)

        return Person(
            name=await clear(who.name),
            phone=await clear(who.phone),
            email=await clear(who.email),
            number=await clear(who.identity_number),
        )

    async def _tell(self, settings: NationalSettings, service: str, data: dict[str, Any], **more: str) -> None:
        """Raises Permanent if it is not taken."""
        answer = await self._ask(settings, service, data, **more)
        if _code(answer) not in OK:
            raise Permanent("refused", f"{service}: error_code {_code(answer)[:20]}")

    async def _ask(self, settings: NationalSettings, service: str, data: dict[str, Any], **more: str) -> dict[str, Any]:
        for _ in range(2):
            if self._session is None:
                self._session = await self._log_in(settings)
            body = {"session": self._session, "madonvi": settings.agency, "service": service, **more, "data": [data]}
            answer = await self._client.post(settings.url, json=body)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                return _form(answer)
            self._session = None
        raise Retryable("the national portal does not keep its sessions")

    async def _log_in(self, settings: NationalSettings) -> str:
        secret = {"username": settings.username, "secret": settings.secret.get_secret_value()}
        answer = await self._client.post(settings.login_url, json=secret, headers={"dstcode": settings.dstcode})
        session = _form(answer).get("session") if answer.is_success else None
        if not isinstance(session, str) or not session:
            raise NotSent(f"the national portal did not log us in: {answer.status_code}")
        return session


def _form(answer: httpx.Response) -> dict[str, Any]:
    """Raises HTTPError for what is no answer of that API."""
    answer.raise_for_status()
    try:
        found = answer.json()
    except ValueError as error:
        raise httpx.DecodingError("no JSON") from error
    if not isinstance(found, dict):
        raise httpx.DecodingError("no object")
    return found


def _code(answer: dict[str, Any]) -> str:
    return str(answer.get("error_code", answer.get("response_code", "")))
