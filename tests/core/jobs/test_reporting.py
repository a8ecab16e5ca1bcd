"""A long job's history stays short, and keeps what a curve needs."""

from itertools import pairwise

from core.jobs.reporting import Thinning
from core.progress import Event


def kept_of(events: list[Event]) -> list[Event]:
    thinning = Thinning()
    return [event for event in events if thinning.keeps(event)]


def test_many_reports_become_a_few_thousand() -> None:
    """A million become 2,600; here a quarter of that, for the time it takes."""
    thinning, total = Thinning(), 250_000
    kept = [i for i in range(1, total + 1) if thinning.keeps(Event("fine-tune", i, total, None, {"total": 1 / i}))]
    assert kept[0] == 1 and kept[-1] == total
    assert 1_000 < len(kept) < 2_400
    assert max(b - a for a, b in pairwise(kept)) < total / 50


def test_short_histories_are_kept_whole() -> None:
    events = [Event("fine-tune", i, 200, None, {"total": 1.0}) for i in range(1, 201)]
    assert kept_of(events) == events


def test_every_validation_is_kept() -> None:
    events = []
    for epoch in range(20):
        events += [Event("fine-tune", epoch * 1000 + i, 50_000, None, {"total": 1.0}) for i in range(1000)]
        events.append(Event("fine-tune", epoch * 1000 + 999, 50_000, None, {"validation_auc": 0.5 + epoch / 100}))
    assert sum("validation_auc" in event.figures for event in kept_of(events)) == 20


def test_notes_without_end_do_not_fill_the_table() -> None:
    assert len(kept_of([Event(f"note {i}") for i in range(10_000)])) == 300
