"""Waiting for something: neither None nor False is it."""

from __future__ import annotations

import pytest

from cli.demo.client import DemoError, wait_for


async def test_what_is_not_there_yet_is_looked_for_again() -> None:
    answers = iter([None, False, 0])

    async def look() -> int | None:
        return next(answers)

    assert await wait_for("it", look, pause=0) == 0


async def test_what_never_comes_is_named() -> None:
    async def look() -> bool:
        return False

    with pytest.raises(DemoError, match="the invoice did not happen"):
        await wait_for("the invoice", look, patience=0, pause=0)
