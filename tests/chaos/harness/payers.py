"""What payers and officers do in a run of payments: a plan by seed, and the driver that carries it out."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

import httpx

from bench.payment.world import World

T = TypeVar("T")
Kind = Literal["plain", "second_try", "twice", "withdrawn", "suspected", "asked_back", "unposted"]
KINDS: Final[Sequence[tuple[Kind, int]]] = (
    ("plain", 84), ("second_try", 4), ("twice", 4), ("withdrawn", 2), ("suspected", 2), ("asked_back", 2),
    ("unposted", 2),
)  # fmt: skip
REFUNDED: Final = frozenset({"twice", "withdrawn", "asked_back", "unposted"})
COME_BACK: Final = "0123456789ab"
"""First digits of the attempts whose payer lets the gateway lead them back; the others close the browser."""
FINISHED: Final = "Mã lỗi 01:"
AT_ONCE: Final = 200
"""Payers on their way: with thousands the driver would do nothing but look whether they may go on."""


@dataclass
class Planned:
    """One dossier: what is done with it, and what became of that."""

    kind: Kind
    dossier: str
    done: bool = False
    error: str = ""


def plan(seed: int, count: int) -> list[Planned]:
    """The kinds in their shares, shuffled: a pure function of the seed."""
    deck = [kind for kind, share in KINDS for _ in range(share)]
    rng = random.Random(seed)  # noqa: S311 - it must be repeatable
    cards = itertools.chain.from_iterable(rng.sample(deck, len(deck)) for _ in itertools.count())
    return [
        Planned(kind, str(uuid.UUID(int=rng.getrandbits(128), version=4))) for kind in itertools.islice(cards, count)
    ]


@dataclass
class Payers:
    """Drives every planned dossier; what is not answered is asked again for `patience` seconds."""

    place: World
    patience: float
    planned: list[Planned] = field(default_factory=list)

    async def run(self, seconds: float) -> None:
        """Begins them evenly over `seconds`, or as fast as they end; returns when each is at its end."""
        began, room = time.monotonic(), asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(self.planned):
                await asyncio.sleep(max(0.0, began + number * seconds / len(self.planned) - time.monotonic()))
                await room.acquire()
                group.create_task(self._one(one)).add_done_callback(lambda _: room.release())

    async def _one(self, one: Planned) -> None:
        try:
            await self.place.accepted([one.dossier])
            await self._status(one.dossier, "open")
            await getattr(self, f"_{one.kind}")(one.dossier)
            one.done = True
        except (TimeoutError, httpx.HTTPError, KeyError) as error:
            one.error = f"{type(error).__name__}: {error}"

    async def _plain(self, dossier: str) -> None:
        await self._pay(await self._begin(dossier))

    async def _second_try(self, dossier: str) -> None:
        await self._pay(await self._begin(dossier), "51")
        await self._pay(await self._begin(dossier))

    async def _twice(self, dossier: str) -> None:
        first, second = await self._begin(dossier), await self._begin(dossier)
        await asyncio.gather(self._pay(first), self._pay(second))

    async def _withdrawn(self, dossier: str) -> None:
        begun = await self._begin(dossier)
        await self._sure(lambda: self.place.client.get(begun["url"]))
        await self.place.withdrawn(dossier)
        await self._status(dossier, "cancelled")
        await self._pay(begun)

    async def _suspected(self, dossier: str) -> None:
        begun = await self._begin(dossier)
        await self._pay(begun, "07")
        await asyncio.sleep(2)
        url = f"{self.place.stack.url('gateway')}/control/transactions/{begun['attempt']}/succeed"
        await self._sure(lambda: self.place.client.post(url))

    async def _asked_back(self, dossier: str) -> None:
        begun = await self._begin(dossier)
        await self._pay(begun)
        found = await self._status(dossier, "paid")
        body = {"taking": begun["attempt"], "amount": found["total"], "ground": "NĐ 45/2020, Điều 11"}
        await self._post("accountant1", f"/dossiers/{dossier}/refunds", body)

    async def _unposted(self, dossier: str) -> None:
        """Postage is paid just after the applicant chose to come instead."""
        await self._pay(await self._begin(dossier))
        postage = await self.place.fee_due(dossier)
        begun = await self._begin(dossier, postage)
        await self._sure(lambda: self.place.client.get(begun["url"]))
        await self.place.chosen_again(dossier)
        await self._status(dossier, "cancelled", postage)
        await self._pay(begun)

    async def _begin(self, dossier: str, invoice: str | None = None) -> dict[str, Any]:
        key = uuid.uuid4().hex
        return await self._sure(lambda: self.place.begin(dossier, key, invoice))

    async def _pay(self, begun: Mapping[str, Any], decision: str = "pay") -> None:
        """A transaction that is finished was decided before its answer was lost."""

        async def decided() -> bool:
            page = await self.place.client.get(begun["url"])
            if FINISHED in page.text:
                return True
            page.raise_for_status()
            back = await self.place.decide(begun, decision)
            if begun["attempt"][0] in COME_BACK:
                with suppress(httpx.HTTPError):
                    await self.place.client.get(back)
            return True

        await self._sure(decided)

    async def _post(self, who: str, path: str, body: Any) -> None:
        key = uuid.uuid4().hex

        async def posted() -> None:
            (await self.place.ask(who, "POST", path, body, key=key)).raise_for_status()

        await self._sure(posted)

    async def _status(self, dossier: str, status: str, invoice: str | None = None) -> dict[str, Any]:
        async def there() -> dict[str, Any]:
            found = await self.place.invoice(dossier, invoice)
            if found is None or found["status"] != status:
                raise httpx.TransportError(f"{dossier} is not {status} yet")
            return found

        return await self._sure(there, pause=0.2)

    async def _sure(self, ask: Callable[[], Awaitable[T]], *, pause: float = 0.5) -> T:
        """Asks again while there is no answer. Raises TimeoutError with the last reason."""
        until = time.monotonic() + self.patience
        while True:
            try:
                return await ask()
            except httpx.HTTPError as error:
                if time.monotonic() > until:
                    raise TimeoutError(f"{type(error).__name__}: {error}") from error
            await asyncio.sleep(pause)


async def approve(place: World) -> None:
    """The leader lets go what waits, and again what a gateway failed to do; runs until cancelled."""
    while True:
        for waits in ("requested", "failed"):
            try:
                found = (await place.ask("leader1", "GET", f"/work?waits={waits}&limit=200")).raise_for_status().json()
                for invoice in found["invoices"]:
                    for refund in (r for r in invoice["refunds"] if r["status"] == waits):
                        path = f"/dossiers/{invoice['dossier_id']}/refunds/{refund['id']}/approve"
                        await place.ask("leader1", "POST", path, {})
            except httpx.HTTPError:
                continue
        await asyncio.sleep(1)
