"""What is said: one template a kind of message, with a text for each channel and language. Pure.

A placeholder is ``{field}`` or ``{field.part:form}`` of the template's event, ``{this|that}`` the first of several that
is there; ``{code}`` is how the dossier is called.
No personal data: a dossier is named by its code, before it has one by the first eight characters of its id. A code or
a link only the applicant may know (``{pin:secret}``) stays sealed: its place is filled where the message is sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, reduce
from hashlib import sha256
from string import Formatter
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from law.text import unaccent
from schemas.event import Event, Record
from schemas.personal import Secret
from services.notification.domain.forms import FORMS, Language

BRAND: Final = "So VHTTDL Dien Bien: "
"""What every SMS begins with: the agency's name within the registered brand-name text."""
SIGNATURE: Final = "Sở VHTTDL Điện Biên"
CODE: Final = "{code}"
SMS_LENGTH: Final = 459
"""Three parts of a GSM text."""
EMAIL_LENGTH: Final = 940
CODE_ROOM: Final = 34
"""The longest dossier code (35 characters, domain.md 2.1) over its placeholder, and a little."""
SPELT: Final = str.maketrans({"×": "x", "–": "-", "—": "-", "“": '"', "”": '"', "’": "'", "‘": "'", "…": "..."})
Lane = Literal["action", "information"]
"""`action`: what the reader must do, or the answer to what they just did; `information` may wait for the morning."""
Reader = Literal["applicant", "holder", "leader"]
Attached = Literal["receipt", "result"]
"""What an e-mail brings as a link to the page where it is downloaded; files are never sent."""
ATTACHED: Final[Mapping[Language, Mapping[Attached, str]]] = {
    "vi": {"receipt": "Biên lai (PDF)", "result": "Kết quả"},
    "en": {"receipt": "Receipt (PDF)", "result": "Result"},
}


class Texts(BaseModel):
    """One language. No `sms`: the message goes by e-mail only. `plain`: said instead to whom no secret may be sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sms: str | None = None
    plain: str | None = None
    title: str
    email: str


class Template(BaseModel):
    """One file. `kind`: there is one message of a kind in a dossier, or one for each value of the fields in `each`.

    It is about an event whose fields are as `when` says, differ where `changed` says, and are there where `present`
    says. `ends`: event types after which it is no longer true. `covers`: event types
    that are said together with it and tell the reader nothing more. `optional`: one may do without it (no law asks for
    it). `email_policy`: e-mail beside the SMS, or only where the SMS did not arrive. `attach`: what the e-mail links.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    version: Annotated[int, Field(ge=1)]
    event: str
    to: Reader = "applicant"
    lane: Lane = "information"
    optional: bool = False
    email_policy: Literal["also", "fallback"] = "fallback"
    attach: Attached | None = None
    when: dict[str, str] = {}
    changed: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    vi: Texts
    en: Texts

    @property
    def conditions(self) -> int:
        """How particular it is: of several that fit an event the most particular is said."""
        return len(self.when) + len(self.changed) + len(self.present)

    def fits(self, event: Event) -> bool:
        """Whether there is something to say about this very event."""
        values = [getattr(event, name) for name in self.changed]
        return (
            all(getattr(event, name) == wanted for name, wanted in self.when.items())
            and len(set(values)) == len(values)
            and all(getattr(event, name) is not None for name in self.present)
        )

    def identity(self, event: Event) -> str:
        """What there is one message of."""
        if not self.each:
            return self.kind
        values = "\n".join(str(getattr(event, name)) for name in self.each)
        return f"{self.kind}.{sha256(values.encode()).hexdigest()[:8]}"

    def texts(self, language: Language) -> Texts:
        """The texts of one language."""
        return self.vi if language == "vi" else self.en

    @cached_property
    def compiled(self) -> Mapping[Language, tuple[Compiled, Compiled, Compiled, Compiled]]:
        """Parsed once: SMS, title and e-mail of each language."""
        languages: tuple[Language, ...] = ("vi", "en")
        return {
            language: (
                Compiled(found.sms or "", language),
                Compiled(found.title, language),
                Compiled(found.email, language),
                Compiled(found.plain or "", language),
            )
            for language in languages
            for found in (self.texts(language),)
        }


