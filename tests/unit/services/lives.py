"""Dossiers for the tests of their life: filings that are in order, officers, and a player of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chassis.decision import DeadlineDue, Decision
from chassis.series import NumberTaken
from chassis.tokens import tokens
from cli.demo.filings import plan
from law.codes import CodeSeries
from schemas.delivery import ResultDelivered
from schemas.event import Event
from schemas.parts import AttachedFile, SupplementItem
from schemas.payment import InvoiceExpired, PaymentReceived
from schemas.personal import Personal
from schemas.upstream import Filing
from schemas.work import By
from services.submission import messages as do
from services.submission.domain import life
from services.submission.domain.dossier import Dossier, Rules
from services.submission.domain.filing import checked, dossier_id

FILED: Final = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
"""A Wednesday, 9:00 in Điện Biên."""
RULES: Final = Rules(codes=CodeSeries(agency="000.00.12.H18"))
HANDLERS: Final = life.handlers(RULES)
OWNER: Final = "citizen1"
ID: Final = dossier_id(OWNER, "1")
CLERK: Final = By(officer="clerk1", role="clerk", unit="one-stop")
SPECIALIST: Final = By(officer="specialist1", role="specialist", unit="culture")
COLLEAGUE: Final = By(officer="specialist2", role="specialist", unit="culture")
LEADER: Final = By(officer="leader1", role="leader", unit="board")
REGISTRAR: Final = By(officer="registrar1", role="registrar", unit="office")
FREE: Final = 3
"""A library notification: no fee."""
PAYING: Final = 2
"""A guide card: has a fee."""
STAGED: Final = 0
"""The registration of an antiquity: its term runs in two stages."""
ANTIQUITY: Final = {
    "procedure": "2.001631",
    "applicant": {"kind": "enterprise", "name": "Bảo tàng Mẫu", "phone": "+84912345678"},
    "form": {
        "organiser_name": "Bảo tàng Mẫu",
        "contact_name": "Lò Thị Mẫu",
        "contact_phone": "+84912345678",
        "object_name": "Trống đồng",
        "object_count": 1,
        "origin": "Khai quật",
        "kept_at": "Kho hiện vật",
    },
    "way": "in_person",
}
FESTIVAL: Final = {
    "procedure": "1.003676",
    "applicant": {"kind": "enterprise", "name": "Công ty Mẫu", "phone": "+84912345678"},
    "form": {
        "organiser_name": "Công ty Mẫu",
        "contact_name": "Lò Thị Mẫu",
        "contact_phone": "+84912345678",
        "filing": "notice",
        "festival_name": "Lễ hội Hoa Ban",
        "venue": "Điện Biên Phủ",
        "scale": "cấp tỉnh",
        "begin_date": "2027-03-13",
        "end_date": "2027-03-15",
    },
    "way": "online",
}
"""The notice of a festival: silence is consent after 15 days."""
UPFRONT: Final = -1
"""The approval of a performance: its fee is due before it is received."""
LATE: Final = -2
"""The exchange of a travel licence: its fee is due before the result is issued."""
PERFORMANCE: Final = {
    "procedure": "1.009397",
    "applicant": {"kind": "enterprise", "name": "Nhà hát Mẫu", "phone": "+84912345678"},
    "form": {
        "organiser_name": "Nhà hát Mẫu",
        "contact_name": "Lò Thị Mẫu",
        "contact_phone": "+84912345678",
        "programme_name": "Đêm Hoa Ban",
        "venue": "Quảng trường 7/5",
        "begin_date": "2027-03-13",
        "end_date": "2027-03-13",
        "minutes": 90,
        "purpose": "public",
    },
    "way": "online",
}
EXCHANGE: Final = {
    "procedure": "2.001622",
    "applicant": {"kind": "enterprise", "name": "Công ty Mẫu", "phone": "+84912345678"},
    "form": {
        "enterprise_name": "Công ty Mẫu",
        "tax_code": "5600128057",
        "representative_name": "Lò Thị Mẫu",
        "licence_number": "62-001/2020/SDL",
        "licence_date": "2020-03-13",
        "reason": "thay đổi địa chỉ",
    },
    "way": "online",
}
BODIES: Final[Mapping[int, Mapping[str, Any]]] = {STAGED: ANTIQUITY, UPFRONT: PERFORMANCE, LATE: EXCHANGE}
ITEMS: Final = {
    UPFRONT: (SupplementItem(kind="document", name="programme", why="thiếu trang"),),
    LATE: (SupplementItem(kind="document", name="old_licence", why="mờ"),),
    STAGED: (SupplementItem(kind="document", name="application", why="thiếu chữ ký"),),
    FREE: (SupplementItem(kind="field", name="address", why="thiếu số nhà"),),
    PAYING: (SupplementItem(kind="document", name="photo", why="thiếu ảnh"),),
}


FILE: Final = AttachedFile(
    file="00000000-0000-4000-8000-000000000001",
    code="application",
    sha256="0" * 64,
    size=1,
    media="application/pdf",
    standing="checking",
)


def filing(kind: int = FREE, at: datetime = FILED) -> do.FileDossier:
    """A filing that is in order."""
    return checking(BODIES.get(kind) or plan(kind, "t")[kind - 1].filing, at)


def checking(body: Mapping[str, Any], at: datetime) -> do.FileDossier:
    """The command that files `body`."""
    filed = Filing.model_validate(body)
    return checked(filed, at, dossier=ID, owner=OWNER, route="portal", token=tokens(b"t" * 32))


def payment(at: datetime) -> PaymentReceived:
    """The fee, paid at that time."""
    return PaymentReceived(dossier_id=ID, invoice=ID, method="vnpay", amount=1, transaction="1", paid_at=at)


def expiry(at: datetime) -> InvoiceExpired:
    """Nobody paid in time."""
    return InvoiceExpired(dossier_id=ID, invoice=ID, expired_at=at)


def delivery(at: datetime) -> ResultDelivered:
    """The result reached the applicant."""
    return ResultDelivered(dossier_id=ID, way="online", delivered_at=at)


def answer(items: Sequence[SupplementItem], state: Dossier) -> do.SupplementDossier:
    """The applicant's answer to all that was asked for."""
    return do.SupplementDossier(
        owner=OWNER,
        form=Personal.of("{}"),
        answers=state.answers,
        fields=tuple(i.name for i in items if i.kind == "field"),
        documents=tuple(i.name for i in items if i.kind == "document"),
    )


