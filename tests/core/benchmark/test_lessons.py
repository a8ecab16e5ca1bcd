"""What a benchmark teaches, and where it cannot: what is not alike but for one thing is not held against each other."""

from core.benchmark.arms import held_against
from core.benchmark.lessons import lessons
from core.benchmark.results import Results
from core.benchmark.table import build_table
from tests.benchmarked import ARMS, made_results


def read(train: int, of: int) -> Results:
    made = made_results()
    fair = held_against(ARMS, words=True, whole=train == of)
    return made_results(arms=fair, shared={**made.shared, "read": {"train": train, "of": of}})


def test_text_is_not_held_against_a_network_that_learned_from_more_leads() -> None:
    whole = lessons(build_table(read(3600, 3600), resamples=100))["text"]
    assert len(whole) == 2 and whole[0].startswith("On average over one click-through network")
    sampled = lessons(build_table(read(1000, 3600), resamples=100))["text"]
    assert len(sampled) == 1 and "cannot be told: with it they learned from 1,000 of the 3,600" in sampled[0]


def test_nothing_is_said_of_text_where_nothing_ran_with_it() -> None:
    strength = {"newest": 0.1, "deepfm": 1.0, "asllr": 1.0}
    made = made_results(strength)
    alone = made_results(strength, shared={**made.shared, "read": {"train": 1000, "of": 3600}})
    assert lessons(build_table(alone, resamples=100))["text"] == ()