class Said(Record):
    """A message about one event in one language; ``{code}`` is still open, for the code may come later.

    `sms_secret`, `email_secret`: what fills ``{secret}``. `halves`: they are two, and no channel may carry both.
    """

    sms: str | None
    plain: str | None = None
    title: str
    email: str
    sms_secret: Secret | None = None
    email_secret: Secret | None = None
    halves: bool = False


def said(template: Template, event: Event, language: Language, links: Mapping[str, str] | None = None) -> Said:
    """The texts of an event. `links`: addresses of pages by what is attached, with fields of the event."""
    sms, title, email, plain = template.compiled[language]
    attached = _attached(template, event, language, links or {})
    texts = template.texts(language)
    return Said(
        sms=_cut(_ascii(sms.fill(event)), SMS_LENGTH) if texts.sms is not None else None,
        plain=plain.fill(event) if texts.plain is not None else None,
        title=title.fill(event),
        email=signed(_cut(email.fill(event), EMAIL_LENGTH - len(attached)) + attached),
        sms_secret=sms.secret_of(event),
        email_secret=email.secret_of(event),
        halves=sms.secret is not None and email.secret is not None and sms.secret != email.secret,
    )


def _attached(template: Template, event: Event, language: Language, links: Mapping[str, str]) -> str:
    """The last line of an e-mail that brings something; none where no address is set for it."""
    if template.attach is None or template.attach not in links:
        return ""
    address = links[template.attach]
    values = {name: quote(str(getattr(event, name)), safe="") for name in fields_of(address)}
    return f"\n\n{ATTACHED[language][template.attach]}: {address.format_map(values)}"


def fields_of(address: str) -> list[str]:
    """The fields an address names. Raises ValueError for one with a stray brace."""
    return [field for _, field, _, _ in Formatter().parse(address) if field is not None]


def signed(text: str) -> str:
    """As an e-mail ends."""
    return f"{text}\n\n{SIGNATURE}\n"


def as_sms(text: str) -> str:
    """Plain words as a phone shows them: with the brand, without diacritics."""
    return _cut(_ascii(f"{BRAND}{text}"), SMS_LENGTH)


def named(text: str, code: str) -> str:
    """The text with the dossier's name in it; an SMS stays in three parts."""
    return text.replace(CODE, code)


class Compiled:
    """A text cut at its placeholders."""

    def __init__(self, text: str, language: Language) -> None:
        """Raises ValueError for a text with a stray brace, a form there is not, or more than one secret."""
        self._parts: list[str | tuple[list[list[str]], Callable[[Any, Language], str]]] = []
        self._language = language
        self.fields: list[tuple[str, str]] = []
        self.secret: str | None = None
        for literal, field, form, _ in Formatter().parse(text):
            self._parts.append(literal)
            if field == "code":
                self._parts.append(CODE)
            elif field is not None:
                if form not in FORMS:
                    raise ValueError(
                        f"{{{field}:{form}}}: there is no form {form!r}, only {', '.join(filter(None, FORMS))}"
                    )
                choices = field.split("|")
                self.fields += [(choice, form or "") for choice in choices]
                if form == "secret":
                    if self.secret is not None:
                        raise ValueError(f"{{{field}:secret}}: a text carries one secret at most")
                    self.secret = field
                self._parts.append(([choice.split(".") for choice in choices], FORMS[form or ""]))

    def fill(self, event: Event) -> str:
        """With the values of an event."""
        return "".join(
            part if isinstance(part, str) else part[1](_value(event, part[0]), self._language) for part in self._parts
        )

    def secret_of(self, event: Event) -> Secret | None:
        """The sealed value that goes where the text says `SEALED`."""
        return getattr(event, self.secret) if self.secret is not None else None


def _value(event: Any, paths: Iterable[Iterable[str]]) -> Any:
    """The first that is there."""
    found: Any = None
    for path in paths:
        found = reduce(getattr, path, event)
        if found is not None:
            break
    return found


def _ascii(text: str) -> str:
    """One letter outside GSM-7 would make every part of a text a third as long; đ becomes d, × becomes x."""
    if text.isascii():
        return text
    spelt = unicodedata.normalize("NFKD", unaccent(text).translate(SPELT))
    return spelt.encode("ascii", "replace").decode()


def _cut(text: str, length: int) -> str:
    """What an officer wrote at length is read on the portal. Room is left for the code, which comes later."""
    length -= CODE_ROOM if CODE in text else 0
    return text if len(text) <= length else f"{text[: length - 3]}..."
