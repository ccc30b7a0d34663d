"""The setting by which a process that reads the law is given reviewed data in the place of the packaged ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, Field

from law import dataset
from law.errors import LawDataError


def _use(folder: Path | None) -> Path | None:
    try:
        dataset.use(folder)
    except LawDataError as error:
        raise ValueError(str(error)) from error
    return folder


LawData = Annotated[Path | None, AfterValidator(_use), Field(validation_alias=AliasChoices("HOSO_LAW_DATA"))]
"""`HOSO_LAW_DATA`, a folder of reviewed data: read with the settings, this process goes by it from then on."""
