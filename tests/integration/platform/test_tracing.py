"""One trace from the filing to the SMS receipt, as a collector gets it over OTLP."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from chassis.tracing import VARIABLES
from cli.demo.filings import plan
from cli.demo.oidc import login
from deploy.local import stack
from deploy.local.platform import Backbone
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.probes import until

LIBRARY = 3


@dataclass
class Sink:
    """A collector: the protocol's one request, kept."""

    spans: list[tuple[str, Span]] = field(default_factory=list)
    raw: bytes = b""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.raw += body
        got = ExportTraceServiceRequest.FromString(body)
        for resource in got.resource_spans:
            service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            self.spans += [(service, span) for scope in resource.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")

    def of(self, trace: str) -> dict[tuple[str, str], Span]:
        """The spans of a trace, by service and name."""
        return {(service, s.name): s for service, s in self.spans if s.trace_id.hex() == trace}


@pytest.fixture
async def sink() -> AsyncIterator[tuple[Sink, str]]:
    found = Sink()
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/v1/traces", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, LOOPBACK, port).start()
    yield found, f"http://{LOOPBACK}:{port}"
    await runner.cleanup()


@pytest.mark.timeout(200)
async def test_one_trace_from_filing_to_the_receipt(
    sink: tuple[Sink, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector, address = sink
    monkeypatch.setenv(VARIABLES[0], address)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    filing = plan(LIBRARY, "traced")[LIBRARY - 1]
    trace, root = secrets.token_hex(16), secrets.token_hex(8)
    wanted = {
        ("submission", "POST /dossiers"),
        ("submission", "handle FileDossier"),
        ("notification", "handle DossierSubmitted"),
        ("notification", "sms.send"),
        ("notification", "handle PartReceipt"),
        ("tracking", "handle MessageDelivered"),
    }
    async with (
        Backbone(tmp_path_factory.mktemp("traced")) as backbone,
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        running = await stack.start(backbone)
        token = await login(running.url("idp"), "citizen1", "citizen1-demo-only")
        headers = {
            "authorization": f"Bearer {token}",
            "idempotency-key": secrets.token_hex(8),
            "traceparent": f"00-{trace}-{root}-01",
        }
        answer = await client.post(running.url("submission") + "/dossiers", headers=headers, json=filing.filing)
        assert answer.status_code == 201

        async def whole() -> bool:
            return wanted <= set(collector.of(trace))

        try:
            await until(whole, 60)
        except TimeoutError:
            pytest.fail(f"missing {wanted - set(collector.of(trace))}, got {sorted(collector.of(trace))}")
    spans = collector.of(trace)
    request = spans["submission", "POST /dossiers"]
    assert request.parent_span_id.hex() == root
    for name in (("submission", "handle FileDossier"), ("notification", "handle DossierSubmitted")):
        assert spans[name].parent_span_id == request.span_id, name
    sent = spans["notification", "sms.send"]
    assert sent.parent_span_id == request.span_id
    assert spans["notification", "handle PartReceipt"].parent_span_id == sent.span_id
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans.values())
    assert b"handle DossierSubmitted" in collector.raw, "it is readable, so that what is not in it is not in it"
    assert filing.filing["applicant"]["name"].encode() not in collector.raw
    assert filing.phone[3:].encode() not in collector.raw
