"""A contender of a benchmark as a process of its own: it says one JSON object in its last line."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from deploy.local.paths import ROOT


async def said(module: str, task: dict[str, Any], patience: float) -> dict[str, Any]:
    """What `python -m module` said about `task`.

    Raises:
        RuntimeError: it failed, or did not end in `patience` seconds; the message is what it said.
    """
    command = [sys.executable, "-m", module, json.dumps(task)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        out, errors = await asyncio.wait_for(process.communicate(), patience)
    except TimeoutError:
        raise RuntimeError(f"{module} did not end in {patience:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"{module}: {errors.decode()[-2000:]}")
    found: dict[str, Any] = json.loads(out.decode().splitlines()[-1])
    return found
