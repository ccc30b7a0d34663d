"""Requests signed as the partner whose door it is would, so that what is odd gets past the signature."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from joserfc.jwk import ECKey

from chassis import jose
from cli.demo.filings import plan
from deploy.local.stack import SOURCE
from schemas.event import format_instant
from schemas.upstream import FILED
from services.delivery.api.post import signature
from services.payment.domain import paygov, vnpay
from tests.integration.platform.openapi.world import World

Known = Mapping[str, Any]
UNKNOWN: Final = "f" * 32 + "001"
UNHEARD_OF: Final = "63c25ecb-0000-4000-8000-000000000000"


def _vnpay(world: World, case: Any, known: Known) -> None:
    """What the gateway would say of an attempt, some of it as it was drawn."""
    drawn = _texts(case.query)
    said = {
        "vnp_TxnRef": known.get("attempt", UNKNOWN),
        "vnp_Amount": "10000000",
        "vnp_ResponseCode": "00",
        "vnp_TransactionStatus": "00",
        "vnp_PayDate": "20261124083000",
        "vnp_TransactionNo": "99",
    }
    values = {**said, **drawn}
    with suppress(vnpay.BadSignature):
        case.query = {**values, vnpay.HASH: vnpay.sign(values, world.secrets["words"]["vnpay"])}


def _paygov(world: World, case: Any, known: Known) -> None:
    in_body = isinstance(case.body, dict)
    drawn = [*_texts(case.body if in_body else case.query).values(), "100000"]
    data = {
        "MaThamChieu": known.get("attempt", UNKNOWN),
        "SoTien": drawn[0],
        "ThoiGianThanhToan": drawn[-2] if len(drawn) > 2 else "20261124083000",
    }
    values = {
        "MaThamChieu": data["MaThamChieu"],
        "responseCode": "00",
        "data": base64.b64encode(json.dumps(data).encode()).decode(),
    }
    dropped = drawn[0] if drawn[0] in values else ("data", "responseCode", "")[len(drawn) % 3]
    left = {name: value for name, value in values.items() if name != dropped}
    signed = paygov.signed(left, world.secrets["words"]["paygov"])
    if in_body:
        case.body = signed
    else:
        case.query = signed


def _post(world: World, case: Any, known: Known) -> None:
    if isinstance(case.body, dict):
        case.body["SoDonHang"] = known.get("dossier", UNHEARD_OF)
        case.body["itemCode"] = known.get("tracking", "EE123456785VN")
    body = json.dumps(case.body if isinstance(case.body, dict | list) else None).encode()
    now = str(int(time.time()))
    case.body = body
    case.media_type = "application/jose"  # so that the bytes are sent as they are
    case.headers["X-Post-Timestamp"] = now
    case.headers["X-Post-Signature"] = signature(world.secrets["words"]["post"], now, body)


def _upstream(world: World, case: Any, known: Known) -> None:
    url = f"{world.stack.url('submission')}/.well-known/jwks.json"
    ours = jose.keys(httpx.get(url, trust_env=False).json())
    own = ECKey.import_key(world.secrets["portal"])
    drawn = case.body.decode(errors="replace") if isinstance(case.body, bytes) else str(case.body)
    filing = plan(3, "u")[2].filing
    names = sorted(filing)
    data = {**filing, names[len(drawn) % len(names)]: drawn} if len(drawn) % 2 else filing
    for name, value in (("ce-specversion", "1.0"), ("ce-time", format_instant(datetime.now(UTC)))):
        case.headers[name] = value
    about = {
        "ce_source": SOURCE,
        "ce_type": FILED,
        "ce_subject": known.get("dossier", UNHEARD_OF),
        "ce_id": drawn or "e",
    }
    case.body = jose.wrap(json.dumps(data).encode(), signed_by=own, encrypted_to=ours[0], event=about)
    for name, value in about.items():
        case.headers[name.replace("ce_", "ce-")] = _quoted(value)


def _quoted(value: str) -> str:
    return httpx.URL("http://x/").copy_with(params={"q": value}).query.decode()[2:].replace("+", "%20")


def _texts(place: Any) -> dict[str, str]:
    """The texts in what was drawn, flat."""
    found: dict[str, str] = {}
    for name, value in place.items() if isinstance(place, dict) else ():
        found |= _texts(value) if isinstance(value, dict) else {str(name): str(value)}
    return {name: value for name, value in found.items() if name.isascii() and value.isascii()}


SIGNED: Final[Mapping[str, Callable[[World, Any, Known], None]]] = {
    "GET /payments/vnpay/ipn": _vnpay,
    "GET /payments/vnpay/return": _vnpay,
    "GET /payments/paygov/return": _paygov,
    "POST /payments/paygov/query": _paygov,
    "POST /payments/paygov/result": _paygov,
    "POST /post/events": _post,
    "POST /upstream/events": _upstream,
}
