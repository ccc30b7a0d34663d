"""The templates there are, as files: ``templates/KIND.vN.toml``. The highest version of a kind is the one that is used.

A new message is one new file (and its SMS texts in ``registered.txt``); `hoso notify check` says what is wrong with it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from schemas.event import Event
from schemas.personal import Kind
from schemas.topics import CATALOGUES
from services.notification.domain.forms import FORMS, PLACE_LENGTH, Language
from services.notification.domain.segments import segments
from services.notification.domain.templates import BRAND, Compiled, Template, as_sms, fields_of, said

FOLDER: Final = files("services.notification") / "templates"
REGISTER: Final = "registered.txt"
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
LONG: Final = frozenset({"words", "items", "lines"})
"""Forms of what officers write at any length: cut, to three parts at most. Every other SMS is one part."""
LONGEST_CODE: Final = "G09.20-20260609-0092637"


class BadTemplate(ValueError):
    """A file that cannot be used; the message names it."""


class Catalogue:
    """All templates, by the event they are about and by file name."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self.by_name = dict(templates)
        newest: dict[str, tuple[str, Template]] = {}
        for name, template in templates.items():
            stem = name.rpartition(".v")[0]
            if stem not in newest or newest[stem][1].version < template.version:
                newest[stem] = (name, template)
        self._by_event: dict[str, list[tuple[str, Template]]] = {}
        self._ends: dict[str, set[str]] = {}
        for name, template in sorted(newest.values(), key=lambda found: -found[1].conditions):
            self._by_event.setdefault(template.event, []).append((name, template))
            for ended in template.ends:
                self._ends.setdefault(ended, set()).add(template.kind)

    def of(self, event: Event) -> tuple[str, Template] | None:
        """The template of an event with its name, if there is anything to say about it."""
        return next((found for found in self._by_event.get(event.TYPE, ()) if found[1].fits(event)), None)

    def ended_by(self, event: Event) -> frozenset[str]:
        """The kinds of messages that are no longer true after this event."""
        return frozenset(self._ends.get(event.TYPE, ()))

    @property
    def heard(self) -> frozenset[type[Event]]:
        """Every event type there is something to say or to take back about."""
        return frozenset(EVENTS[name] for name in (*self._by_event, *self._ends))


EVENTS: Final[Mapping[str, type[Event]]] = {
    event.TYPE: event for catalogue in CATALOGUES.values() for event in catalogue.types.values()
}


@cache
def packaged() -> Catalogue:
    """The templates of this release. Raises BadTemplate."""
    return Catalogue(dict(read(FOLDER)))


def read(folder: Traversable) -> Iterator[tuple[str, Template]]:
    """Every template of a folder with its name. Raises BadTemplate."""
    for path in sorted(folder.iterdir(), key=lambda found: found.name):
        match = re.fullmatch(r"([a-z_]+)\.v(\d+)\.toml", path.name)
        if match is None:
            continue
        try:
            form: dict[str, Any] = {
                "kind": match[1],
                **tomllib.loads(path.read_text("utf-8")),
                "version": int(match[2]),
            }
            template = Template.model_validate(form)
            _ = template.compiled
        except (tomllib.TOMLDecodeError, ValidationError, ValueError) as error:
            raise BadTemplate(f"{path.name}: {error}") from error
        yield path.name.removesuffix(".toml"), template


def registered(folder: Traversable) -> frozenset[str]:
    """The SMS texts filed with the carriers, ``{}`` for each placeholder."""
    lines = (folder / REGISTER).read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def findings(folder: Traversable, examples: Mapping[str, Event]) -> list[str]:
    """What is wrong with the templates of a folder; `examples` are events by type."""
    known = registered(folder)
    found: list[str] = []
    for name, template in read(folder):
        event = EVENTS.get(template.event)
        if event is None:
            found.append(f"{name}: there is no event {template.event!r}")
            continue
        found += [f"{name}: {problem}" for problem in _fields(template, event)]
        for language in LANGUAGES:
            where = f"{name} {language}"
            wrong = list(_typed(template, language, event))
            found += [f"{where}: {problem}" for problem in wrong]
            if not wrong:
                found += [
                    f"{where}: {problem}" for problem in _sms(template, language, examples[template.event], known)
                ]
    return found


