"""Receipts find their message, whichever of the two comes first.

`parts` holds one plain record a message id of a centre: whose it is, or what its receipt says, or both. Each side
inserts its half if there is nothing yet; the one that finds the other half hands the receipt on. So an order of arrival
costs one insert and one find, and neither a crash nor a repeat loses or doubles anything: the dossier drops repeats.

A receipt nobody is registered for may be of a message whose answer was lost. Those are matched by destination, our own
reference where the centre gives it back, and time: `doubtful` holds such messages, `unmatched` such receipts. A phone
number is there as a token (HMAC) only.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chassis.decision import Impossible
from chassis.delivery import Delivery
from chassis.gather import Gather
from chassis.mailbox import Patience
from chassis.service import Platform
from chassis.store import StoreUnavailable
from chassis.telemetry import TRACE, logger
from schemas.event import to_instant
from schemas.notification import Failure
from services.notification.messages import PartReceipt, ReceiptState

BEFORE: Final = timedelta(seconds=90)
"""Receipts tell the minute of submission, on the centre's clock."""
AFTER: Final = timedelta(minutes=5)
PATIENCE: Final = timedelta(seconds=30)
"""So long the answer to a submit_sm may be behind its receipt."""
KEPT: Final = timedelta(days=3)
PAGE: Final = 200
log = logger(__name__)
Stored = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a centre says of one part. `to` in E.164; `submitted` by its text, UTC; `reference`: ours, given back."""

    system: str
    id: str
    state: ReceiptState
    reason: str
    failure: Failure | None = None
    to: str | None = None
    submitted: datetime | None = None
    reference: int | None = None

    @property
    def key(self) -> str:
        """The id of its record."""
        return f"{self.system}:{self.id}"


@dataclass(frozen=True, slots=True)
class Part:
    """A message id that belongs to a message of the aggregate `dossier`, one of `kind`."""

    system: str
    id: str
    dossier: str
    message: str
    kind: str = "dossiers"


def reference_of(message: str) -> int:
    """Sixteen bits that go with every part of a message (user_message_reference) and may come back."""
    return int.from_bytes(hmac.digest(b"reference", message.encode(), "sha256")[:2])


def token_of(key: bytes, what: str) -> str:
    """Stands for a number or an address that must be recognised and not read."""
    return hmac.digest(key, what.encode(), "sha256").hex()[:32]


class Parts:
    """Both halves of every message id. `key` makes tokens of phone numbers."""

    def __init__(self, platform: Platform, key: bytes, patience: timedelta = PATIENCE) -> None:
        self._platform = platform
        self._key = key
        self._patience = patience
        self._parts = platform.store.collection("parts")
        self._unmatched = platform.store.collection("unmatched")
        self._doubtful = platform.store.collection("doubtful")
        self._insert: Gather[Stored] = Gather(self._insert_all)
        self._find: Gather[str] = Gather(self._find_all)

    async def register(self, part: Part) -> None:
        """Whose a message id is. Raises StoreUnavailable."""
        owner = {"dossier": part.dossier, "message": part.message, "kind": part.kind, "trace": TRACE.get()}
        record: Stored = {"_id": f"{part.system}:{part.id}", **owner, "at": _now()}
        if await self._insert(record):
            return
        known = await self._find(record["_id"])
        if known is not None and "state" in known and "message" not in known:
            await self._parts.change([({"_id": record["_id"]}, {"$set": owner})])
            await self._hand_on(owner, record["_id"], known)

    async def receipt(self, receipt: Receipt) -> None:
        """What a centre said; a repeat changes nothing. It is safely kept, or handed on, when this returns.

        Raises:
            StoreUnavailable: it is not: the centre must be told to come again.
        """
        known = await self._find(receipt.key)
        if known is None:
            record: Stored = {"_id": receipt.key, **_said(receipt), "at": _now()}
            known = record if await self._insert(record) else await self._find(receipt.key)
        if known is not None and "message" in known:
            await self._hand_on(known, receipt.key, _said(receipt))
        else:  # again for a repeat: whoever inserted its half may have died before it was remembered
            await self._remember(receipt)

    async def _remember(self, receipt: Receipt) -> None:
        if receipt.to is None:
            return
        stored: Stored = {"_id": receipt.key, "to": self.token(receipt.to), "submitted": receipt.submitted or _now()}
        if receipt.reference is not None:
            stored["reference"] = receipt.reference
        await self._unmatched.insert_missing([{**stored, "at": _now()}])

    async def seek(self, dossier: str, message: str, to: str, since: datetime) -> None:
        """Leaves word of a message nobody can tell about: `match` finds its receipts. Raises StoreUnavailable."""
        record = {"_id": message, "dossier": dossier, "to": self.token(to), "since": since, "until": _now()}
        await self._doubtful.insert_missing([record])

    async def match(self) -> int:
        """Gives receipts that nobody came to be registered for to the only doubtful message they fit; returns how many.

        An early receipt has its owner by now, who may have died before it was handed on. Several messages that fit are
        left to a person: a wrong "delivered" is worse.
        """
        matched = 0
        ripe = {"at": {"$lt": _now() - self._patience}}
        async for page in self._unmatched.stream(ripe, ("to", "submitted", "reference", "at"), PAGE):
            known = {stored["_id"]: stored for stored in await self._parts.load([stored["_id"] for stored in page])}
            owned = [s["_id"] for s in page if "message" in known.get(s["_id"], {})]
            for part in owned:
                await self._hand_on(known[part], part, known[part])
            done = [*owned, *(s["_id"] for s in page if s["at"] < _now() - KEPT and s["_id"] not in owned)]
            for stored in page:
                if stored["_id"] not in done and await self._match(stored, known[stored["_id"]]):
                    done.append(stored["_id"])
                    matched += 1
            if done:
                await self._unmatched.remove(done)
        return matched

    async def _match(self, stored: Stored, said: Stored) -> bool:
        found = await self._doubtful.select({"to": stored["to"]}, ("dossier", "since", "until"), PAGE)
        fitting = [message for message in found if _fits(stored, message)]
        if len(fitting) == 1:
            owner = {"dossier": fitting[0]["dossier"], "message": fitting[0]["_id"]}
            await self._hand_on(owner, stored["_id"], said)
        return len(fitting) == 1

    async def run(self) -> None:
        """Matches again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._patience.total_seconds() / 2)
            try:
                await self.match()
            except StoreUnavailable as error:
                log.warning("receipts could not be matched yet", error=str(error)[:200])

    async def _hand_on(self, owner: Stored, part: str, said: Stored) -> None:
        """The centre waits for our answer and says it again if it must wait too long: not behind other work."""
        command = PartReceipt(
            part=part.partition(":")[2],
            message=owner["message"],
            state=said["state"],
            reason=said["reason"],
            failure=said.get("failure"),
        )
        try:
            await self._platform.engine(owner.get("kind", "dossiers")).handle(
                Delivery(owner["dossier"], command, trace=owner.get("trace"), patience=Patience.DOOR)
            )
        except Impossible as error:
            log.error("a receipt is of no message", part=part, why=str(error))  # noqa: TRY400 - it is no bug of ours

    def token(self, phone: str) -> str:
        """Stands for a number where it must be found again."""
        return token_of(self._key, phone)

    async def _insert_all(self, records: Sequence[Stored]) -> Sequence[bool]:
        """Which of them were new."""
        first = {record["_id"]: at for at, record in reversed(list(enumerate(records)))}
        chosen = sorted(first.values())
        there = await self._parts.insert_missing([records[at] for at in chosen])
        fresh = {chosen[at] for at in range(len(chosen)) if at not in there}
        return [at in fresh for at in range(len(records))]

    async def _find_all(self, keys: Sequence[str]) -> Sequence[Stored | None]:
        found = {stored["_id"]: stored for stored in await self._parts.load(sorted(set(keys)))}
        return [found.get(key) for key in keys]


def _said(receipt: Receipt) -> Stored:
    said = {"state": receipt.state, "reason": receipt.reason, "failure": receipt.failure}
    return {name: value for name, value in said.items() if value is not None}


def _fits(receipt: Stored, message: Stored) -> bool:
    """Whether a receipt can be of that message: its reference says so, or else the time of its submission."""
    if "reference" in receipt:
        return bool(receipt["reference"] == reference_of(message["_id"]))
    since, until = message["since"], message["until"]
    return bool(since - BEFORE <= receipt["submitted"] <= until + AFTER)


def _now() -> datetime:
    return to_instant(datetime.now(UTC))
