"""The packaged data files, read once at first use."""

from collections.abc import Mapping
from importlib import resources
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from law.errors import LawDataError

M = TypeVar("M", bound=BaseModel)


def packaged(area: str) -> dict[str, str]:
    """Return the texts of `law/data/AREA/*.json` by file name, in order of name."""
    folder = resources.files("law").joinpath("data", area)
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".json")), key=lambda entry: entry.name)
    return {f"{area}/{entry.name}": entry.read_text(encoding="utf-8") for entry in files}


def parse_all(model: type[M], texts: Mapping[str, str]) -> list[M]:
    """Parse each text as `model`. Raises LawDataError that names the file and every wrong field."""
    return [_parse(model, name, text) for name, text in texts.items()]


def _parse(model: type[M], name: str, text: str) -> M:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise LawDataError(f"{name}: {faults}") from error
