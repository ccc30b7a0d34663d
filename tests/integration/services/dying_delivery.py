"""Delivery that is killed (-9) where a file says so: DEATHS/NAME lists the points at which to die, one after the other.

NAME is a dossier, or the verification code of the document that a worker of the press has in hand. Leases are short, so
that the tests need not wait long for them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from bson import ObjectId

from chassis.engine import Engine
from chassis.gridfs import Files
from chassis.runner import Call
from services.delivery.domain.delivery import Delivery
from services.delivery.duties import CancelConsignment, CollectPapers, OrderConsignment, SignDocument
from services.delivery.effects import post, press
from services.delivery.effects.document import MakesDocuments
from services.delivery.main import main

FOLDER: Final = Path(os.environ["DEATHS"])
CHUNK: Final = 1_024
for kind in (SignDocument, OrderConsignment, CancelConsignment, CollectPapers):
    kind.LEASE, kind.CALL_TIMEOUT = timedelta(seconds=9), timedelta(seconds=7)


def reached(point: str, name: str) -> None:
    """Dies here if this is where `name` dies next; a worker takes its parent with it, and ends by that."""
    file = FOLDER / name
    points = file.read_text().split() if file.exists() else []
    if points[:1] != [point]:
        return
    after = file.with_suffix(".next")
    after.write_text(" ".join(points[1:]))
    after.replace(file)
    if __name__ == "__mp_main__":
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()
    os.kill(os.getpid(), signal.SIGKILL)


def around(adapter: type[Any], name: str, before: str, after: str) -> None:
    """The points just before and just after a method whose last argument is a `Call`."""
    inner = getattr(adapter, name)

    async def outer(self: Any, effect: Any, call: Any) -> Any:
        reached(before, call.aggregate)
        outcome = await inner(self, effect, call)
        reached(after, call.aggregate)
        return outcome

    setattr(adapter, name, outer)


_sign: Final = press._sign
_put: Final = Files.put
_call: Final = post.PostOffice.call
_save: Final = Engine._save


async def sign(made: bytes, role: Any, page: Any) -> Any:
    signed = await _sign(made, role, page)
    reached(f"signed-by-{role}", page.qr.rpartition("/")[2])
    return signed


async def put(self: Files, file_id: str, content: bytes, metadata: Mapping[str, Any]) -> None:
    dossier = file_id.partition("/")[0]
    reached("made", dossier)
    if (FOLDER / dossier).exists() and (FOLDER / dossier).read_text().startswith("half-stored"):
        stream = self._bucket.open_upload_stream_with_id(
            ObjectId(), file_id, chunk_size_bytes=CHUNK, metadata={**metadata, "file": file_id}
        )
        await stream.write(content)
        reached("half-stored", dossier)
    await _put(self, file_id, content, metadata)
    reached("stored", dossier)


async def ask(self: post.PostOffice, call: Call, method: str, path: str, **options: Any) -> httpx.Response:
    answer = await _call(self, call, method, path, **options)
    reached(f"answered{path}", call.aggregate)
    return answer


async def save(self: Engine[Any], dirty: Any, clock: Any) -> set[int]:
    """The write is durable, nothing was published of it yet."""
    lost = await _save(self, dirty, clock)
    for doc in dirty:
        state: Delivery | None = doc.state
        if state is not None and state.sha256 is not None:
            reached("written", doc.id)
        if state is not None and state.tracking is not None:
            reached("ordered", doc.id)
    return lost


around(MakesDocuments, "execute", "to-make", "told-of-document")
around(post.OrdersConsignments, "execute", "to-order", "told-of-order")
press._sign = sign
Files.put = put  # type: ignore[method-assign] # it dies on purpose
post.PostOffice.call = ask  # type: ignore[method-assign]
Engine._save = save  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
