"""What takes days elsewhere takes seconds here: a loss and its case, a result nobody comes for; the postman's fee."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

import pytest
import pytest_asyncio
from pypdf import PdfReader

from bench.delivery import site as ways
from bench.delivery.site import IDENTITY, YOGA, Ways
from deploy.local.platform import Backbone

SECOND: Final = 1 / 86_400
FEE: Final = 30_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ways]:
    settings = {
        "DELIVERY_LOST_DAYS": str(4 * SECOND),
        "DELIVERY_REMIND_DAYS": f"[{SECOND}, {2 * SECOND}]",
        "DELIVERY_UNCOLLECTED_DAYS": str(3 * SECOND),
        "DELIVERY_POST_FEE": str(FEE),
    }
    async with Backbone(tmp_path_factory.mktemp("days")) as backbone, AsyncExitStack() as ends:
        yield await ways.start(backbone, ends, **settings)


async def test_a_loss_opens_a_case_that_is_compensated_and_the_result_is_sent_again(site: Ways) -> None:
    await site.post_office("/control/faults", {"fate": "lost"})
    path = await site.decided(YOGA, "post")
    first = (await site.until(path, lambda found: "tracking" in found))["tracking"]
    await site.post_office("/control/faults", method="DELETE")
    label = (await site.ask("clerk1", "GET", f"{path}/label")).content
    assert "30.000 đồng" in PdfReader(io.BytesIO(label)).pages[0].extract_text()
    shown = await site.until(path, lambda found: found.get("trouble") == "lost")
    assert (shown["status"], shown["case"]["tracking"], "outcome" in shown["case"]) == ("failed", first, False)
    assert [e.tracking for e in await site.said(path, "consignment_lost")] == [first]
    paid = {"outcome": "compensated", "amount": 250_000, "tracking": first}
    assert (await site.post("clerk1", f"{path}/case/close", paid))["outcome"] == "compensated"
    assert (await site.ask("clerk1", "POST", f"{path}/case/close", json=paid)).status_code == 404
    await site.post("citizen1", f"{path}/delivery/choice", {"way": "post"})
    shown = await site.status(path, "delivered")
    assert shown["tracking"] != first
    dossier = path.rpartition("/")[2]
    orders = [o for o in await site.post_office("/control/consignments", method="GET") if dossier in o["order"]]
    assert [o["cod"] for o in orders] == [FEE, FEE]
    assert all("Trung tâm Phục vụ hành chính công" in o["from"] for o in orders), "fetched from the one-stop desk"


async def test_nobody_comes_is_reminded_counts_as_uncollected_and_can_still_be_had(site: Ways) -> None:
    path = await site.decided(YOGA, "in_person")
    shown = await site.until(path, lambda found: found.get("trouble") == "uncollected")
    assert (shown["status"], len(shown["pickup"])) == ("failed", 8)
    kinds = [e.TYPE.partition(".")[2] for e in await site.events(path)]
    assert kinds[-1:] == ["failed"]
    assert kinds.count("uncollected") == 1
    assert 1 <= kinds.count("pickup_reminded") <= 2, "a sweeper that was late reminds once"
    await site.post("clerk1", f"{path}/collect", {"identity_number": IDENTITY})
    await site.status(path, "delivered")


async def test_the_money_of_the_postman_is_known_when_it_came(site: Ways) -> None:
    await site.post_office("/control/faults", {"fate": "paid"})
    path = await site.decided(YOGA, "post")
    shown = await site.until(path, lambda found: "paid_at" in found.get("fee", {}))
    assert (shown["status"], shown["fee"]["amount"]) == ("delivered", FEE)
    await site.post_office("/control/faults", method="DELETE")
