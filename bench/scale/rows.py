"""Dossiers as the services store them: one life per stage is played through the handlers, the rest are its likes."""

from __future__ import annotations

import base64
import copy
import os
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc.jwk import ECKey

from chassis.codec import Codec
from chassis.document import AggregateType, Document
from chassis.series import NumberTaken
from cli.demo.filings import plan
from law.codes import CodeSeries
from schemas.delivery import ResultDelivered
from schemas.event import format_instant
from schemas.personal import PREFIX
from schemas.upstream import FiledApplicant, Filing
from schemas.work import By
from services.submission import messages as do
from services.submission.domain.dossier import Rules
from services.submission.domain.filing import checked
from services.submission.domain.finding import tokens_of
from services.submission.handlers import aggregates
from services.tracking.handlers import DOSSIERS

RULES: Final = Rules(codes=CodeSeries(agency="000.00.12.H18"))
SUBMISSION: Final[AggregateType[Any]] = aggregates(RULES, (ECKey.generate_key("P-256"),), {})[0]
UNITS: Final = ("culture", "heritage", "tourism", "sports", "family")
FAMILY: Final = ("Lò", "Quàng", "Giàng", "Nguyễn", "Cà", "Tòng", "Vàng", "Sùng", "Lường", "Mùa", "Trần", "Phạm")
MIDDLE: Final = ("Thị", "Văn", "A", "Đức", "Minh", "Thu", "Ngọc", "Hữu", "Quang", "Thanh")
BEGINNINGS: Final = ("M", "Th", "H", "L", "Ph", "Tr", "Ng", "Kh", "Q", "V", "Đ", "B")
ENDINGS: Final = ("ai", "ành", "oa", "inh", "uyên", "ương", "ẫu", "ảo", "ơm", "iệp", "âm", "ôi")
GIVEN: Final = tuple(f"{first}{last}" for first in BEGINNINGS for last in ENDINGS)
OPEN: Final = 1_000
"""What is filed over the years grows; what a department works on at a time does not."""
OVERHEAD: Final = 28
"""Bytes that AES-GCM adds: nonce and tag."""
Stored = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One dossier: its documents in both stores, and what its applicant is asked for by."""

    submission: Stored
    tracking: Stored
    name: str
    phone: str


class Rows:
    """`count` dossiers, the same for the same `count`; `token` makes what they are found by."""

    def __init__(self, count: int, now: datetime, token: Callable[[str, str], str]) -> None:
        self._count = count
        self._now = now
        self._token = token
        self._random = random.Random(count)  # noqa: S311 - they are made up
        self._lives = {stage: _play(stage, now) for stage in STAGES}

    def __iter__(self) -> Iterator[Row]:
        unfinished = OPEN / self._count
        for number in range(self._count):
            stages = tuple(s for s in STAGES if s != "returned")
            stage = self._random.choice(stages) if self._random.random() < unfinished else "returned"
            yield self._row(number, stage)

    def _row(self, number: int, stage: str) -> Row:
        submission, tracking = copy.deepcopy(self._lives[stage])
        name = f"{self._one(FAMILY)} {self._one(MIDDLE)} {self._one(GIVEN)}"
        phone = f"+849{number:08d}"
        filed = FiledApplicant(kind="individual", name=name, phone=phone)
        due = self._now + timedelta(hours=self._random.randint(-24, 24 * 20))
        unit, dossier = self._one(UNITS), str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        order = f"{format_instant(due)}/{dossier}"
        code = f"000.00.12.H18-26{number // 9999 % 1231:04d}-{number % 9999 + 1:04d}"
        tokens = list(tokens_of(filed, phone, self._token))
        submission["_id"] = tracking["_id"] = submission["state"]["id"] = tracking["state"]["dossier_id"] = dossier
        submission["state"] |= {"tokens": tokens, "owner": f"citizen{number % 5_000}"}
        submission["view"] |= {"tokens": tokens, "owner": f"citizen{number % 5_000}", "order": order}
        if stage != "filed":
            submission["state"]["code"] = submission["view"]["code"] = tracking["state"]["code"] = code
        if stage == "examining":
            submission["state"] |= {"unit": unit, "due_at": format_instant(due)}
            submission["view"] |= {"inbox": f"specialist:{unit}", "holder": f"specialist{self._random.randint(1, 9)}"}
        return Row(submission, tracking, name, phone)

    def _one(self, values: tuple[str, ...]) -> str:
        return self._random.choice(values)


def _seal(kind: str, clear: str) -> str:
    return f"{PREFIX}{kind}:{base64.urlsafe_b64encode(os.urandom(len(clear.encode()) + OVERHEAD)).decode()}"


def _by(role: str) -> By:
    return By(officer=f"{role}1", role=role, unit="culture")


STAGES: Final = ("filed", "assigning", "examining", "deciding", "issuing", "returned")


def _play(stop: str, now: datetime) -> tuple[Stored, Stored]:
    """The documents of submission and of tracking of a dossier in the stage `stop`."""
    dossier, tracked = Document[Any](str(uuid.UUID(int=0, version=4))), Document[Any]("")
    filing = Filing.model_validate(plan(3, "scale")[-1].filing)
    file = checked(filing, now, dossier=dossier.id, owner="citizen1", route="portal", token=lambda kind, _text: kind)
    for message in (
        file,
        do.AcceptDossier(by=_by("clerk")),
        NumberTaken(series="s", number=1),
        do.AssignDossier(by=_by("leader"), unit="culture"),
        do.TakeDossier(by=_by("specialist")),
        do.ExamineDossier(by=_by("specialist"), proposal="approve"),
        do.DecideDossier(by=_by("leader"), outcome="approved"),
        do.IssueResult(by=_by("registrar")),
        NumberTaken(series="r", number=1),
        ResultDelivered(dossier_id=dossier.id, way="online", delivered_at=now),
    ):
        decision = SUBMISSION.handlers[type(message)](dossier.state, message, now)
        state: Any = decision.state
        dossier.state, dossier.last = state, dossier.last + len(decision.events)
        for event in decision.events:
            if (handler := DOSSIERS.handlers.get(type(event))) is not None:
                tracked.state = handler(tracked.state, event, now).state
        # An examination is shown as it is once somebody holds it.
        if state.stage == stop and not isinstance(message, do.AssignDossier):
            break
    dossier.at = tracked.at = now
    tracked.seen = {"dossier": dossier.last}
    return _stored(SUBMISSION, dossier), _stored(DOSSIERS, tracked)


def _stored(kind: AggregateType[Any], doc: Document[Any]) -> Stored:
    values: Stored = Codec(kind).update(doc, _seal)["$set"]
    return {"_id": doc.id, "outbox": [], **values}
