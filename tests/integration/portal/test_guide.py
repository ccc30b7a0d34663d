"""A client written from docs/integration.md and the AsyncAPI document alone works. Nothing of ours is imported."""

import ast
import asyncio
import json
import re
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

OURS = {"bench", "chassis", "cli", "deploy", "law", "schemas", "services", "simulators", "tests"}
FILED, SUPPLEMENTED, WITHDRAWN = (f"upstream.dossier_{what}.v1" for what in ("filed", "supplemented", "withdrawn"))


def block(guide: Path, language: str) -> str:
    """The one block of that language in the guide."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", guide.read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


class Client:
    """The guide's client in a process of its own: a line in, a line out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.replies: list[dict[str, Any]] = []

    async def send(self, kind: str, reference: str, data: Any, event: str | None = None) -> None:
        line = {"type": kind, "reference": reference, "data": data, "event": event or uuid.uuid4().hex}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        await self.process.stdin.drain()

    async def reply(self, reference: str, kind: str, **fields: Any) -> dict[str, Any]:
        """The next reply of that kind about that dossier; others are kept."""
        async with asyncio.timeout(60):
            while True:
                for at, reply in enumerate(self.replies):
                    wanted = {"reference": reference, "type": f"reply.{kind}.v1", **fields}
                    if all(reply.get(name) == value for name, value in wanted.items()):
                        return self.replies.pop(at)
                assert self.process.stdout is not None
                line = await self.process.stdout.readline()
                assert line, "the client ended"
                self.replies.append(json.loads(line))


@pytest.fixture(scope="module")
async def client(agency: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    program = tmp_path_factory.mktemp("client") / "portal.py"
    program.write_text(block(agency.guide, "python"))
    given = {
        "KAFKA": agency.kafka,
        "KEYS": f"{agency.url}/.well-known/jwks.json",
        "SOURCE": agency.source,
        "JWK": agency.jwk,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        cwd=program.parent,
        env=given,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Client(process)
    process.kill()
    await process.wait()


def test_the_client_imports_nothing_of_ours(agency: Any) -> None:
    for text in (block(agency.guide, "python"), Path(__file__).read_text()):
        imported = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {alias.name for node in imported if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in imported if isinstance(node, ast.ImportFrom)}
        assert names
        assert not {name.partition(".")[0] for name in names} & OURS


def test_what_the_guide_says_is_what_the_asyncapi_document_says(agency: Any) -> None:
    document, guide = json.loads(agency.asyncapi.read_text()), agency.guide.read_text()
    channels = {channel["address"]: channel for channel in document["channels"].values()}
    for address in ("upstream.dossiers.v1", f"upstream.replies.{agency.source}.v1"):
        for message in channels[address]["messages"].values():
            assert f"`{message['name']}`" in guide
            assert message["contentType"] == "application/jose"
            for header in message["headers"]["required"]:
                assert f"`{header}`" in guide
    statuses = channels[f"upstream.replies.{agency.source}.v1"]["messages"]["reply_status_v1"]
    for step in statuses["payload"]["schema"]["properties"]["step"]["enum"]:
        assert f"`{step}`" in guide
    filed = channels["upstream.dossiers.v1"]["messages"]["upstream_dossier_filed_v1"]
    jsonschema.validate(json.loads(block(agency.guide, "json")), filed["payload"]["schema"])


async def test_a_dossier_from_its_filing_to_its_withdrawal(agency: Any, client: Client) -> None:
    reference, filing = uuid.uuid4().hex, json.loads(block(agency.guide, "json"))
    bad = {**filing, "applicant": {**filing["applicant"], "phone": "12"}}
    await client.send(FILED, reference, bad)
    (problem,) = (await client.reply(reference, "refused"))["problems"]
    assert (problem["code"], problem["field"]) == ("invalid", "applicant.phone")
    assert problem["problem"] != problem["problem_vi"]

    for _ in range(2):
        await client.send(FILED, reference, filing, event="filed-1")
    first = await client.reply(reference, "accepted", event="filed-1")
    again = await client.reply(reference, "accepted", event="filed-1")
    dossier = first["dossier_id"]
    assert again == first

    items = [{"kind": "field", "name": "address", "why": "thiếu số nhà"}]
    await agency.officer("clerk1", dossier, "supplement", {"items": items})
    status = await client.reply(reference, "status", number=1)
    assert (status["step"], status["status"], status["answer_by"][-1]) == ("supplement_requested", 5, "Z")
    assert [(item["name"], item["why"]) for item in status["items"]] == [("address", "thiếu số nhà")]

    await client.send(SUPPLEMENTED, reference, {"form": {"library_name": "Thư viện khác"}})
    problems = (await client.reply(reference, "refused"))["problems"]
    assert {(p["code"], p["field"]) for p in problems} == {
        ("not_asked", "form.library_name"),
        ("not_given", "form.address"),
    }
    await client.send(SUPPLEMENTED, reference, {"form": {"address": "Số 5, tổ 1, phường Mường Thanh"}})
    assert (await client.reply(reference, "done"))["asked"] == "supplement"
    assert (await client.reply(reference, "status", number=2))["step"] == "supplemented"

    await agency.officer("clerk1", dossier, "accept")
    status = await client.reply(reference, "status", number=3)
    assert (status["step"], status["status"]) == ("accepted", 2)
    assert status["code"]
    assert status["due_at"]

    await client.send(WITHDRAWN, reference, {"reason": "không cần nữa"}, event="withdrawn-1")
    done = await client.reply(reference, "done", event="withdrawn-1")
    await client.send(WITHDRAWN, reference, {"reason": "không cần nữa"}, event="withdrawn-1")
    assert await client.reply(reference, "done", event="withdrawn-1") == done
    status = await client.reply(reference, "status", number=4)
    assert (status["step"], status["status"], status["reason"]) == ("withdrawn", 7, "không cần nữa")

    await client.send(SUPPLEMENTED, reference, {"form": {"address": "Số 6"}})
    (problem,) = (await client.reply(reference, "refused"))["problems"]
    assert problem["code"] == "wrong_stage"
    assert [kept for kept in client.replies if kept["reference"] == reference] == []
