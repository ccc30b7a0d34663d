"""Reviewed law data are taken with the settings, or the process does not start and says why."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from chassis.settings import load
from deploy.local.paths import ROOT
from law import dataset, procedures
from services.submission.settings import SubmissionSettings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "MONGODB_URL": "mongodb://127.0.0.1:9",
        "HOSO_MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
        "OIDC_ISSUER": "http://127.0.0.1:9",
        "SUBMISSION_PORT": "1",
        "SUBMISSION_JWK": json.dumps(ECKey.generate_key("P-256").as_dict(private=True)),
        "SUBMISSION_PORTALS": "{}",
        "SUBMISSION_GENERATION": "TT 03/2025/TT-VPCP",
        "SUBMISSION_AGENCY": "H18.12",
        "SUBMISSION_SUPPLEMENT_DAYS": "20",
        "SUBMISSION_UNITS": '["culture", "sports"]',
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield
    dataset.use(None)


def test_a_reviewed_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(ROOT / "law/data", tmp_path / "data"))
    file = folder / "procedures/1.008895.json"
    versions = json.loads(file.read_text())
    name = {"value": {"vi": "Văn bản", "en": "Reviewed reply"}, "source": "a reviewed page", "mark": "V"}
    versions["versions"].append({"like": "2020.1", "version": "2020.2", "corrects": "2020.1", "result_name": name})
    file.write_text(json.dumps(versions))
    monkeypatch.setenv("HOSO_LAW_DATA", str(folder))
    settings = load(SubmissionSettings)
    assert procedures.find("1.008895", date(2026, 11, 25)).result_name.value.en == "Reviewed reply"
    rules = settings.rules
    assert (rules.supplement.amount, rules.units) == (20, frozenset({"culture", "sports"}))
    assert str(rules.codes.code(date(2026, 11, 25), 1)) == "H18.12-20261125-0000001"


def test_a_folder_with_faults_ends_the_process_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOSO_LAW_DATA", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        load(SubmissionSettings)
    assert ended.value.code == 2
    assert "setting HOSO_LAW_DATA:" in capsys.readouterr().err
