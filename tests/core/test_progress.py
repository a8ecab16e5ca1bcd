"""Reports of long work: the end is always told, time left is a number once it can be known."""

import time

from core.progress import Event, Phase, with_memory


def test_the_end_is_told_and_time_left_reaches_zero() -> None:
    seen: list[Event] = []
    phase = Phase("read", seen.append)
    for done in range(1, 101):
        phase.at(done, 100)
    assert (seen[-1].done, seen[-1].total, seen[-1].seconds_left) == (100, 100, 0.0)
    assert len(seen) < 10


def test_the_end_is_told_once_and_again_after_a_new_beginning() -> None:
    seen: list[int] = []
    phase = Phase("read", lambda event: seen.append(event.done))
    for done in (8, 8, 1, 8):
        phase.at(done, 8)
    assert seen == [8, 8]


def test_what_a_resumed_phase_finds_done_does_not_count_as_speed() -> None:
    seen: list[Event] = []
    phase = Phase("read", seen.append)
    phase.at(900, 1000, {"loss": 1.0})
    assert seen[-1].seconds_left is None
    assert seen[-1].figures == {"loss": 1.0}


def test_a_phase_with_a_rate_tells_it():
    told: list[Event] = []
    phase = Phase("read", told.append, rate="tokens_per_second")
    phase.at(0, 100)
    time.sleep(0.02)
    phase.at(100, 100)
    assert "tokens_per_second" not in told[0].figures
    assert 0 < told[-1].figures["tokens_per_second"] < 100 / 0.02


def test_memory_is_told_with_progress_and_not_with_bare_words():
    told: list[Event] = []
    watch = with_memory(told.append)
    watch(Event("note"))
    watch(Event("read", 1, 2, figures={"total": 1.0}))
    assert told[0].figures == {}
    assert told[1].figures["total"] == 1.0
    assert 0.01 < told[1].figures["memory_gb"] < 1000
