"""MongoDB's filters and updates, as far as the chassis uses them, on plain documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo.errors import OperationFailure

Doc = dict[str, Any]


def at(doc: Any, path: str) -> tuple[Any, ...]:
    """The value at a dotted path, in a tuple; empty if there is none."""
    for step in path.split("."):
        if isinstance(doc, list) and step.isdigit():
            if int(step) >= len(doc):
                return ()
            doc = doc[int(step)]
        elif isinstance(doc, dict) and step in doc:
            doc = doc[step]
        else:
            return ()
    return (doc,)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda a, b: bool(a == b),
    "$gt": lambda a, b: type(a) is type(b) and bool(a > b),
    "$gte": lambda a, b: type(a) is type(b) and bool(a >= b),
    "$lt": lambda a, b: type(a) is type(b) and bool(a < b),
    "$lte": lambda a, b: type(a) is type(b) and bool(a <= b),
    "$in": lambda a, b: a in b,
}


def matches(doc: Doc, query: Mapping[str, Any]) -> bool:
    return all(_holds(at(doc, path), condition) for path, condition in query.items())


def _holds(found: tuple[Any, ...], condition: Any) -> bool:
    if not isinstance(condition, Mapping):
        return found == (condition,)
    for operator, operand in condition.items():
        if operator == "$exists":
            if bool(found) is not bool(operand):
                return False
        elif not found or not _COMPARE[operator](found[0], operand):
            return False
    return True


def updated(doc: Doc, update: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Doc:
    """`doc` after one update, by operators or by aggregation pipeline."""
    doc = dict(doc)
    if not isinstance(update, Mapping):
        for stage in update:
            ((name, fields),) = stage.items()
            if name == "$unset":
                for field in [fields] if isinstance(fields, str) else fields:
                    doc.pop(field, None)
                continue
            if name not in {"$set", "$addFields"}:
                raise OperationFailure(f"stage {name} is not known")
            values = {field: _value(doc, expression, {}) for field, expression in fields.items()}
            for field, value in values.items():
                doc.pop(field, None) if value is _REMOVE else doc.__setitem__(field, value)
        return doc
    for operator, fields in update.items():
        for field, operand in fields.items():
            _apply(doc, operator, field, operand)
    return doc


def _apply(doc: Doc, operator: str, field: str, operand: Any) -> None:
    if operator == "$set":
        doc[field] = operand
    elif operator == "$unset":
        doc.pop(field, None)
    elif operator == "$push":
        new = operand["$each"] if isinstance(operand, Mapping) and "$each" in operand else [operand]
        doc[field] = [*doc.get(field, []), *new]
        if isinstance(operand, Mapping) and "$slice" in operand:
            last = -operand["$slice"]
            doc[field] = doc[field][-last:] if last else []
    elif operator == "$pull":
        doc[field] = [e for e in doc.get(field, []) if not matches(e, operand)] if field in doc else []
    else:
        raise OperationFailure(f"operator {operator} is not known")


_REMOVE = object()


def _value(doc: Doc, expression: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(expression, str) and expression.startswith("$"):
        return _variable(doc, expression, names)
    if not isinstance(expression, Mapping) or not any(k.startswith("$") for k in expression):
        return expression
    ((operator, operand),) = expression.items()
    if operator == "$literal":
        return operand
    if operator == "$filter":
        array = _value(doc, operand["input"], names)
        name = operand.get("as", "this")
        return [e for e in array if _value(doc, operand["cond"], {**names, name: e})]
    operands = [_value(doc, o, names) for o in (operand if isinstance(operand, list) else [operand])]
    return _OPERATORS[operator](*operands)


def _variable(doc: Doc, expression: str, names: Mapping[str, Any]) -> Any:
    if expression == "$$REMOVE":
        return _REMOVE
    if expression.startswith("$$"):
        name, _, path = expression[2:].partition(".")
        found = at(names[name], path) if path else (names[name],)
    else:
        path = expression[1:]
        found = at(doc, path)
        parent = at(doc, path.rpartition(".")[0]) if not found and "." in path else ()
        if parent and isinstance(parent[0], list):
            found = ([at(e, path.rpartition(".")[2])[0] for e in parent[0]],)
    return found[0] if found else None


_OPERATORS: dict[str, Callable[..., Any]] = {
    "$ifNull": lambda *values: next((v for v in values if v is not None), None),
    "$gt": lambda a, b: a is not None and a > b,
    "$lte": lambda a, b: a is None or a <= b,
    "$eq": lambda a, b: a == b,
    "$size": len,
    "$max": lambda *values: max(values[0] if isinstance(values[0], list) else values, default=None),
    "$cond": lambda condition, then, otherwise: then if condition else otherwise,
}
