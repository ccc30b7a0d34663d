"""Notification with one guarantee broken: an SMS whose outcome is not known is sent again.

The wait stands for a slow store. Kept (`CHAOS_CONTROL=1`), the guarantee makes it harmless: such a message is reported
unknown.
"""

from __future__ import annotations

import asyncio
import os
import runpy
from typing import Any, Final

from chassis.decision import Outcome
from services.notification.effects.sms import SendsSms
from services.notification.messages import SendSms

SLOW: Final = 2.0
_execute: Final = SendsSms.execute


async def execute(self: SendsSms, effect: SendSms, call: Any) -> Outcome:
    outcome = await _execute(self, effect, call)
    await asyncio.sleep(SLOW)
    return outcome


if __name__ == "__main__":
    if os.environ.get("CHAOS_CONTROL") != "1":
        SendSms.POLICY = "repeat"
    SendsSms.execute = execute  # type: ignore[method-assign] # it is broken on purpose
    runpy.run_module("services.notification.main", run_name="__main__")
