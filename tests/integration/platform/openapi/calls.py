"""Calls every operation of a service by its OpenAPI document, with data that fit it and data that do not.

What is drawn is mixed with what the world knows, so that not all of it ends at the first check: an id that exists, a
token of a role that may, a body that fits but for a part of it, the signature of the partner whose door it is.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from tests.integration.platform.openapi.partners import SIGNED
from tests.integration.platform.openapi.world import World

HELD: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
SECONDS: Final = 30.0
FORGED: Final = "eyJhbGciOiJub25lIn0.e30."
RAW: Final = ("application/jose", "application/pdf", "message/rfc822", "text/csv")
CODES: Final = {
    "/procedures": "procedure",
    "/timelines": "dossier_code",
    "/dossiers": "document_code",
    "/verif": "document_code",
}
"""Which code a path means by `code`."""


def _as_it_is(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@dataclass
class Report:
    """`faults`: what was wrong, each once, and how to see it again; `answered`: statuses of each operation."""

    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    answered: dict[str, Counter[int]] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """How many."""
        return sum(counts.total() for counts in self.answered.values())

    def done(self) -> list[str]:
        """Operations that somebody was let do."""
        return [label for label, counts in self.answered.items() if any(status < 400 for status in counts)]


@dataclass(frozen=True)
class Draw:
    """What goes into a request beside what the document says. `spoil`: which part of a body that fits does not."""

    token: str | None
    any_revision: bool
    known: dict[str, Any]
    fits: bool
    signed: bool
    spoil: Any


@dataclass(frozen=True)
class Examiner:
    """Of one service. `number`: the seed; `examples`: of each operation, by half of those that fit and do not."""

    world: World
    service: str
    number: int
    examples: int
    common: bool = True
    """Whether to call what every service has, too."""

    def examine(self) -> Report:
        """Calls everything."""
        load_all_checks()
        schemathesis.serializer(*RAW)(_as_it_is)
        document = schemathesis.openapi.from_url(f"{self.world.stack.url(self.service)}/openapi.json")
        report = Report()
        with requests.Session() as session:
            session.trust_env = False
            for operation in self._operations(document):
                for mode in GenerationMode:
                    try:
                        self._run(operation, mode, report, session)
                    except Unsatisfiable:  # nothing can be wrong where nothing is asked for
                        if operation.label not in report.answered:
                            report.faults[(operation.label, "not called")] = "no data fit its document"
                    except Exception:  # noqa: BLE001 - what Hypothesis raises cannot go to another process
                        report.faults[(operation.label, "not called")] = traceback.format_exc()
        return report

    def _operations(self, document: Any) -> Iterator[Any]:
        for found in document.get_all_operations():
            operation = found.ok()
            if self.common or not operation.path.startswith(COMMON):
                yield operation

    def _run(self, operation: Any, mode: GenerationMode, report: Report, session: requests.Session) -> None:
        checks = CHECKS.get_by_names(list(HELD))

        @seed(self.number)
        @settings(
            max_examples=max(1, self.examples // SLOW.get(operation.label, 2)),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode), _draws(self.world, operation))
        def called(case: Any, draw: Draw) -> None:
            _mix(self.world, case, draw)
            headers = {} if draw.token is None else {"authorization": f"Bearer {draw.token}"}
            response = case.call(headers=headers, session=session, timeout=SECONDS)
            report.answered.setdefault(operation.label, Counter())[response.status_code] += 1
            try:
                case.validate_response(response, checks=checks, headers=headers)
            except FailureGroup as group:
                for failure in group.exceptions:
                    key = (operation.label, f"{failure.title} {response.status_code}")
                    report.faults.setdefault(key, f"{failure.message}\n{response.text[:300]}\n{case.as_curl_command()}")

        called()


COMMON: Final = ("/operations/", "/healthz", "/readyz", "/metrics", "/openapi.json")
SLOW: Final = {"GET /audit/dossiers/{dossier}": 8}
"""Reads the whole log: by how many the examples are divided."""


OFTEN: Final = st.sampled_from([True, True, True, False])


def _draws(world: World, operation: Any) -> st.SearchStrategy[Draw]:
    roles = [role for need in operation.definition.raw.get("security", ()) for role in need["bearer"]]
    may: list[str | None] = [world.tokens[role] for role in (*roles, *(["citizen"] * 3 if "citizen" in roles else ()))]
    may = may or [None]
    anybody = [None, FORGED, *world.tokens.values()]
    fitting = world.bodies.get(operation.label)
    return st.builds(
        Draw,
        token=st.sampled_from([*may * (4 * len(anybody) // len(may)), *anybody]),
        any_revision=OFTEN,
        known=_known(world, operation),
        fits=OFTEN,
        signed=OFTEN,
        spoil=st.frozensets(st.sampled_from(sorted(fitting)), max_size=2)
        if isinstance(fitting, dict)
        else st.tuples(st.integers(0, 400), st.integers(0, 20), st.binary(max_size=20)),
    )


def _known(world: World, operation: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Values by name: those of one dossier, and words; some are left out."""
    code = next((name for start, name in CODES.items() if operation.path.startswith(start)), "code")
    words = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in sorted(world.words.items())})
    left_out = st.frozensets(st.sampled_from(sorted({*world.words, *world.dossiers[0]})), max_size=1)

    def of(dossier: dict[str, Any], others: dict[str, Any], without: frozenset[str]) -> dict[str, Any]:
        found = {name: value for name, value in {**others, **dossier}.items() if name not in without}
        return {**found, "code": found[code]} if code in found else found

    return st.builds(of, st.sampled_from(world.dossiers), words, left_out)


def _mix(world: World, case: Any, draw: Draw) -> None:
    for place in (case.path_parameters, case.query, case.body):
        for name in set(place) & set(draw.known) if isinstance(place, dict) else ():
            place[name] = draw.known[name]
    if draw.any_revision and "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = "*"
    fitting = world.bodies.get(case.operation.label)
    if draw.fits and isinstance(fitting, bytes):
        at, length, other = draw.spoil
        case.body = fitting[:at] + (other + fitting[at + length :] if at < len(fitting) else b"")
    elif draw.fits and fitting is not None and isinstance(case.body, dict):
        case.body = {**fitting, **{name: case.body[name] for name in draw.spoil & set(case.body)}}
    if draw.signed and (sign := SIGNED.get(case.operation.label)) is not None:
        sign(world, case, draw.known)
