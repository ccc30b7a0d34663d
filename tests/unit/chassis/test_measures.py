"""What is remembered for an event, and what is made of it when it is asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis.ages import Ages
from chassis.measures import BOUNDS, HandlerTimes


def test_results_are_counted_and_times_are_cumulated_over_results() -> None:
    times = HandlerTimes()
    times.add("DossierSubmitted", "handled", 0.004)
    times.add("DossierSubmitted", "handled", 0.01)
    times.add("DossierSubmitted", "repeated", 0.3)
    times.add("DossierSubmitted", "wasparked", 99)
    times.add("DossierAccepted", "handled", 0.5)
    assert sorted(times.results()) == [
        ("DossierAccepted", "handled", 1),
        ("DossierSubmitted", "handled", 2),
        ("DossierSubmitted", "repeated", 1),
        ("DossierSubmitted", "wasparked", 1),
    ]
    buckets, total = times.histograms()["DossierSubmitted"]
    assert dict(buckets) == {
        **dict.fromkeys(("0.01", "0.025", "0.05", "0.1", "0.25"), 2),
        **dict.fromkeys(("0.5", "1.0", "2.5", "5.0", "10.0"), 3),
        "+Inf": 4,
    }
    assert round(total, 3) == 99.314


@given(st.lists(st.floats(0, 20)))
def test_every_time_is_in_the_buckets_from_its_own_on(seconds: list[float]) -> None:
    times = HandlerTimes()
    for one in seconds:
        times.add("m", "handled", one)
    buckets, _ = times.histograms().get("m", ([], 0.0))
    for label, count in buckets:
        assert count == sum(one <= float(label) for one in seconds)
    assert len(buckets) in {0, len(BOUNDS) + 1}


def test_the_oldest_is_that_of_the_poll_that_holds_the_position() -> None:
    ages: Ages[str] = Ages()
    assert ages.oldest("p") is None
    ages.polled("p", 9, 1_000)
    ages.polled("p", 19, 2_000)
    for position, oldest in ((None, 1_000), (9, 1_000), (10, 2_000), (20, None)):
        ages.passed("p", position)
        assert ages.oldest("p") == oldest
    ages.passed("q", 10)
    assert ages.oldest("q") is None
    ages.polled("p", 29, 3_000)
    ages.forget()
    assert ages.oldest("p") is None
