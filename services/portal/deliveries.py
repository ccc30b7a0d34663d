"""How a result comes to its applicant, in words: read off delivery's answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from services.portal.places import Places, meant
from services.portal.questions import PROVINCE, Choice, Question, address, explained
from services.portal.texts import Language, known, text
from services.portal.words import money

WAYS: Final = ("online", "in_person", "post")
PERSON: Final = (("authorised.name", "text", 200), ("authorised.identity_number", "digits", 20))
Said = Mapping[str, Any]


@dataclass(frozen=True)
class Arriving:
    """`pickup`: the code to collect it with; `item`: its number at the post office. Empty where there is none."""

    way: str
    desk: str
    hours: str
    pickup: str
    item: str


def in_force(delivery: Said | None) -> list[Said]:
    """The documents that were issued and hold."""
    documents = delivery["documents"] if delivery is not None else ()
    return [one for one in documents if "sha256" in one and "revoked_at" not in one]


def expected(delivery: Said | None, *, ended: bool) -> bool:
    """Whether there is, or may still be, a result to get."""
    return delivery is not None and "way" in delivery and not (ended and delivery["status"] == "waiting")


def arriving(delivery: Said, language: Language) -> Arriving:
    """Where it is on its way."""
    desk = delivery.get("desk")
    at = desk if isinstance(desk, dict) and ("pickup" in delivery or delivery["way"] == "in_person") else {}
    return Arriving(
        way=text(language, f"way.{delivery['way']}"),
        desk=at.get("name", ""),
        hours=at.get("hours", ""),
        pickup=delivery.get("pickup", ""),
        item=delivery.get("tracking", ""),
    )


@dataclass(frozen=True)
class Chosen:
    """What was chosen. `refused`: why it cannot be changed now; `wanted`: the way the post office is asked to let go
    for; `others`: the ways there are.
    """

    way: str
    desk: str
    address: str
    authorised: str
    refused: str
    wanted: str
    tangible: bool
    ways: tuple[str, ...]


def chosen(choice: Said, ways: Iterable[str], desks: Sequence[Said], places: Places, language: Language) -> Chosen:
    """`ways`: those of the procedure."""
    desk = next((one["name"] for one in desks if one["code"] == choice["desk"]), "")
    refused = choice["refused"]
    return Chosen(
        way=choice["way"],
        desk=desk if choice["way"] == "in_person" or choice["tangible"] else "",
        address=_line(choice["address"], places) if choice["way"] == "post" and choice["address"] else "",
        authorised=choice["authorised"] or "",
        refused=known(language, f"deliver.refused.{refused}", text(language, "deliver.refused.busy"))
        if refused
        else "",
        wanted=choice["wanted"] or "",
        tangible=choice["tangible"],
        ways=tuple(way for way in WAYS if way in set(ways)),
    )


def follows(way: str, choice: Said, language: Language) -> tuple[str, ...]:
    """What a choice brings with it, said before it is made."""
    said = [text(language, f"deliver.follows.{way}")]
    if way == "online" and choice["tangible"]:
        said.append(text(language, "deliver.follows.tangible"))
    if way == "post":
        amount, by = choice["fee"]["amount"], choice["fee"]["by"]
        key = f"deliver.follows.fee_{by}" if amount else "deliver.follows.fee_none"
        said.append(text(language, key, amount=money(amount, language)) if amount else text(language, key))
    return tuple(said)


def asked(way: str, choice: Said, desks: Sequence[Said], places: Places, language: Language) -> tuple[Question, ...]:
    """What must be known for a way, with what is known already."""
    if way == "post":
        now = choice["address"] or {"province": "", "commune": "", "detail": ""}
        needed = (replace(one, required=True) for one in address(places, language))
        return tuple(one.answered(now[one.name.rpartition(".")[2]]) for one in needed)
    if way == "in_person":
        at = Question(
            "desk", text(language, "deliver.desk"), "choice", value=choice["desk"], required=True,
            choices=tuple(Choice(one["code"], one["name"]) for one in desks),
        )  # fmt: skip
        return at, *(
            Question(name, text(language, f"deliver.{name}"), kind, longest=longest, hint=_hint(name, language))
            for name, kind, longest in PERSON
        )
    return ()


def wish(way: str, questions: Sequence[Question], given: Mapping[str, str]) -> dict[str, Any]:
    """What delivery is asked for. What was left blank stays as it is there."""
    found: dict[str, Any] = {"way": way}
    for question in questions:
        group, _, name = question.name.partition(".")
        answer = given.get(question.name, "").strip()
        if name == "commune":
            answer = meant(answer, question.suggestions, given.get(PROVINCE, "").strip())
        if not name:
            found[group] = answer
        elif answer or group == "address":
            found.setdefault(group, {})[name] = answer
    return found


def again(
    questions: Sequence[Question], given: Mapping[str, str], fields: Iterable[str], language: Language
) -> tuple[Question, ...]:
    """The same with what was answered; `fields`: those that are wrong."""
    wrong = set(fields)
    if "address" in wrong:
        wrong.add("address.detail")
    shown = tuple(
        one.answered(
            given.get(one.name, "").strip(),
            text(language, f"deliver.wrong.{one.name}") if one.name in wrong else "",
        )
        for one in questions
    )
    return explained(shown, language)


def _hint(name: str, language: Language) -> str:
    return known(language, f"deliver.{name}_hint", "")


def _line(found: Said, places: Places) -> str:
    commune = next((one.name for one in places.communes if one.value == found["commune"]), found["commune"])
    province = next((one.name for one in places.provinces if one.value == found["province"]), found["province"])
    return ", ".join((found["detail"], commune, province))
