"""From texts to models, with every fault found in words that say what would be right."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from law._data.shared import PARTS, SOURCES, BadReference, Shared, likened
from law.findings import Finding, refuse

M = TypeVar("M", bound=BaseModel)


@dataclass
class Parsed(Generic[M]):
    """The models that could be read, by file, and the faults of the others."""

    models: dict[str, M] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class Reader:
    """Reads the files of one data version. Faults of the shared files are told once, in `findings`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self.findings: list[Finding] = []
        self.shared = self._shared()

    def area(self, model: type[M], area: str) -> Parsed[M]:
        """Return all that `AREA/` holds."""
        parsed: Parsed[M] = Parsed()
        for name in (name for name in self._texts if name.startswith(f"{area}/")):
            found, findings = parse(model, name, self._texts[name], self.shared)
            parsed.findings += findings
            if found is not None:
                parsed.models[name] = found
        return parsed

    def _shared(self) -> Shared:
        trees = {name: _tree(self._texts.get(name, "{}")) for name in (SOURCES, PARTS)}
        for name, tree in trees.items():
            if isinstance(tree, str) or not isinstance(tree, dict):
                self.findings.append(Finding(file=name, field="", problem=str(tree or "must be an object")))
                trees[name] = {}
        try:
            return Shared(trees[SOURCES], trees[PARTS])
        except BadReference as error:
            self.findings.append(Finding(file=PARTS, field=error.path, problem=error.problem))
            return Shared(trees[SOURCES], {})


def parse_all(model: type[M], texts: Mapping[str, str], area: str) -> list[M]:
    """Return the models of `AREA/`, in order of the texts. Raises LawDataError that names files and fields."""
    reader = Reader(texts)
    parsed = reader.area(model, area)
    refuse([*reader.findings, *parsed.findings])
    return list(parsed.models.values())


def parse(model: type[M], name: str, text: str, shared: Shared) -> tuple[M | None, list[Finding]]:
    """Return the model of one text, or what is wrong with it."""
    tree = _tree(text)
    if isinstance(tree, str):
        return None, [Finding(file=name, field="", problem=tree)]
    try:
        return model.model_validate_json(json.dumps(likened(shared.expand(tree)))), []
    except BadReference as error:
        return None, [Finding(file=name, field=error.path, problem=error.problem)]
    except ValidationError as error:
        faults: Iterable[Any] = error.errors(include_url=False)
        return None, [Finding(file=name, field=_path(fault["loc"]), problem=_say(fault, model)) for fault in faults]


def _tree(text: str) -> Any:
    """The JSON value, or a string that says why it is none (a data file is never a bare string)."""
    try:
        return json.loads(text, object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except ValueError as error:
        return str(error)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the key {twice[0]!r} occurs twice in one object: keep one")
    return dict(pairs)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))


def _say(fault: Any, model: type[BaseModel]) -> str:
    name = str(fault["loc"][-1]) if fault["loc"] else ""
    match fault["type"]:
        case "extra_forbidden":
            near = get_close_matches(name, _field_names(model), n=1)
            return f"unknown field; {f'did you mean {near[0]!r}?' if near else 'remove it'}"
        case "missing" if name == "source":
            return "has no source: say where the value was read"
        case "missing" if name == "mark":
            return "has no mark: V verified, T tested, R remembered or U uncertain"
        case "missing":
            return "is missing: add it"
        case "string_too_short":
            return "is empty: both languages, sources and versions must be written"
        case _:
            return str(fault["msg"]).removeprefix("Value error, ")


def _field_names(model: type[BaseModel]) -> list[str]:
    """All field names of the model and of the models in it: enough to guess what a misspelt one meant."""
    schema = model.model_json_schema()
    nested = [name for part in schema.get("$defs", {}).values() for name in part.get("properties", {})]
    return [*schema.get("properties", {}), *nested]
