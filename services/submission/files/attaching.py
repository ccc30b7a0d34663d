"""A dossier names files: each is held for it before the dossier is written, so what a dossier names is there.

A hold whose dossier never came is found by asking (`attachment.fell_due`). Repeating the request changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from chassis.decision import Refused
from chassis.http import Problem, send
from chassis.keyring import Unopenable
from chassis.service import Platform
from law import procedures
from law.procedures import Procedure
from schemas.parts import AttachedFile
from services.submission.domain.dossier import local_day
from services.submission.domain.unfinished import Named
from services.submission.files.attachment import File
from services.submission.files.messages import HoldFile
from services.submission.files.vault import Vault
from services.submission.messages import FileDossier

PLAIN: Final = frozenset({"application/pdf", "image/jpeg", "image/png"})
"""What every procedure takes."""


class Attaching:
    """Holds files for dossiers."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._files = platform.engine("files")
        self._vault = Vault(platform)

    async def hold(self, dossier: str, named: Sequence[Named], owner: str, law: Procedure) -> tuple[AttachedFile, ...]:
        """What the dossier then keeps of them.

        Raises:
            Problem: 422 that names each file at fault; none is held then that was not held before.
        """
        if not named:
            return ()
        found = await asyncio.gather(*(self._files.read(one.file) for one in named))
        states: list[File | None] = [doc.state if doc else None for doc in found]
        errors = [
            {"field": f"files.{n}.{field}", "problem": problem}
            for n, (one, state) in enumerate(zip(named, states, strict=True))
            for field, problem in self._wrong(one, state, owner, law)
        ]
        twice = {one.file for one in named if [other.file for other in named].count(one.file) > 1}
        errors += [
            {"field": f"files.{n}.file", "problem": "is named twice: name it once"}
            for n, o in enumerate(named)
            if o.file in twice
        ]
        if errors:
            if repeated := await self._named_already(dossier, named):
                return repeated
            raise Problem(422, "invalid", "Some files cannot be attached", errors=errors)
        pairs = [(one, state) for one, state in zip(named, states, strict=True) if state is not None]
        return tuple([await self._held(dossier, one, state, n) for n, (one, state) in enumerate(pairs)])

    def _wrong(self, one: Named, state: File | None, owner: str, law: Procedure) -> list[tuple[str, str]]:
        wrong = []
        codes = {document.code for document in law.documents}
        if one.code not in codes:
            wrong.append(("code", f"this procedure has: {', '.join(sorted(codes))}"))
        if state is None or state.standing == "removed" or state.owner != owner:
            return [*wrong, ("file", "you have no such file: upload it first")]
        if state.standing == "infected":
            wrong.append(("file", f"a virus was found in it ({state.found}): upload a clean copy"))
        if state.media not in PLAIN and law.code not in self._platform.settings.office_for:
            wrong.append(("file", "this procedure takes PDF, JPEG and PNG: save the document as PDF"))
        return wrong

    async def _held(self, dossier: str, one: Named, state: File, n: int) -> AttachedFile:
        try:
            key = await self._vault.wrap(state.id, dossier, await self._vault.key(state))
            command = HoldFile(owner=state.owner, dossier=dossier, key=key)
            answer = await send(self._files, state.id, command, None)
        except (Refused, Unopenable) as error:
            errors = [{"field": f"files.{n}.file", "problem": str(error)}]
            raise Problem(422, "invalid", "Some files cannot be attached", errors=errors) from error
        return AttachedFile(
            file=state.id,
            code=one.code,
            sha256=state.sha256,
            size=state.size,
            media=state.media,
            standing=answer["standing"],
        )

    async def _named_already(self, dossier: str, named: Sequence[Named]) -> tuple[AttachedFile, ...]:
        """What the dossier has of all of them, where this request was carried out before; else nothing."""
        doc = await self._platform.engine("dossiers").read(dossier)
        kept = {document.file: document for document in doc.state.documents} if doc and doc.state else {}
        if not all(one.file in kept for one in named):
            return ()
        return tuple(AttachedFile(**kept[one.file].model_dump(include=set(AttachedFile.model_fields))) for one in named)


async def with_files(platform: Platform, command: FileDossier, named: Sequence[Named]) -> FileDossier:
    """The filing with what the dossier keeps of those files, which are held for it. Raises Problem 422, as `hold`."""
    if not named:
        return command
    law = procedures.default().find(command.procedure, local_day(command.filed_at))
    held = await Attaching(platform).hold(command.dossier_id, named, command.owner, law)
    return command.model_copy(update={"files": held})
