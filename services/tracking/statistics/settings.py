"""What can be configured of statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ProcessSettings
from law.setting import LawData


class StatisticsSettings(ProcessSettings):
    """`STATISTICS_PORT` and what every process has.

    `STATISTICS_GENERATION`: a higher one counts everything anew from the log, into a table of its own, while the last
    good totals are served; so does a release that counts otherwise. `HOSO_STATE_DIR`: where those totals are kept.
    `HOSO_REPLICATION`: of the table's changelog.
    """

    model_config = SettingsConfigDict(env_prefix="STATISTICS_", frozen=True)

    generation: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    replication: Annotated[int, Field(ge=1, le=9, validation_alias=AliasChoices("HOSO_REPLICATION"))] = 3
    state_dir: Path = Field(validation_alias=AliasChoices("HOSO_STATE_DIR"))
    law_data: LawData = None
