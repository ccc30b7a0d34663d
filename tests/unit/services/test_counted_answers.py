"""Fee and term of a filing follow from what its form says, though the form itself is sealed when they are computed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.series import NumberTaken
from chassis.tokens import tokens
from law.codes import CodeSeries
from schemas.dossier import DossierAccepted
from schemas.upstream import Filing
from schemas.work import By
from services.submission.domain import life
from services.submission.domain.dossier import Rules
from services.submission.domain.filing import checked, dossier_id
from services.submission.messages import AcceptDossier

FILED = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
HANDLERS = life.handlers(Rules(codes=CodeSeries(agency="000.00.12.H18")))


def accepted(request: str, rooms: int) -> DossierAccepted:
    form = {
        "enterprise_name": "Công ty TNHH Mẫu",
        "tax_code": "5600128057",
        "representative_name": "Lò Thị Mẫu",
        "facility_address": "Số 1, phường Mường Thanh",
        "request": request,
        "location": "city_town",
        "room_count": rooms,
    }
    applicant = {"kind": "enterprise", "name": "Công ty TNHH Mẫu", "phone": "0912345678"}
    filing: dict[str, Any] = {"procedure": "1.001029", "applicant": applicant, "form": form, "way": "online"}
    command = checked(
        Filing.model_validate(filing),
        FILED,
        dossier=dossier_id("applicant", "1"),
        owner="applicant",
        route="portal",
        token=tokens(b"t" * 32),
    )
    state = None
    for message in (command, AcceptDossier(by=By(officer="clerk", role="clerk")), NumberTaken(series="s", number=1)):
        decided = HANDLERS[type(message)](state, message, FILED)
        state = decided.state
    event = decided.events[0]
    assert isinstance(event, DossierAccepted)
    return event


@pytest.mark.parametrize(
    ("request_for", "rooms", "total", "due"),
    [
        ("new", 4, 6_000_000, "2026-12-02T10:00:00+00:00"),
        ("add_rooms", 4, 8_000_000, "2026-12-01T10:00:00+00:00"),
        ("change_owner", 4, 500_000, "2026-12-01T10:00:00+00:00"),
    ],
)
def test_karaoke_by_what_is_asked_for(request_for: str, rooms: int, total: int, due: str) -> None:
    event = accepted(request_for, rooms)
    assert (event.total, event.due_at) == (total, datetime.fromisoformat(due))
