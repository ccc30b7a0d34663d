"""An HTTP gateway of the eSMS kind (domain.md 4): it keeps our RequestId for a day, so there a repeat is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import httpx

from schemas.notification import Failure
from services.notification.effects.parts import Receipt
from services.notification.effects.providers import Away, Declined, Sms, Taken
from services.notification.settings import EsmsSettings

PATH: Final = "/MainService.svc/json/SendMultipleMessage_V4_post_json/"
CARE: Final = "2"
"""SmsType of customer care under a brand name."""
TAKEN: Final = "100"
BUSY: Final = frozenset({429, 503})
"""It took nothing. Another error of a server, a 502 of what stands before it too, says nothing of that."""
SECONDS: Final = 3.0
ATTEMPTS: Final = 3
PAUSE: Final = 0.3
LONGEST_ID: Final = 32
STATES: Final[Mapping[str, tuple[str, Failure | None]]] = {
    "5": ("delivered", None),
    "4": ("failed", "permanent"),
    "2": ("failed", "technical"),
}
"""SendStatus of a report; which number means what is not verified against the live gateway."""
NUMBER_AT_FAULT: Final = frozenset({"112", "105"})


class EsmsProvider:
    """A repeat after a lost answer is safe here, and made at once, under the same RequestId."""

    def __init__(self, settings: EsmsSettings, client: httpx.AsyncClient | None = None) -> None:
        self.name = settings.name
        self.price = settings.price
        self._settings = settings
        self._client = client or httpx.AsyncClient(timeout=SECONDS, trust_env=False)

    async def run(self) -> None:
        """There is nothing to keep."""
        await asyncio.Event().wait()

    async def send(self, sms: Sms) -> Taken | Declined:
        """Raises Away while nothing can have been taken; httpx.HTTPError when no repeat was answered either."""
        sms.before()
        sent = False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._client.post(self._settings.url.rstrip("/") + PATH, json=self._body(sms))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if not sent:
                    raise Away(f"{type(error).__name__}: {error}") from error
            except httpx.HTTPError:
                sent = True
                if attempt == ATTEMPTS:
                    raise
            else:
                if answer.status_code in BUSY and not sent:
                    raise Away(f"HTTP {answer.status_code}")
                if answer.is_success:
                    return self._answered(answer)
                sent = True
            await asyncio.sleep(PAUSE * attempt)
        raise httpx.HTTPError("no answer that could be read")

    def _body(self, sms: Sms) -> dict[str, Any]:
        s = self._settings
        body = {
            "ApiKey": s.api_key.get_secret_value(),
            "SecretKey": s.secret_key.get_secret_value(),
            "Phone": sms.to.lstrip("+"),
            "Content": sms.text,
            "Brandname": s.sender,
            "SmsType": CARE,
            "IsUnicode": "0" if sms.text.isascii() else "1",
            "RequestId": sha256(sms.id.encode()).hexdigest()[:LONGEST_ID],
        }
        return body if s.callback is None else {**body, "CallbackUrl": s.callback}

    @staticmethod
    def _answered(answer: httpx.Response) -> Taken | Declined:
        found = answer.json()
        code = str(found.get("CodeResult", ""))
        if code == TAKEN:
            return Taken((str(found["SMSID"]),), code)
        permanent = code in NUMBER_AT_FAULT
        failure: Failure = "permanent" if permanent else "technical"
        return Declined(code[:20] or "?", f"eSMS CodeResult {code[:20]}", failure, elsewhere=not permanent)


def receipt_of(provider: str, values: Mapping[str, str]) -> Receipt | None:
    """What a report says, None for one that is not final."""
    status, sms_id = values.get("SendStatus", ""), values.get("SMSID", "")
    found = STATES.get(status)
    if found is None or not sms_id:
        return None
    state, failure = found
    return Receipt(
        system=provider,
        id=sms_id[:64],
        state=state,  # type: ignore[arg-type] # one of the two
        reason=f"SendStatus {status}",
        failure=failure,
    )
