"""Seals on a real broker, with and without a time-stamp authority."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr
from pyhanko.keys import load_certs_from_pemder_data

from chassis.ledger import Access, Ledger
from chassis.relay import Publisher
from deploy.local import certificates, testca, topics
from deploy.local.platform import Backbone
from deploy.local.ports import free_ports
from deploy.local.probes import until
from services.audit import log
from services.audit.checking import check_seals
from services.audit.sealer import LogBroken, Office, Sealer
from services.audit.sealing import public
from services.audit.stamping import StampAway, stamped_at
from simulators.signing_service import __main__ as signing

from .partners import serving

KEY = ECKey.generate_key("P-256")
KEYS: Any = KeySet.import_key_set(public(KEY))  # type: ignore[arg-type]


@dataclass
class Time:
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 24, 10, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Place:
    """A broker of its own: what is sealed here is all there is."""

    bootstrap: str
    publisher: Publisher
    ledger: Ledger
    time: Time

    def sealer(self, tsa: str | None = None) -> Sealer:
        return Sealer(Office(self.bootstrap, self.publisher, KEY, tsa, self.time), every=0.05)

    async def read(self, count: int) -> None:
        for _ in range(count):
            self.ledger.add(Access("GET /dossiers/{dossier}", 200, "clerk1"))
        await self.ledger.flush()


@pytest.fixture
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with Backbone(tmp_path_factory.mktemp("seals"), keep=False) as backbone:
        await topics.create(backbone.kafka, ())
        publisher, time = Publisher(backbone.kafka, "test", "1"), Time()
        yield Place(backbone.kafka, publisher, Ledger(publisher, "test", "1", time), time)
        await publisher.close()


async def test_each_day_is_sealed_once_over_all_before_and_a_new_process_goes_on(place: Place) -> None:
    running = asyncio.create_task(place.sealer().run())
    await sealed(place, 1)
    await place.read(3)
    place.time.now += timedelta(days=1)
    await sealed(place, 2)
    running.cancel()
    await place.read(2)
    place.time.now += timedelta(days=1)
    again = asyncio.create_task(place.sealer().run())
    await sealed(place, 3)
    again.cancel()
    seals, wrong = await log.seals(place.bootstrap)
    assert [one.day.isoformat() for one in seals] == ["2026-11-23", "2026-11-24", "2026-11-25"]
    assert [sum(span.end - span.first for span in one.spans) for one in seals] == [0, 3, 2]
    assert wrong + check_seals(seals, KEYS) == []
    assert await log.check(place.bootstrap, seals) == (5, [])


async def sealed(place: Place, count: int) -> None:
    async def there() -> bool:
        return len((await log.seals(place.bootstrap))[0]) >= count

    await until(there, 60)


async def test_nothing_is_sealed_over_records_that_are_gone(place: Place) -> None:
    await place.read(3)
    sealer = place.sealer()
    made = await sealer.seal()
    forged = made.spans[0].model_copy(update={"end": made.spans[0].end + 5})
    sealer._sealed([made.model_copy(update={"spans": (forged,)})])
    with pytest.raises(LogBroken, match=r"audit\.events\.v1"):
        await sealer.seal()


async def test_a_seal_is_stamped_by_the_authority_that_is_configured_or_not_made(place: Place) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    authority = testca.certified("CA of the test", None)
    stamper = testca.place(testca.certified("TSA of the test", authority, stamps=True), authority)
    held = {"tsa": {"key": stamper["key"], "certificate": stamper["certificate"]}}
    app = signing.create_app(signing.Settings(port=port, secret=SecretStr("s" * 16), keys=held))
    roots = list(load_certs_from_pemder_data(certificates.pem(authority[1]).encode()))
    strangers = list(load_certs_from_pemder_data(certificates.pem(testca.certified("Another", None)[1]).encode()))
    sealer = place.sealer(f"{url}/tsa")
    async with serving(app, port), httpx.AsyncClient(base_url=url, trust_env=False) as control:
        made = await sealer.seal()
        await control.post("/control/faults", json={"error_next": 1})
        with pytest.raises(StampAway):
            await sealer.seal()
    with pytest.raises(StampAway):
        await sealer.seal()
    assert [one.n for one in (await log.seals(place.bootstrap))[0]] == [1]
    assert made.stamp is not None
    at = await stamped_at(made.stamp, made.signature, roots)
    assert at is not None
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await stamped_at(made.stamp, f"{made.signature}x", roots) is None
    assert await stamped_at(made.stamp, made.signature, strangers) is None
    assert await stamped_at("AAAA", made.signature) is None
