"""Officers are found by account, role, unit, or role in a unit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.notification.effects.directory import Directory

OFFICERS = [
    {"account": "a", "email": "a@example.vn", "roles": ["specialist"], "unit": "culture"},
    {"account": "b", "email": "b@example.vn", "roles": ["specialist", "leader"], "unit": "sport"},
    {"account": "c", "email": "c@example.vn", "roles": ["clerk"], "unit": "culture"},
]


def test_who_is_found(tmp_path: Path) -> None:
    path = tmp_path / "officers.json"
    path.write_text(json.dumps(OFFICERS))
    found = Directory.read(path)
    assert found.addresses("c", None, None) == ("c@example.vn",)
    assert found.addresses(None, "leader", None) == ("b@example.vn",)
    assert found.addresses(None, None, "culture") == ("a@example.vn", "c@example.vn")
    assert found.addresses(None, "specialist", "culture") == ("a@example.vn",)
    assert found.addresses("d", None, None) == ()
    assert Directory.read(None).addresses(None, "leader", None) == ()


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "officers.json"
    path.write_text(json.dumps([{**OFFICERS[0], "email": "nobody"}]))
    with pytest.raises(ValidationError, match="email"):
        Directory.read(path)
