"""What the journal may not tell after an erasure: fields of a state that say of whom it is without any key.

A service's store forgets them when a person is erased (`AggregateType.forgets`); the journal, which cannot forget,
holds them under the dossier's key, and so loses them with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import bson

from chassis.codec import Codec
from chassis.document import AggregateType
from chassis.keyring import KeyNeeded, Keyring, Unopenable
from chassis.store import Stored

COVERED: Final = "covered"


class Cover:
    """Of the kinds of one service."""

    def __init__(self, keyring: Keyring, kinds: Iterable[AggregateType[Any]]) -> None:
        self._keyring = keyring
        self._kinds = {kind.name: kind for kind in kinds if kind.forgets}

    def forgets(self, kind: str) -> bool:
        """Whether documents of that kind hold anything to be covered."""
        return kind in self._kinds

    async def put_on(self, kind: str, found: Iterable[Stored]) -> list[Stored]:
        """Documents as the journal may have them; without their views, which follow from the states.

        Raises StoreUnavailable.
        """
        documents = list(found)
        if self.forgets(kind):
            await self._keyring.ensure(stored["_id"] for stored in documents)
        return [self._covered(kind, stored) for stored in documents]

    async def take_off(self, kind: str, bodies: Mapping[str, bytes]) -> dict[str, bytes]:
        """Documents as the store had them, by id; what was erased since is forgotten in them.

        Raises StoreUnavailable.
        """
        if self.forgets(kind):
            await self._keyring.fetch(bodies)
        return {name: self._uncovered(kind, body) for name, body in bodies.items()}

    def _covered(self, kind: str, stored: Stored) -> Stored:
        state = stored.get("state")
        if not self.forgets(kind) or state is None:
            return stored
        forgets = self._kinds[kind].forgets
        form = {**stored, "state": {**state, **forgets}, "view": {}}
        said = {name: state[name] for name in forgets if name in state}
        with suppress(Unopenable):  # erased: there is nothing left to be brought back
            form[COVERED] = self._keyring.encrypt(stored["_id"], COVERED, bson.encode(said))
        return form

    def _uncovered(self, kind: str, body: bytes) -> bytes:
        if not self.forgets(kind):
            return body
        form = bson.decode(body)
        if form.get("state") is None or form["view"]:
            return body
        covered = form.pop(COVERED, None)
        if covered is not None:
            with suppress(Unopenable, KeyNeeded):  # without its key all else of the person is unreadable, too
                form["state"] |= bson.decode(self._keyring.decrypt(form["_id"], COVERED, covered))
        aggregate = self._kinds[kind]
        state = Codec(aggregate).load(form).state
        return bson.encode({**form, "view": dict(aggregate.view(state)) if state is not None else {}})
