"""What notification hears of made-up dossiers: sealed as services seal, in the order of their streams."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import Producer

from chassis.keyring import Keyring, Masters
from chassis.store import Store
from cli.examples import example
from schemas.dossier import DossierSubmitted
from schemas.envelope import Envelope
from schemas.event import DossierEvent, to_instant
from schemas.parts import Applicant
from schemas.personal import Personal
from schemas.topics import CATALOGUES, STREAMS

_NAMESPACE: Final = uuid.UUID("5c3f2a6e-2f57-4c5e-9a53-0d7c1c9c9d11")
AT_ONCE: Final = 200
ABOUT: Final = {
    "dossier": (
        "accepted", "fee_settled", "supplemented", "extended", "stopped", "decided", "complaint_answered",
    ),
    "delivery": ("consignment_ordered", "result_available", "failed"),
}  # fmt: skip
"""Ten events that are only information."""


def dossier_id(group: str, number: int) -> str:
    """The same each time."""
    return str(uuid.uuid5(_NAMESPACE, f"{group}/{number}"))


def phone(group: int, number: int) -> str:
    """One a dossier."""
    return f"+849{group}{number:07d}"


class Events:
    """Publishes events; keys of the dossiers are made before."""

    def __init__(self, bootstrap: str, store_url: str, master: bytes) -> None:
        settings = {"bootstrap.servers": bootstrap, "linger.ms": 5, "partitioner": "murmur2_random"}
        self._producer = Producer(settings)
        self._store = Store(store_url, "hoso_keyring")
        self._keyring = Keyring(self._store, Masters({"1": master}), monotonic=lambda: 0.0)

    async def each(self, dossiers: Sequence[str]) -> AsyncIterator[tuple[int, str]]:
        """Their numbers and ids, with the keys at hand: no time passes for this keyring, no dossier is erased here."""
        for at in range(0, len(dossiers), AT_ONCE):
            part = dossiers[at : at + AT_ONCE]
            await self._keyring.ensure(part)
            for number, dossier in enumerate(part, at):
                yield number, dossier

    def submitted(self, dossier: str, to: str, *, email: str | None = None, owner: str | None = None) -> None:
        """Whom to tell; an SMS by itself. `owner`: the account that filed."""
        address = Personal.of(email) if email is not None else None
        applicant = Applicant(kind="individual", name=Personal.of("Mẫu"), phone=Personal.of(to), email=address)
        account = Personal.of(owner) if owner is not None else None
        plain = {"dossier_id": dossier, "applicant": applicant, "owner": account, "address": None, "source": None}
        self.publish("dossier", example(DossierSubmitted).model_copy(update=plain), 1)

    def informing(self, dossier: str) -> int:
        """Ten messages of information; returns how many."""
        count = 0
        for stream, names in ABOUT.items():
            for sequence, name in enumerate(names, 2 if stream == "dossier" else 1):
                event = example(CATALOGUES[stream].types[f"{stream}.{name}.v1"])
                changes: dict[str, object] = {"dossier_id": dossier, "owner": None}
                changes |= {"outcome": "refused"} if name == "decided" else {}
                changes |= {"way": "in_person"} if name == "result_available" else {}
                changes |= {"promised": to_instant(datetime(2026, 1, 1, tzinfo=UTC))} if name == "fee_settled" else {}
                changes |= {"answer": Personal.of("x"), "pickup": Personal.of("123456")}  # the example's are another's
                known = {k: v for k, v in changes.items() if k in type(event).model_fields}
                self.publish(stream, event.model_copy(update=known), sequence)
                count += 1
        return count

    def publish(self, stream: str, event: DossierEvent | object, sequence: int) -> None:
        """One event, the `sequence`-th of its dossier in that stream."""
        if not isinstance(event, DossierEvent):
            raise TypeError(f"{event!r} is of no dossier")
        seal: Callable[[str, str], str] = self._keyring.sealer(event.dossier_id)
        envelope = Envelope(
            id=f"{stream}/{event.dossier_id}/{sequence}",
            source="/hoso/bench",
            type=event.type_name(),
            subject=event.dossier_id,
            time=to_instant(datetime.now(UTC)),
            sequence=sequence,
        )
        topic, key = STREAMS[stream].name, event.dossier_id.encode()
        self._producer.produce(topic, value=event.dump_json(seal), key=key, headers=list(envelope.headers()))
        self._producer.poll(0)

    def flush(self) -> None:
        """All of it is at the broker."""
        self._producer.flush()

    def close(self) -> None:
        """Closes the sockets."""
        self._store.close()
