"""Reports of long work: the end is always told, time left is a number once it can be known."""

from core.progress import Event, Phase


def test_the_end_is_told_and_time_left_reaches_zero() -> None:
    seen: list[Event] = []
    phase = Phase("read", seen.append)
    for done in range(1, 101):
        phase.at(done, 100)
    assert (seen[-1].done, seen[-1].total, seen[-1].seconds_left) == (100, 100, 0.0)
    assert len(seen) < 10


def test_what_a_resumed_phase_finds_done_does_not_count_as_speed() -> None:
    seen: list[Event] = []
    phase = Phase("read", seen.append)
    phase.at(900, 1000, {"loss": 1.0})
    assert seen[-1].seconds_left is None
    assert seen[-1].figures == {"loss": 1.0}