@dataclass
class Player:
    """One dossier and everything that was said about it."""

    kind: int = FREE
    now: datetime = FILED
    state: Dossier | None = None
    due: datetime | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def dossier(self) -> Dossier:
        assert self.state is not None
        return self.state

    def tell(self, message: Any) -> Decision[Any]:
        """Handles one message; a refusal changes nothing."""
        decision = HANDLERS[type(message)](self.state, message, self.now)
        assert decision.due is None or isinstance(decision.due, datetime)
        self.state, self.due = decision.state, decision.due
        self.events.extend(decision.events)
        return decision

    def play(self, messages: Iterable[Any]) -> Player:
        """Handles them in order, a minute apart."""
        for message in messages:
            self.tell(message)
            self.now += timedelta(minutes=1)
        return self

    def until(self, instant: datetime) -> Player:
        """Lets time pass: what falls due falls due."""
        while self.due is not None and self.due <= instant:
            self.now = max(self.now, self.due)
            self.tell(DeadlineDue())
        self.now = max(self.now, instant)
        return self

    def said(self, name: str) -> list[Any]:
        """The events of that type, ``extended`` for ``dossier.extended``."""
        return [event for event in self.events if f"dossier.{name}" == event.TYPE]


def to_stage(stage: str, kind: int = FREE) -> Player:
    """A dossier in that stage, on the shortest way."""
    player = Player(kind)
    number = NumberTaken(series="s", number=1)
    receive = [do.AcceptDossier(by=CLERK), number]
    take = [do.AssignDossier(by=LEADER, unit="culture"), do.TakeDossier(by=SPECIALIST)]
    items = ITEMS[kind]
    pay = [payment(FILED + timedelta(minutes=3))] if kind == PAYING else []
    worked = [filing(kind), *receive, *pay, *take]
    examined = [*worked, do.ExamineDossier(by=SPECIALIST, proposal="approve")]
    decided = [*examined, do.DecideDossier(by=LEADER, outcome="approved")]
    numbering = [*decided, do.IssueResult(by=REGISTRAR)]
    ways: dict[str, list[Any]] = {
        "filed": worked[:1],
        "receiving": worked[:2],
        "supplementing": [filing(kind), do.RequestSupplement(by=CLERK, items=items)],
        "awaiting_fee": worked[:3],
        "assigning": [filing(kind), *receive, *pay],
        "examining": worked,
        "deciding": examined,
        "issuing": decided,
        "numbering": numbering,
        "returning": [*numbering, number],
        "returned": [*numbering, number, delivery(FILED + timedelta(hours=1))],
        "rejected": [filing(kind), do.RejectDossier(by=CLERK, reason="không thuộc thẩm quyền")],
        "withdrawn": [filing(kind), do.WithdrawDossier(owner=OWNER)],
        "stopped": [*worked, do.StopDossier(by=LEADER, reason="r", ground="g")],
    }
    player.play(ways[stage])
    assert player.dossier.stage == stage
    return player
