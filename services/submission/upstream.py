"""The door of upstream portals: signed and encrypted events in, encrypted replies out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from joserfc.jwk import ECKey
from pydantic import ValidationError

from chassis import jose
from chassis.delivery import Delivery
from chassis.reading import Raw, Unidentifiable, refuse_oversize
from schemas import envelope, upstream
from schemas.event import Event
from schemas.personal import Seal
from schemas.upstream import Problem, UpstreamFiling
from services.submission.domain.filing import BadFiling, checked, dossier_id
from services.submission.domain.finding import Token
from services.submission.messages import UpstreamFiled, UpstreamInvalid


class UpstreamReader:
    """Reads `upstream.dossiers.v1`. What is not signed and encrypted is refused, and only its hash is kept."""

    def __init__(self, own: ECKey, portals: Mapping[str, ECKey], clock: Callable[[], datetime], token: Token) -> None:
        self._own = own
        self._token = token
        self._portals = portals
        self._clock = clock

    def read(self, raw: Raw) -> Delivery:
        """A filing, or the list of its wrong fields, for the exchange of (portal, reference)."""
        refuse_oversize(raw)
        try:
            attributes = envelope.read(raw.headers)
        except envelope.BadEnvelope as error:
            raise Unidentifiable(str(error), secret=True) from error
        portal = self._portals.get(attributes.source)
        if portal is None:
            raise Unidentifiable(f"ce_source {attributes.source!r} is no portal known here", secret=True)
        try:
            payload = jose.unwrap(raw.value, signed_by=portal, encrypted_to=self._own)
        except jose.NotForUs as error:
            raise Unidentifiable(str(error), secret=True) from error
        dossier = dossier_id(attributes.source, attributes.subject)
        return Delivery(dossier, self._message(attributes, payload, dossier), trace=attributes.traceparent)

    def _message(self, attributes: envelope.Envelope, payload: bytes, dossier: str) -> UpstreamFiled | UpstreamInvalid:
        source, reference, event = attributes.source, attributes.subject, attributes.id
        if attributes.type != upstream.FILED:
            problems: tuple[Problem, ...] = (Problem(field="ce_type", problem=f"must be {upstream.FILED}"),)
            return UpstreamInvalid(source=source, reference=reference, event=event, problems=problems)
        try:
            read = UpstreamFiling.model_validate_json(payload)
            owner = read.account or f"upstream:{source}"
            filing = checked(
                read,
                self._clock(),
                dossier=dossier,
                owner=owner,
                route="upstream",
                source=source,
                token=self._token,
            )
        except ValidationError as error:
            problems = tuple(
                Problem(field=".".join(map(str, p["loc"])) or "(event)", problem=p["msg"])
                for p in error.errors(include_input=False, include_url=False)[:100]
            )
        except BadFiling as error:
            problems = tuple(Problem(field=wrong.field, problem=wrong.problem) for wrong in error.problems)
        else:
            return UpstreamFiled(source=source, reference=reference, event=event, filing=filing)
        return UpstreamInvalid(source=source, reference=reference, event=event, problems=problems)


def reply_encoder(own: ECKey, portals: Mapping[str, ECKey]) -> Callable[[Event, Seal], bytes]:
    """Signs a reply and encrypts it to the portal it is for."""

    def encode(event: Event, seal: Seal) -> bytes:
        if not isinstance(event, upstream.ReplyAccepted | upstream.ReplyRefused):
            raise TypeError(f"{event.type_name()} is no reply")
        return jose.wrap(event.dump_json(seal), signed_by=own, encrypted_to=portals[event.source])

    return encode
