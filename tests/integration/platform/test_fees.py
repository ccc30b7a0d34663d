"""Fees before acceptance and before the result, the payer's name, and postage, on the whole running platform."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from cli.demo.client import wait_for
from deploy.local import stack
from deploy.local.platform import Backbone
from tests.integration.platform.test_life import Platform
from tests.unit.services.lives import EXCHANGE, PERFORMANCE

POSTAGE = 30_000
ADDRESS = {"province": "11", "commune": "03127", "detail": "Bản Ví Dụ"}


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DELIVERY_POST_FEE", str(POSTAGE))
        environment.setenv("DELIVERY_POST_FEE_BY", "payment")
        async with Backbone(tmp_path_factory.mktemp("fees")) as backbone:
            running = await stack.start(backbone)
            async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
                yield Platform(running, client)


async def file(platform: Platform, body: Mapping[str, Any], **changes: Any) -> str:
    return f"/dossiers/{(await platform.post('citizen1', '/dossiers', {**body, **changes}))['id']}"


async def invoices(platform: Platform, path: str) -> list[dict[str, Any]]:
    answer = await platform.ask("citizen1", "GET", f"{path}/invoices", service="payment")
    found: list[dict[str, Any]] = answer.json()["invoices"] if answer.is_success else []
    return found


async def waits(platform: Platform, path: str, purpose: str | None, status: str) -> dict[str, Any]:
    """The fee's invoice, or the last of postage, once it is so."""

    async def there() -> dict[str, Any] | None:
        found = [i for i in await invoices(platform, path) if i.get("purpose") == purpose]
        return found[-1] if found and found[-1]["status"] == status else None

    return await wait_for(f"{purpose or 'the fee'} {status}", there)


async def pay(platform: Platform, path: str, purpose: str | None = None) -> dict[str, Any]:
    """Pays at the gateway, as a browser does."""
    invoice = await waits(platform, path, purpose, "open")
    body = {"invoice": invoice["number"]} if purpose else {}
    begun = await platform.post("citizen1", f"{path}/payments", body, service="payment")
    (await platform.client.get(begun["url"])).raise_for_status()
    url = f"{platform.stack.url('gateway')}/paymentv2/pay/{stack.TMN_CODE}/{begun['attempt']}"
    await platform.client.post(url, data={"decision": "pay"})
    return await waits(platform, path, purpose, "paid")


async def decided(platform: Platform) -> str:
    """A dossier whose fee is due before its result, approved."""
    path = await file(platform, EXCHANGE, way="post", address=ADDRESS)
    await platform.post("clerk1", f"{path}/accept")
    await platform.stage(path, "assigning")
    await platform.post("leader1", f"{path}/assign", {"unit": "culture"})
    await platform.post("specialist1", f"{path}/take")
    await platform.post("specialist1", f"{path}/examine", {"proposal": "approve"})
    assert await invoices(platform, path) == []
    await platform.post("leader1", f"{path}/decide", {"outcome": "approved"})
    return path


async def test_a_fee_with_the_filing_is_paid_before_the_desk_receives_it_and_names_its_payer(
    platform: Platform,
) -> None:
    path = await file(platform, PERFORMANCE)
    early = await platform.ask("clerk1", "POST", f"{path}/accept")
    assert (early.status_code, early.json()["code"]) == (409, "wrong_stage")
    await platform.tracked(path, 6)
    await pay(platform, path)
    await platform.stage(path, "filed")
    await platform.tracked(path, 1)
    await platform.post("clerk1", f"{path}/accept")
    await platform.stage(path, "assigning")
    await platform.tracked(path, 2)

    async def receipt() -> str | None:
        (found,) = await invoices(platform, path)
        return found.get("receipt")

    number = await wait_for("the receipt", receipt)
    xml = await platform.ask("citizen1", "GET", f"{path}/receipts/{number}/xml", service="payment")
    assert PERFORMANCE["applicant"]["name"] in xml.text  # type: ignore[index]
    stranger = await platform.ask("citizen2", "GET", f"{path}/receipts/{number}/xml", service="payment")
    assert stranger.status_code == 404


async def test_a_fee_before_the_result_and_postage_are_paid_apart_and_the_result_goes(platform: Platform) -> None:
    path = await decided(platform)
    await platform.tracked(path, 6)
    fee = await pay(platform, path)
    await platform.stage(path, "issuing")
    await platform.post("registrar1", f"{path}/issue")
    await platform.told(path, "fee_due")
    postage = await waits(platform, path, "postage", "open")
    assert (postage["total"], postage["lines"], fee["total"]) == (POSTAGE, [], 1_000_000)
    stranger = {"invoice": postage["number"]}
    refused = await platform.ask("citizen2", "POST", f"{path}/payments", stranger, service="payment")
    assert refused.status_code == 404
    transfer = f"{path}/vietqr?invoice={postage['number']}"
    offered = await platform.get("citizen1", transfer, service="payment")
    assert (offered["amount"], offered["reference"]) == (POSTAGE, postage["reference"])
    await pay(platform, path, "postage")
    await platform.told(path, "postage_paid")
    await platform.entry(path, "delivery.consignment_ordered")

    async def known() -> dict[str, Any] | None:
        found = await waits(platform, path, "postage", "paid")
        return found if "settled_at" in found else None

    await wait_for("delivery to know", known)


async def test_postage_goes_back_when_the_applicant_comes_for_the_result_instead(platform: Platform) -> None:
    path = await decided(platform)
    await pay(platform, path)
    await platform.stage(path, "issuing")
    await platform.post("registrar1", f"{path}/issue")
    postage = await waits(platform, path, "postage", "open")
    await platform.post("citizen1", f"{path}/delivery/choice", {"way": "in_person"}, service="delivery")
    ended = await waits(platform, path, "postage", "cancelled")
    assert (ended["number"], ended["standing"]["word"]) == (postage["number"], "cancelled")
    late = {"amount": POSTAGE, "voucher": "PT-77", "invoice": postage["number"]}
    refused = await platform.ask("accountant1", "POST", f"{path}/cash", late, service="payment")
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_amount")
