"""Calls portals with replies at the addresses the agency registered; no message ever names one."""

from __future__ import annotations

from typing import Final

import httpx

from chassis import jose
from chassis.decision import Outcome
from chassis.runner import Call
from chassis.service import Platform
from chassis.telemetry import logger
from services.submission.portal_messages import CallPortal, PortalCalled

SECONDS: Final = 8.0
log = logger(__name__)


class CallsPortal:
    """Adapter of `CallPortal`: CloudEvents in HTTP's binary content mode, sealed as in the topic of replies.

    2xx within 8 s is an answer; redirects are not followed, and what the portal says besides is not read.
    """

    def __init__(self, platform: Platform) -> None:
        settings = platform.settings
        self._clock = platform.clock
        self._own: jose.Keys = settings.own
        self._portals = settings.keys_of_portals
        self._addresses = settings.webhooks
        self._client = httpx.AsyncClient(timeout=SECONDS, trust_env=False, follow_redirects=False)

    async def execute(self, effect: CallPortal, call: Call) -> Outcome:
        """Whether it arrived."""
        url, keys = self._addresses.get(effect.source), self._portals.get(effect.source)
        if url is None or keys is None:
            return PortalCalled(number=effect.number, arrived=False)
        data = effect.data.encode()
        body = jose.wrap(data, signed_by=self._own[0], encrypted_to=keys[0], event={"ce_type": effect.type})
        headers = {
            "ce-specversion": "1.0",
            "ce-id": f"{call.aggregate}/{effect.number}",
            "ce-source": "submission",
            "ce-type": effect.type,
            "ce-time": self._clock().isoformat(),
            "content-type": jose.CONTENT_TYPE,
        }
        call.check()
        try:
            async with self._client.stream("POST", url, content=body, headers=headers) as answer:
                status = answer.status_code
        except httpx.HTTPError as error:
            log.info("a portal was not reached", portal=effect.source, error=type(error).__name__)
            return PortalCalled(number=effect.number, arrived=False)
        arrived = httpx.codes.is_success(status)
        if not arrived:
            log.info("a portal did not take a call", portal=effect.source, status=status)
        return PortalCalled(number=effect.number, arrived=arrived)
