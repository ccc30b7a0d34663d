"""Every word a portal may meet is explained to integrators, and in both languages."""

from __future__ import annotations

import pytest

from chassis.decision import Refused
from deploy.local.paths import ROOT
from services.submission.domain.faults import CODES, of_refusal

GUIDE = (ROOT / "docs/integration.md").read_text()


@pytest.mark.parametrize("code", CODES)
def test_every_word_is_in_the_guide(code: str) -> None:
    assert f"| `{code}` |" in GUIDE


def test_a_refusal_keeps_its_word_where_portals_know_it() -> None:
    known = of_refusal(Refused("wrong_stage", "the dossier is returned"))
    assert (known.code, known.field, known.problem_vi) == ("wrong_stage", "ce_subject", CODES["wrong_stage"])
    other = of_refusal(Refused("too_many_requests", "more than 64 requests", field="items"))
    assert (other.code, other.field, other.problem) == ("impossible", "items", "more than 64 requests")
