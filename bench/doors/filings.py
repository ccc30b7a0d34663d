"""Dossiers of every procedure, valid and broken in every field: a pure function of the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from itertools import cycle, islice
from typing import Any, Final, Literal

from bench.doors.values import broken, fits
from law import procedures
from law.procedures import Procedure

Door = Literal["http", "kafka"]
DOORS: Final[tuple[Door, Door]] = ("http", "kafka")
AROUND: Final[tuple[tuple[str, Any], ...]] = (
    ("procedure", "9.999999"),
    ("procedure", "1008895"),
    ("applicant.kind", "robot"),
    ("applicant.name", " "),
    ("applicant.name", None),
    ("applicant.phone", "12"),
    ("applicant.phone", "02153123456"),
    ("applicant.email", "an.nguyen"),
    ("applicant.identity_number", "01109"),
    ("applicant.nickname", "An"),
    ("way", "pigeon"),
    ("agent.paper", ""),
    ("address.province", "99"),
    ("address.commune", "00000"),
    ("address.detail", ""),
    ("form.no_such_field", "x"),
    ("colour", "red"),
)
"""What is wrong around the form: path and value."""
AGENT: Final = {"basis": "authorisation", "name": "Lò Thị Mẫu", "paper": "Giấy ủy quyền số 12, 01/06/2026"}
ADDRESS: Final = {"province": "11", "commune": "03127", "detail": "Số 1, đường Ví Dụ"}


@dataclass(frozen=True, slots=True)
class Case:
    """One filing; `wrong`: the path of its broken field, None for a valid one."""

    door: Door
    body: dict[str, Any]
    wrong: str | None


def cases(count: int, seed: int, on: date) -> list[Case]:
    """Half of them valid; procedures in turn, each through both doors, all its fields broken one after the other."""
    rng = random.Random(seed)  # noqa: S311 - it must be repeatable
    kinds = [(procedure, _breaks(procedure, rng)) for procedure in procedures.all(on)]
    made: list[Case] = []
    for number, (procedure, breaks) in enumerate(islice(cycle(kinds), -(-count // 2))):
        door = DOORS[(number // len(kinds) + number) % 2]
        made.append(Case(door, valid(procedure, rng), None))
        path, value = next(breaks)
        made.append(Case(door, _broken(valid(procedure, rng), path, value), path))
    return made[:count]


def valid(procedure: Procedure, rng: random.Random) -> dict[str, Any]:
    """A filing that is taken; what is optional is there or not."""
    kind = rng.choice(procedure.applicants.value)
    way = rng.choice(procedure.ways.value)
    applicant = {"kind": kind, "name": "Giàng A Thử", "phone": f"09{rng.randint(12_000_000, 12_999_999)}"}
    if rng.random() < 0.5:  # noqa: PLR2004 - one half
        applicant["email"] = "thu@example.vn"
    form = {f.name: fits(f, rng) for f in procedure.form.fields if f.required or rng.random() < 0.5}  # noqa: PLR2004
    body = {"procedure": procedure.code, "applicant": applicant, "form": form, "way": way}
    return {**body, "address": ADDRESS} if way == "post" else body


def _breaks(procedure: Procedure, rng: random.Random) -> Iterator[tuple[str, Any]]:
    """Every field in turn, for ever; each time broken in another way."""
    values = {f"form.{field.name}": broken(field) for field in procedure.form.fields}
    ways = {path: cycle(rng.sample(wrong, len(wrong))) for path, wrong in values.items()}
    around = cycle(rng.sample(AROUND, len(AROUND)))
    order = rng.sample(list(ways), len(ways))
    while True:
        for path in order:
            yield path, next(ways[path])
            yield next(around)


def _broken(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    body = deepcopy(body)
    first, _, last = path.partition(".")
    if first == "agent":
        body["agent"] = dict(AGENT)
    if first == "address":
        body["address"] = dict(ADDRESS)
    if last:
        body[first][last] = value
    else:
        body[first] = value
    return body
