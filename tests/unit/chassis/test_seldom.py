"""What a library says again and again is said once in a while."""

from __future__ import annotations

import logging

from chassis.telemetry import Seldom


def _record(name: str, words: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, words, values, None)


def test_the_same_words_are_said_once_in_ten_seconds_with_how_often_they_were_meant() -> None:
    now = [100.0]
    seldom = Seldom("aiokafka", lambda: now[0])
    words = "Unable connect to node with id %s: %s"
    assert seldom.filter(_record("aiokafka.client", words, 1, "refused"))
    assert not any(seldom.filter(_record("aiokafka.client", words, node, "refused")) for node in range(40))
    assert seldom.filter(_record("aiokafka.client", "Failed fetch messages from %s", 1))
    assert seldom.filter(_record("aiokafka.consumer", words, 1, "refused"))
    now[0] += Seldom.SECONDS
    again = _record("aiokafka.client", words, 2, "refused")
    assert seldom.filter(again)
    assert again.getMessage() == "Unable connect to node with id 2: refused (and 40 times more)"
    now[0] += Seldom.SECONDS
    once_more = _record("aiokafka.client", words, 2, "refused")
    assert seldom.filter(once_more)
    assert once_more.getMessage() == "Unable connect to node with id 2: refused"


def test_what_our_own_code_says_is_always_said() -> None:
    seldom = Seldom("aiokafka", lambda: 100.0)
    assert all(seldom.filter(_record("chassis.relay", "events wait")) for _ in range(3))


def test_what_is_remembered_is_bounded() -> None:
    seldom = Seldom("aiokafka", lambda: 100.0)
    assert all(seldom.filter(_record("aiokafka", f"words {n}")) for n in range(Seldom.MOST + 5))
    assert not seldom.filter(_record("aiokafka", f"words {Seldom.MOST + 4}"))
