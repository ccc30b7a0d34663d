"""One process of notification in trouble: nothing is lost, nothing is sent twice, what nobody can tell is said."""

from __future__ import annotations

import base64
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bench.notify.events import Events, dossier_id, phone
from chassis.store import Store
from cli.demo.client import wait_for
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.stack import Stack
from services.notification.messages import SendSms

MANY = 150
PARTNERS = ("identity", "sms_centre", "mail_sink")
AT_ONCE = SendSms.CONCURRENCY


@dataclass
class Trouble:
    backbone: Backbone
    stack: Stack
    client: httpx.AsyncClient
    events: Events
    store: Store

    async def publish(self, group: str, number: int) -> list[str]:
        """That many dossiers, each an SMS."""
        dossiers = [dossier_id(group, n) for n in range(MANY)]
        async for at, dossier in self.events.each(dossiers):
            self.events.submitted(dossier, phone(number, at))
        self.events.flush()
        return dossiers

    async def faults(self, **faults: Any) -> None:
        url = f"{self.stack.url('phone')}/control/faults"
        (await self.client.post(url, json=faults)).raise_for_status()

    async def on_phones(self, number: int) -> Counter[str]:
        found = (await self.client.get(f"{self.stack.url('phone')}/submissions")).json()
        return Counter(s["to"] for s in found if s["to"].startswith(f"+849{number}"))

    async def some(self, number: int, at_least: int) -> None:
        async def there() -> bool | None:
            return True if (await self.on_phones(number)).total() >= at_least else None

        await wait_for(f"{at_least} texts on phones", there, patience=60)

    async def statuses(self, dossiers: list[str]) -> Counter[str]:
        """What is stored of each message."""
        found = await self.store.collection("dossiers").load(dossiers)
        return Counter(m["status"] for d in found for m in d["state"]["messages"])

    async def truth(self, dossiers: list[str], number: int) -> int:
        """Waits until what is said is what is so: delivered is on a phone, unknown (their number) is on none."""

        async def settled() -> int | None:
            try:
                said, on_phones = await self.statuses(dossiers), await self.on_phones(number)
            except httpx.TransportError:
                return None  # the centre is being restarted
            assert set(on_phones.values()) <= {1}, "something was sent twice"
            if said != Counter(delivered=len(on_phones), unknown=len(dossiers) - len(on_phones)):
                return None
            return said["unknown"]

        return await wait_for("the truth", settled, patience=90)

    def kill(self, name: str) -> None:
        os.kill(self.backbone.supervisor.pid(name), signal.SIGKILL)


@pytest.fixture(scope="module")
async def trouble(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trouble]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NOTIFICATION_RECEIPT_PATIENCE_SECONDS", "2")
        async for made in _trouble(tmp_path_factory):
            yield made


async def _trouble(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trouble]:
    async with Backbone(tmp_path_factory.mktemp("messages")) as backbone:
        running = await stack.start(backbone, services=("notification",), partners=PARTNERS)
        master = base64.b64decode(json.loads((backbone.run.path / "secrets.json").read_text())["master"])
        events = Events(backbone.kafka, backbone.store_url, master)
        store = Store(backbone.store_url, "hoso_notification")
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            yield Trouble(backbone, running, client, events, store)
        events.close()
        store.close()


async def test_what_a_killed_process_only_had_in_its_queue_is_sent_all_the_same(trouble: Trouble) -> None:
    await trouble.faults(latency_ms=400)
    dossiers = await trouble.publish("killed", 5)
    await trouble.some(5, 20)
    trouble.kill("notification")
    await trouble.faults()
    unknown = await trouble.truth(dossiers, 5)
    assert unknown <= AT_ONCE, "only what was handed over and not answered can be unknown"


async def test_a_centre_that_dies_in_the_middle_of_a_window_costs_nothing(trouble: Trouble) -> None:
    await trouble.faults(latency_ms=200)
    dossiers = await trouble.publish("restarted", 6)
    await trouble.some(6, 20)
    trouble.kill("sms_centre")
    assert await trouble.truth(dossiers, 6) <= AT_ONCE


async def test_lost_and_doubled_receipts(trouble: Trouble) -> None:
    await trouble.faults(lose_receipts_next=MANY // 2, duplicate_receipts_next=MANY // 4)
    dossiers = await trouble.publish("receipts", 7)
    await trouble.some(7, MANY)

    wanted = Counter(delivered=MANY - MANY // 2, sent=MANY // 2)

    async def half() -> Counter[str] | None:
        """A receipt may be there before the outcomes of others are."""
        found = await trouble.statuses(dossiers)
        return found if found == wanted or found["delivered"] > wanted["delivered"] else None

    assert await wait_for("the other half", half, patience=60) == wanted
    assert await trouble.on_phones(7) == Counter({phone(7, n): 1 for n in range(MANY)})
