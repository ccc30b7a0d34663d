"""What a call may still do, and what settings may change of a kind of effect."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from chassis.effects.queue import Limit
from chassis.keyring import Keyring
from chassis.runner import Call, NotSent
from chassis.service import Service, effect_limits
from chassis.settings import load
from chassis.store import Store
from services.payment.handlers import AGGREGATES
from services.payment.messages import QueryPayment
from services.payment.settings import PaymentSettings

ENVIRONMENT = {
    "PAYMENT_PORT": "0",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "MONGODB_URL": "mongodb://127.0.0.1:1",
    "HOSO_MASTER_KEY": "a" * 43 + "=",
    "OIDC_ISSUER": "http://127.0.0.1:1",
    "PAYMENT_VNPAY_TMN_CODE": "DEMO0001",
    "PAYMENT_VNPAY_SECRET": "a-secret-of-the-test",
    "PAYMENT_VNPAY_PAY_URL": "http://127.0.0.1:1",
    "PAYMENT_VNPAY_API_URL": "http://127.0.0.1:1",
    "PAYMENT_PUBLIC_URL": "http://127.0.0.1:1",
}


def limits(monkeypatch: pytest.MonkeyPatch, given: str) -> Mapping[str, Limit]:
    for name, value in {**ENVIRONMENT, "PAYMENT_EFFECT_LIMITS": given}.items():
        monkeypatch.setenv(name, value)
    nothing: Any = {}
    service = Service("payment", AGGREGATES, hears={}, adapters=lambda _platform: nothing)
    return effect_limits(service, load(PaymentSettings))


def test_a_setting_changes_what_it_names_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    found = limits(monkeypatch, '{"vnpay.query": {"rate": 5, "burst": 10}}')
    assert found == {"vnpay.query": Limit(QueryPayment.CONCURRENCY, 5.0, 10)}


def test_an_effect_the_service_does_not_have_stops_it_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError, match=r"EFFECT_LIMITS names sms\.send; payment has .*vnpay\.query"):
        limits(monkeypatch, '{"sms.send": {"rate": 5}}')


@pytest.mark.parametrize("given", ['{"vnpay.query": {"rate": 0}}', '{"vnpay.query": {"speed": 5}}', "fast"])
def test_a_limit_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    with pytest.raises((SystemExit, ValueError), match=r"2|EFFECT_LIMITS|effect_limits"):
        limits(monkeypatch, given)


def test_nothing_leaves_when_the_time_of_a_call_is_over() -> None:
    keyring = Keyring(Store("mongodb://127.0.0.1:1", "none"), b"k" * 32)
    Call("e", "a", 1, None, keyring, time.monotonic() + 60).check()
    with pytest.raises(NotSent):
        Call("e", "a", 1, None, keyring, time.monotonic() - 0.001).check()
