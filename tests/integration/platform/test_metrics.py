"""What every service says to Prometheus: the declared names with the declared labels, and few values of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from importlib.metadata import version

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from cli.demo.client import Caller
from cli.demo.filings import plan
from cli.demo.journey import Journey, People
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.stack import AUDIT, SERVICES
from tests.contract.monitored import DECLARED

PEOPLE = ("citizen1", "citizen2", "citizen3", "clerk1", "specialist1", "leader1", "registrar1")
MOST_SERIES = 3_000
"""Of one service; twice what they have."""
Families = dict[str, dict[str, Metric]]


@pytest.fixture(scope="module")
async def scraped(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Families]:
    """The families of each service after one dossier of each kind, and some requests nobody should make."""
    async with (
        Backbone(tmp_path_factory.mktemp("platform")) as backbone,
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        running = await stack.start(backbone)
        callers = [Caller(client, await login(running.url("idp"), who, f"{who}-demo-only")) for who in PEOPLE]
        journey = Journey(running, People(tuple(callers[:3]), *callers[3:]), client, lambda _outcome: None)
        for planned in plan(4, "metrics")[1:]:
            outcome = await journey.run(planned)
            assert outcome.stage == "returned", outcome
        found: Families = {}
        for service in (*SERVICES, AUDIT):
            await client.get(running.url(service) + "/nowhere/84919999991")
            answer = await client.get(running.url(service) + "/metrics")
            found[service] = {family.name: family for family in text_string_to_metric_families(answer.text)}
        yield found


def ours(families: dict[str, Metric]) -> dict[str, Metric]:
    return {name: family for name, family in families.items() if name.startswith("hoso_")}


def test_names_and_labels_are_the_declared_ones(scraped: Families) -> None:
    found: dict[str, set[str]] = {}
    for families in scraped.values():
        for name, family in ours(families).items():
            for sample in family.samples:
                found.setdefault(name, set()).update(set(sample.labels) - {"le"})
    assert {name: sorted(labels) for name, labels in found.items()} == {n: sorted(ls) for n, ls in DECLARED.items()}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_few_series_and_none_named_after_a_dossier_or_a_person(scraped: Families, service: str) -> None:
    samples = [sample for family in ours(scraped[service]).values() for sample in family.samples]
    assert 100 < len(samples) < MOST_SERIES
    values = {value for sample in samples for label, value in sample.labels.items() if label != "le"}
    assert [value for value in values if re.search(r"[0-9a-f]{8}-|\d{6}|@", value)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_says_rate_errors_and_time_of_its_routes_and_handlers(scraped: Families, service: str) -> None:
    requests = scraped[service]["hoso_http_seconds"].samples
    assert {"/readyz", "unmatched"} <= {sample.labels["route"] for sample in requests}
    handled: Counter[tuple[str, str]] = Counter()
    for sample in scraped[service]["hoso_messages"].samples:
        handled[sample.labels["aggregate"], sample.labels["message"]] += int(sample.value)
    timed = {
        (s.labels["aggregate"], s.labels["message"]): int(s.value)
        for s in scraped[service]["hoso_handler_seconds"].samples
        if s.name.endswith("_count")
    }
    assert timed == dict(handled)
    assert sum(timed.values()) > 10


def test_what_a_process_is_and_how_it_is(scraped: Families) -> None:
    for families in scraped.values():
        (build,) = families["hoso_build_info"].samples
        assert build.labels["version"] == version("hoso")
    for families in (scraped[service] for service in SERVICES):
        parts = {s.labels["part"] for s in families["hoso_healthy"].samples}
        assert parts == {"consumer", "relay", "engine", "schema", "guard", "journal"}
        assert all(sample.value == 1 for sample in families["hoso_healthy"].samples)
        assert all(sample.value < 30 for sample in families["hoso_deadline_late_seconds"].samples)
        partitions = {s.labels["partition"] for s in families["hoso_consumer_lag"].samples}
        assert partitions <= {str(number) for number in range(12)}


def test_the_business_is_counted(scraped: Families) -> None:
    said = {
        sample.labels["type"]: sample.value
        for families in scraped.values()
        for sample in families["hoso_events_published"].samples
    }
    assert said["dossier.submitted.v1"] == 3
    assert said["payment.received.v1"] == 2
    assert said["delivery.result_delivered.v1"] == 3
    assert said["dossier.overdue.v1"] == 0, "known before the first, so that the first is an increase"


def test_counters_with_alerts_exist_before_they_count(scraped: Families) -> None:
    reasons = {s.labels["reason"] for s in scraped["tracking"]["hoso_dead_letters"].samples}
    assert {"unidentifiable", "undecodable", "bug"} <= reasons
    results = {s.labels["result"] for s in scraped["notification"]["hoso_effects"].samples}
    assert results == {"done", "deferred", "handed_back", "failed", "uncertain", "unknown"}
