"""Rights on Kafka follow the declaration of topics, and nobody has one that it does not name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.access.rights import (
    OPERATOR,
    RESERVED,
    STATISTICS,
    STATISTICS_PREFIX,
    Right,
    portal,
    principals,
    quotas,
    rights,
)
from schemas.topics import CONSUMERS, STREAMS, UPSTREAM, dead_letter_topic, declared, heard_by, reply_topic
from services.tracking.statistics.book import group_of

SOURCES = ("dvc-example", "dvc.example")
ALL = rights(SOURCES)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True).filter(lambda name: name not in RESERVED)


def of(principal: str) -> set[tuple[str, str, str]]:
    return {(r.operation, r.kind, r.name) for r in ALL if r.principal == principal}


def test_a_portal_writes_filings_and_reads_its_own_replies() -> None:
    assert of("portal.dvc-example") == {
        ("WRITE", "TOPIC", UPSTREAM),
        ("READ", "TOPIC", "upstream.replies.dvc-example.v1"),
        ("READ", "GROUP", "portal.dvc-example/"),
    }


@pytest.mark.parametrize("service", CONSUMERS)
def test_a_service_has_what_the_declaration_says_and_its_own_group(service: str) -> None:
    topics = declared(SOURCES)
    wanted = {("WRITE", "TOPIC", t.name) for t in topics if service in t.producers}
    wanted |= {("READ", "TOPIC", t.name) for t in topics if service in t.consumers}
    wanted |= {("READ", "TOPIC", t.name) for t in STREAMS.values() if service in t.producers}
    assert of(service) == wanted | {("READ", "GROUP", service)}


def test_each_stream_is_written_by_one_service_alone() -> None:
    for topic in STREAMS.values():
        assert {r.principal for r in ALL if r.name == topic.name and r.operation == "WRITE"} == set(topic.producers)
        assert len(topic.producers) == 1


def test_nobody_but_submission_reads_what_portals_write() -> None:
    assert {r.principal for r in ALL if r.name == UPSTREAM and r.operation == "READ"} == {"submission"}


def test_statistics_has_what_its_process_uses() -> None:
    group = group_of(1)
    assert group.startswith(STATISTICS_PREFIX)
    heard = {("READ", "TOPIC", topic.name) for topic in heard_by("tracking").values()}
    own = {(operation, "TOPIC", STATISTICS_PREFIX) for operation in ("READ", "WRITE", "CREATE")}
    buries = {("WRITE", "TOPIC", dead_letter_topic("tracking"))}
    assert of(STATISTICS) == heard | own | buries | {("READ", "GROUP", STATISTICS_PREFIX)}


def test_an_operator_reads_dead_letters_and_nothing_else() -> None:
    assert of(OPERATOR) == {("READ", "TOPIC", dead_letter_topic(service)) for service in CONSUMERS}


def test_only_statistics_creates_topics_and_a_prefix_covers_no_topic_of_another() -> None:
    assert {r.principal for r in ALL if r.operation == "CREATE"} == {STATISTICS}
    prefixes = [r.name for r in ALL if r.prefixed and r.kind == "TOPIC"]
    assert not [t.name for t in declared(SOURCES) if any(t.name.startswith(prefix) for prefix in prefixes)]


@given(st.lists(names, min_size=2, max_size=2, unique=True))
def test_portals_share_nothing_but_the_topic_they_write(sources: list[str]) -> None:
    """Whatever they are called: also where one name begins with the other."""
    found = rights(sources)
    one, other = ({r for r in found if r.principal == portal(source)} for source in sources)

    def reaches(mine: set[Right], theirs: Right) -> bool:
        return any(
            r.kind == theirs.kind
            and r.operation == theirs.operation
            and (theirs.name.startswith(r.name) if r.prefixed else theirs.name == r.name)
            for r in mine
        )

    assert {r.name for r in other if reaches(one, r)} == {UPSTREAM}
    assert {r.name for r in one if reaches(other, r)} == {UPSTREAM}
    assert reply_topic(sources[0]) in {r.name for r in one}


@pytest.mark.parametrize("source", [*sorted(RESERVED), "", "a/b", "a b", "*", "a\n", "-a", "a" * 101])
def test_a_portal_that_could_be_taken_for_another_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        principals((source,))
    with pytest.raises(ValueError, match="portal"):
        rights((source,))


def test_every_portal_has_a_quota_and_no_service() -> None:
    found = quotas(SOURCES, produced=1, fetched=2, requests=3)
    assert {q.principal for q in found} == {portal(source) for source in SOURCES}
