"""What a door lets in its command takes; what a partner signed and is odd is refused, not our fault."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chassis.http import Problem
from services.delivery.api.choosing import Wish
from services.delivery.api.post import _command
from services.payment.api.officers import Asking, Cash
from services.payment.api.reconciliation import Resolution
from services.payment.domain import paygov
from services.submission.api.absence import Delegation
from services.submission.api.assisting import Assisted

EDGE = "0001-01-01T00:00:00+14:00"


@pytest.mark.parametrize(
    ("door", "body", "field"),
    [
        (Cash, {"amount": 1, "voucher": "abc", "invoice": ""}, "invoice"),
        (Asking, {"taking": "", "amount": 1, "ground": "x"}, "taking"),
        (Resolution, {"key": "", "resolution": "x"}, "key"),
        (Wish, {"way": "in_person", "desk": ""}, "desk"),
        (Delegation, {"to": "x", "role": "clerk", "until": EDGE}, "until"),
        (Assisted, {"filing": None, "consent": "on_paper", "consented_at": EDGE}, "consented_at"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_a_field_is_refused_at_the_door(door: type[BaseModel], body: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        door.model_validate(body)
    assert field in {str(error["loc"][0]) for error in caught.value.errors()}


@pytest.mark.parametrize(
    "values",
    [
        {"responseCode": "00"},
        {"data": base64.b64encode(b"{}").decode()},
        {"responseCode": "00", "data": base64.b64encode(b"[" * 6_000).decode()},
    ],
    ids=["no data", "no code", "nested"],
)
def test_a_signed_result_that_cannot_be_read_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"missing|deeply"):
        paygov.notification(values)


@pytest.mark.parametrize("status", [b"1e999", b"[" * 100_000, b"%d" % 10**30], ids=["infinite", "nested", "huge"])
def test_a_status_of_a_consignment_that_cannot_be_read_is_refused(status: bytes) -> None:
    dossier = b"63c25ecb-5cb8-5b43-98fb-e4a2a6b12d19"
    told = b'{"SoDonHang": "%s", "itemCode": "RA473124829VN", "statuses": [{"status": %s, "updatedDate": "%s"}]}'
    with pytest.raises(Problem, match="no status"):
        _command(told % (dossier, status, b"2026-11-24T08:30:00Z"))
