"""What must hold once all is worked off. It shares no code with the chassis: it reads documents and log as they lie."""

from __future__ import annotations

import json
from typing import Any

from .durable import DEAD, IN, OUT, DurableWorld
from .store import short, unpack
from .tally import NAME
from .world import Scenario


def verdict(scenario: Scenario, durable: DurableWorld, *, drained: bool = True) -> list[str]:
    """Everything that is wrong, in words. `drained`: nobody holds an older offset who might still commit it."""
    docs = {i: unpack(raw) for i, raw in durable.docs.get(NAME, {}).items()}
    wrong: list[str] = []
    for doc in docs.values():
        wrong += _at_rest(doc, scenario)
        wrong += _said(doc, durable)
        wrong += _effects(doc, durable, scenario)
    wrong += _inputs(scenario, durable, docs)
    if drained and durable.committed != len(durable.log[IN]):
        wrong.append(f"LEFT: offset {durable.committed} of {len(durable.log[IN])} is committed")
    if durable.log[DEAD] and not any(one.bad for one in scenario.inputs):
        wrong.append(f"DEAD LETTERS: {len(durable.log[DEAD])} without poison")
    return wrong


def told(durable: DurableWorld, learned: set[str]) -> list[str]:
    """An execution that a living replica was told of is not reported as unknown."""
    docs = [unpack(raw) for raw in durable.docs.get(NAME, {}).values()]
    results = [r for doc in docs for r in (doc.get("state") or {}).get("results", [])]
    if len(learned) > results.count("done"):
        return [f"UNTRUE: {sorted(learned)} were executed and known to be, the results are {results}"]
    return []


def _at_rest(doc: dict[str, Any], scenario: Scenario) -> list[str]:
    name, wrong = short(doc["_id"]), []
    poison = min((one.sequence for one in scenario.inputs if one.bad and one.dossier == doc["_id"]), default=None)
    if doc.get("outbox") or "pending" in doc:
        left = [e["n"] for e in doc.get("outbox", [])]
        wrong.append(f"STUCK OUTBOX: {name} has {left}, pending {doc.get('pending')}")
    if doc.get("effects"):
        wrong.append(f"STUCK EFFECT: {name} has {[e['id'] for e in doc['effects']]}")
    parked = [p["sequence"] for p in doc.get("parked", [])]
    behind = (
        set()
        if scenario.operator
        else {
            o.sequence
            for o in scenario.inputs
            if poison is not None and o.sequence >= poison and o.dossier == doc["_id"]
        }
    )
    if parked != sorted(behind):
        wrong.append(f"PARKED: {name} holds {parked}, it should {sorted(behind)}")
    if (doc.get("state") or {}).get("early"):
        wrong.append(f"EARLY: the deadline of {name} fired although it was not due")
    return wrong


def _said(doc: dict[str, Any], durable: DurableWorld) -> list[str]:
    """The reader's side: first occurrences are 1..last, one content each, and tell the state's own story."""
    name, seen, wrong = short(doc["_id"]), 0, []
    contents: dict[int, bytes] = {}
    for logged in durable.log[OUT]:
        if logged.key.decode() != doc["_id"]:
            continue
        n = int(dict(logged.headers)["ce_sequence"])
        if contents.setdefault(n, logged.value) != logged.value:
            wrong.append(f"SEQUENCE REUSED: event {n} of {name} has two contents")
        if n > seen + 1:
            wrong.append(f"GAP: a reader of {name} sees {n} after {seen}")
        seen = max(seen, n)
    if sorted(contents) != list(range(1, doc["last"] + 1)):
        wrong.append(f"LOST EVENT: {name} decided {doc['last']} events, the log has {sorted(contents)}")
    applied = (doc.get("state") or {}).get("applied", [])
    for n, value in {} if doc.get("closed") else contents.items():
        told = json.loads(value)["applied"]
        if told != applied[: len(told)]:
            wrong.append(f"CONTENT: event {n} of {name} tells {told}, the state {applied}")
    return wrong


def _inputs(scenario: Scenario, durable: DurableWorld, docs: dict[str, dict[str, Any]]) -> list[str]:
    wrong = []
    states = {i: doc.get("state") or {} for i, doc in docs.items()}
    events = dict.fromkeys(docs, 0)
    commands = [(c.dossier, c.ref, c.events, c.ref in durable.accepted) for c in scenario.commands]
    poison = {one.dossier: one.sequence for one in scenario.inputs if one.bad and not scenario.operator}
    inputs = {
        (one.dossier, one.ref, one.events, one.sequence < poison.get(one.dossier, one.sequence + 1))
        for one in scenario.inputs
        if not (one.poison and scenario.operator == "drop")
    }
    for who, ref, count, must in [*sorted(inputs), *commands]:
        over = docs.get(who, {"closed": True}).get("closed")
        times = int((who, ref) in durable.applied) if over else states.get(who, {}).get("applied", []).count(ref)
        if times > 1 or (must and not times):
            wrong.append(f"INPUT: {ref} took effect {times} times on {short(who)}")
        events[who] = events.get(who, 0) + times * count
    for who, doc in docs.items():
        if events[who] != doc["last"]:
            wrong.append(f"LOST EVENT: {short(who)} should have said {events[who]} events, it counts {doc['last']}")
    return wrong


def _effects(doc: dict[str, Any], durable: DurableWorld, scenario: Scenario) -> list[str]:
    wrong, name, state = [], short(doc["_id"]), doc.get("state") or {}
    kinds = {one.ref: one.effect for one in scenario.inputs} | {c.ref: c.effect for c in scenario.commands}
    decided = [kind for ref in state.get("applied", []) if (kind := kinds.get(ref))]
    results = state.get("results", [])
    if len([r for r in results if r == "done"]) > len(decided) or len(set(results)) < len(results) // 2:
        wrong.append(f"OUTCOMES: {name} decided {decided} and knows {results}")
    if len(results) < len(decided):
        wrong.append(f"NO OUTCOME: {name} decided {decided} and knows {results}")
    keys = [key for key in durable.sent if doc["_id"] in key]
    if "repeat" not in decided:
        wrong += [f"EXECUTED {keys.count(key)} TIMES: {key}" for key in sorted(set(keys)) if keys.count(key) > 1]
    if len(set(keys)) < len([r for r in results if r == "done"]):
        wrong.append(f"NEVER EXECUTED: {name} knows {results}")
    return wrong
