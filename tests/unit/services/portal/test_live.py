"""Who watches a dossier is told of each change once, has one of few places, and gives it back."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator
from typing import Any

from services.portal.asking import Refused, Unavailable
from services.portal.live import EACH, Live, digest

ONE, TWO = {"status": 1}, {"status": 2}


class Dossier:
    """As it is at each look; the last of them for ever."""

    def __init__(self, *looks: Any) -> None:
        self._looks = itertools.chain(looks[:-1], itertools.repeat(looks[-1]))

    async def look(self) -> Any:
        found = next(self._looks)
        if isinstance(found, Exception):
            raise found
        return found


async def heard(stream: AsyncGenerator[bytes, None], count: int) -> list[str]:
    found = [(await anext(stream)).decode() for _ in range(count)]
    await stream.aclose()
    return found


async def test_a_change_is_told_once_and_what_was_seen_is_none() -> None:
    live = Live(0.001)
    dossier = Dossier(ONE, ONE, Unavailable("away"), TWO, TWO)
    said = await heard(live.watch("a", digest(ONE), dossier.look), 6)
    assert said[0].startswith("retry: ")
    assert [one.startswith("id: ") for one in said[1:]] == [False, False, False, True, False]
    assert said[4] == f"id: {digest(TWO)}\nevent: changed\ndata: {digest(TWO)}\n\n"
    late = await heard(live.watch("a", digest(ONE), Dossier(TWO).look), 2)
    assert "event: changed" in late[1], "what happened between the page and the stream is told too"


async def test_an_address_has_few_places_and_each_is_given_back() -> None:
    live = Live(0.001)
    streams = [live.watch("a", "", Dossier(ONE).look) for _ in range(EACH)]
    for stream in streams:
        await anext(stream)
    assert live.full("a")
    assert not live.full("b")
    assert [one async for one in live.watch("a", "", Dossier(ONE).look)] == []
    await streams[0].aclose()
    assert not live.full("a")
    for stream in streams[1:]:
        await stream.aclose()


async def test_it_ends_in_time_with_the_process_and_with_the_right_to_see_it() -> None:
    brief = Live(0.001, longest=0.01)
    assert len([one async for one in brief.watch("a", "", Dossier(ONE).look)]) >= 2
    refused = Live(0.001).watch("a", "", Dossier(ONE, Refused(401, "unauthorised", "")).look)
    assert len([one async for one in refused]) == 2
    closing = Live(60.0)
    stream = closing.watch("a", "", Dossier(ONE).look)
    await anext(stream)
    await anext(stream)
    closing.close()
    assert [one async for one in stream] == []
    assert not closing.full("a")
