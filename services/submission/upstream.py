"""The door of upstream portals: signed and encrypted events in, encrypted replies out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from chassis import jose
from chassis.delivery import Delivery
from chassis.jose import Keys
from chassis.reading import Raw, Unidentifiable, refuse_oversize
from schemas import envelope, upstream
from schemas.event import Event
from schemas.personal import Personal, Seal
from schemas.upstream import Asked, FileReference, UpstreamFiling, UpstreamSupplement
from services.submission.domain.faults import named, of_filing, of_schema
from services.submission.domain.filing import BadFiling, checked, dossier_id
from services.submission.domain.finding import Token
from services.submission.messages import FileDossier
from services.submission.portal_messages import AskUpstream, Referenced, UpstreamAsked, UpstreamFiled, UpstreamInvalid


class UpstreamReader:
    """Reads `upstream.dossiers.v1`. What is not signed and encrypted is refused, and only its hash is kept."""

    def __init__(self, own: Keys, portals: Mapping[str, Keys], clock: Callable[[], datetime], token: Token) -> None:
        self._own = own
        self._token = token
        self._portals = portals
        self._clock = clock

    def read(self, raw: Raw) -> Delivery:
        """What the portal files or asks, or the list of its wrong fields, for the exchange of (portal, reference)."""
        refuse_oversize(raw)
        try:
            attributes = envelope.read(raw.headers)
        except envelope.BadEnvelope as error:
            raise Unidentifiable(str(error), secret=True) from error
        portal = self._portals.get(attributes.source)
        if portal is None:
            raise Unidentifiable("ce_source names no portal known here", secret=True)
        try:
            payload = jose.unwrap(raw.value, signed_by=portal, encrypted_to=self._own, event=bound(attributes))
        except jose.NotForUs as error:
            raise Unidentifiable(str(error), secret=True) from error
        dossier = dossier_id(attributes.source, attributes.subject)
        return Delivery(dossier, self._message(attributes, payload, dossier), trace=attributes.traceparent)

    def _message(
        self, attributes: envelope.Envelope, payload: bytes, dossier: str
    ) -> UpstreamFiled | UpstreamAsked | UpstreamInvalid:
        where = {"source": attributes.source, "reference": attributes.subject}
        model = upstream.SENT.get(attributes.type)
        try:
            if model is None:
                wrong = named("unknown_type", "ce_type", f"must be one of {', '.join(upstream.SENT)}")
                return UpstreamInvalid(event=attributes.id, problems=(wrong,), **where)
            match model.model_validate_json(payload):
                case UpstreamFiling(files=[_, *_]) as filing:
                    found, files = self._filing(filing, dossier, where), referenced(filing.files)
                    ask = self._ask(attributes.id, "filing", filing=found, files=files)
                case UpstreamFiling() as filing:
                    return UpstreamFiled(event=attributes.id, filing=self._filing(filing, dossier, where), **where)
                case UpstreamSupplement() as given:
                    form = Personal.of(json.dumps(given.form, ensure_ascii=False, sort_keys=True))
                    what = {"form": form, "documents": given.documents, "files": referenced(given.files)}
                    ask = self._ask(attributes.id, "supplement", **what)
                case given:
                    ask = self._ask(attributes.id, "withdrawal", reason=getattr(given, "reason", None))
        except ValidationError as error:
            return UpstreamInvalid(event=attributes.id, problems=of_schema(error), **where)
        except BadFiling as error:
            return UpstreamInvalid(event=attributes.id, problems=of_filing(error.problems), **where)
        return UpstreamAsked(ask=ask, **where)

    def _ask(self, event: str, asked: Asked | Literal["filing"], **what: Any) -> AskUpstream:
        return AskUpstream(event=event, asked=asked, came_at=self._clock(), **what)

    def _filing(self, filing: UpstreamFiling, dossier: str, where: dict[str, str]) -> FileDossier:
        """Raises BadFiling."""
        owner = filing.account or f"upstream:{where['source']}"
        return checked(
            filing,
            self._clock(),
            dossier=dossier,
            owner=owner,
            route="upstream",
            source=where["source"],
            reference=where["reference"],
            token=self._token,
        )


def referenced(files: Sequence[FileReference]) -> tuple[Referenced, ...]:
    """Files to fetch; addresses may hold a word that opens them, and names of files a person's."""
    return tuple(
        Referenced(url=Personal.of(one.url), name=Personal.of(one.name), **one.model_dump(exclude={"url", "name"}))
        for one in files
    )


def bound(attributes: envelope.Envelope) -> dict[str, str]:
    """What the signature of a portal's event must cover besides its data."""
    said = (attributes.source, attributes.type, attributes.subject, attributes.id)
    return dict(zip(jose.BOUND, said, strict=True))


def reply_encoder(own: Keys, portals: Mapping[str, Keys]) -> Callable[[Event, Seal], bytes]:
    """Signs a reply and encrypts it to the portal it is for."""

    def encode(event: Event, seal: Seal) -> bytes:
        if not isinstance(event, upstream.Reply):
            raise TypeError(f"{event.type_name()} is no reply")
        kind = {"ce_type": event.type_name()}
        return jose.wrap(event.dump_json(seal), signed_by=own[0], encrypted_to=portals[event.source][0], event=kind)

    return encode
