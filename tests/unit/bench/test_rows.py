"""What `make scale` stores is what the services would have stored: they read it, and would list it as it is listed."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.scale.rows import OPEN, STAGES, SUBMISSION, Rows
from chassis.codec import Codec
from chassis.tokens import tokens
from schemas.upstream import FiledApplicant
from services.submission.domain.finding import queries
from services.submission.handlers import INDEXES
from services.tracking.handlers import DOSSIERS

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
TOKEN = tokens(b"t" * 32)


def test_the_services_read_every_row_and_would_list_it_so() -> None:
    stages, dossiers = set(), set()
    for row in Rows(2 * OPEN, NOW, TOKEN):
        doc, tracked = Codec(SUBMISSION).load(row.submission), Codec(DOSSIERS).load(row.tracking)
        assert doc.state is not None
        assert tracked.state is not None
        assert doc.id == doc.state.id == tracked.id == tracked.state.dossier_id
        listed = SUBMISSION.view(doc.state)
        for name in ("stage", "owner", "code", "tokens"):
            assert listed[name] == row.submission["view"][name]
        assert (row.submission["view"]["inbox"] is None) == (doc.state.stage == "returned")
        exact = queries(row.name, TOKEN)[0].view["tokens"]
        assert exact in row.submission["view"]["tokens"]
        assert FiledApplicant(kind="individual", name=row.name, phone=row.phone)
        stages.add(doc.state.stage)
        dossiers.add(doc.id)
    assert stages == set(STAGES)
    assert len(dossiers) == 2 * OPEN


def test_every_list_has_its_index() -> None:
    assert {fields[0] for fields in INDEXES} >= {"stage", "owner", "inbox", "holder", "alert", "code", "tokens"}