def wrong_links(catalogue: Catalogue, links: Mapping[str, str]) -> Iterator[str]:
    """Why an address cannot be filled from the events of the e-mails it is for. Raises ValueError for a stray brace."""
    attaching = [template for template in catalogue.by_name.values() if template.attach is not None]
    for name, address in links.items():
        used = [template for template in attaching if template.attach == name]
        if not used:
            yield f"no message brings {name!r}, only {', '.join(sorted({str(t.attach) for t in attaching}))}"
        for template in used:
            problems = (_fits([field], "", EVENTS[template.event]) for field in fields_of(address))
            yield from (f"{name}: {problem}" for problem in problems if problem)


def _fields(template: Template, event: type[Event]) -> Iterator[str]:
    for name in (*template.when, *template.changed, *template.present, *template.each):
        if name not in event.model_fields:
            yield f"{event.TYPE} has no field {name!r}"
    yield from (f"there is no event {name!r} to end it" for name in template.ends if name not in EVENTS)
    yield from (f"there is no event {name!r} to cover" for name in template.covers if name not in EVENTS)


def _typed(template: Template, language: Language, event: type[Event]) -> Iterator[str]:
    texts = template.texts(language)
    if any(Compiled(text, language).secret for text in (texts.title, texts.plain or "")):
        yield "a title and plain words carry no secret"
    if (Compiled(texts.sms or "", language).secret is None) != (texts.plain is None):
        yield "an SMS with a secret has plain words beside it, and no other has"
    for text in (texts.sms or "", texts.plain or "", texts.title, texts.email):
        for field, form in Compiled(text, language).fields:
            problem = _fits(field.split("."), form, event)
            if problem:
                yield problem


def _fits(path: list[str], form: str, event: type[Event]) -> str | None:
    """Why a placeholder cannot be filled from the event's type."""
    annotation: Any = event
    for part in path:
        fields = getattr(annotation, "model_fields", {})
        if part not in fields:
            return f"{event.TYPE} has no field {'.'.join(path)!r}"
        annotation = fields[part].annotation
    text = str(annotation)
    secret = path[-1] in event.model_fields and _kinds(event.model_fields[path[-1]]) == {"secret"}
    if secret or form == "secret":
        return None if secret and form == "secret" else f"{'.'.join(path)!r} and {form!r}: a secret is named as one"
    fitting = {
        "day": ("datetime",),
        "dong": ("Vnd", "int"),
        "items": ("SupplementItem",),
        "lines": ("SupplementItem",),
        "way": ("in_person",),
    }
    if "Personal" in text:
        return f"{'.'.join(path)!r} is personal data"
    if form in fitting and not any(word in text for word in fitting[form]):
        return f"{'.'.join(path)!r} is {text}, which {form!r} does not write"
    if form in {"", "words", "short"} and "str" not in text:
        return f"{'.'.join(path)!r} is {text}: name a form, one of {', '.join(filter(None, FORMS))}"
    return None


def _kinds(field: FieldInfo) -> set[str]:
    """Of what kind of personal data a field is."""
    found = [*field.metadata, *(part for choice in get_args(field.annotation) for part in get_args(choice))]
    return {part.kind for part in found if isinstance(part, Kind)}


def _sms(template: Template, language: Language, event: Event, known: frozenset[str]) -> Iterator[str]:
    texts = template.texts(language)
    named = [*Compiled(texts.sms or "", language).fields, *Compiled(texts.plain or "", language).fields]
    longest = {field: "x" * (PLACE_LENGTH + 1) for field, form in named if form == "short"}
    filled = said(template, event.model_copy(update=longest), language)
    if texts.sms is not None:
        yield from _fits_a_phone(texts.sms, filled.sms or "", language, known)
    if texts.plain is not None:
        yield from _fits_a_phone(as_sms(texts.plain), as_sms(filled.plain or ""), language, known)


def _fits_a_phone(text: str, sms: str, language: Language, known: frozenset[str]) -> Iterator[str]:
    if not text.startswith(BRAND):
        yield f"an SMS begins with {BRAND!r}"
    if not text.isascii():
        yield "an SMS is written without diacritics"
    if skeleton(text) not in known:
        yield f"not registered with the carriers: {skeleton(text)!r} is not in {REGISTER}"
    longest = 3 if any(form in LONG for _, form in Compiled(text, language).fields) else 1
    parts = len(segments(sms.replace("{code}", LONGEST_CODE), "m"))
    if parts > longest:
        yield f"an SMS of {parts} segments, at most {longest}"


def skeleton(text: str) -> str:
    """A text as it is filed with the carriers: ``{}`` for what changes."""
    return re.sub(r"\{[^}]*\}", "{}", text)
