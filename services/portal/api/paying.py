"""Paying a fee: what is due, out to the gateway, and back. What became of it payment alone says.

Invariants:
    - Nothing a browser brings back from a gateway is believed: the page shows what payment knows now.
    - The browser is sent to the address that payment gave, and to no other.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from chassis.http import Problem, public
from services.portal.api.own import an_id
from services.portal.api.signing import posted, signed_in
from services.portal.asking import Refused
from services.portal.bills import bills
from services.portal.pages import language_of, path_in
from services.portal.parts import Portal
from services.portal.sessions import Account

PUBLIC: Final = [Depends(public)]
CONFLICT: Final = 409
PAYING: Final = "paying"
PAYING_SECONDS: Final = 30 * 60


def add(routes: APIRouter, portal: Portal) -> None:
    """What there is to pay, and the way to the gateway."""
    pages, services, cookies = portal.pages, portal.services, portal.cookies

    @routes.get("/my/{dossier}/payment", dependencies=PUBLIC)
    async def show(request: Request, dossier: str) -> Response:
        """Every invoice of a dossier, and what became of it."""
        account = await signed_in(portal, request)
        found = await _invoices(portal, account, dossier)
        language = language_of(request)
        kept = cookies.unseal(request, PAYING)
        if kept is not None and kept["language"] != language:  # the gateway knows one address of ours
            answer: Response = RedirectResponse(path_in(kept["language"], request.scope["path"]), 303)
        else:
            shown = bills(found, language)
            answer = pages.page(request, "payment", form=True, account=account, dossier=dossier, bills=shown)
        if kept is not None:
            cookies.drop(answer, PAYING)
        return answer

    @routes.post("/my/{dossier}/payment", dependencies=PUBLIC)
    async def pay(
        request: Request,
        dossier: str,
        invoice: Annotated[str, Form(max_length=60)] = "",
        token: Annotated[str, Form(max_length=100)] = "",
    ) -> Response:
        """To the gateway. Where there is nothing to pay any more, the page says what payment knows."""
        account = await posted(portal, request, token)
        known = bills(await _invoices(portal, account, dossier), language_of(request))
        bill = next((one for one in known if one.number == invoice and one.payable), None)
        if bill is None:
            return pages.go(request, f"/my/{dossier}/payment")
        try:
            if bill.expired:
                await services.renew_invoice(account.token, dossier, invoice)
            url = await services.begin_payment(account.token, dossier, invoice)
        except Refused as refused:
            if refused.status != CONFLICT:
                raise
            return pages.go(request, f"/my/{dossier}/payment")
        answer = pages.page(request, "to_gateway", form=True, url=url, bill=bill, dossier=dossier)
        cookies.seal(answer, PAYING, {"language": language_of(request)}, PAYING_SECONDS)
        return answer


async def _invoices(portal: Portal, account: Account, dossier: str) -> list[dict[str, Any]]:
    """Raises Problem 404 where there is none, or the dossier is another's."""
    found = await portal.services.own_invoices(account.token, an_id(dossier))
    if not found:
        raise Problem(404, "not_found", "There is nothing to pay")
    return found
