"""The answer in words: who wins, by how much, what would settle it, and never more than the test can show."""

import re
from dataclasses import replace

import pytest

from core.benchmark.results import Results
from core.benchmark.table import build_table
from core.benchmark.verdict import More, Verdict, verdict
from core.benchmark.wording import NO_DIFFERENCE, per_thousand
from core.evaluation import Missing
from core.ranking import Figure
from tests.benchmarked import ARMS, STRENGTH, made_results


def told(results: Results) -> Verdict:
    return verdict(build_table(results, resamples=300))


def more_of(found: Verdict) -> More:
    assert isinstance(found.more, More)
    return found.more


def test_a_language_model_that_wins_is_named_first_with_orders_and_cost() -> None:
    found = told(made_results({"lightgbm": 0.5, "asllr": 0.6, "hpro": 2.0}))
    assert (found.use, found.reference, found.language) == ("hpro", "lightgbm", "hpro")
    more = more_of(found)
    assert more.shown and more.value > 0 and more.leads_needed is None
    assert found.answer[0].startswith("Use the language model, asLLR + HPRO: of 1,000 calls")
    orders = found.orders["hpro"]
    assert isinstance(orders, Figure) and per_thousand(orders.value) in found.answer[0]
    assert f"{per_thousand(more.value)} more" in found.answer[1] and "LightGBM: more than chance" in found.answer[1]
    assert "asLLR + HPRO takes 5 minutes to train and 40 s to score 1,000 leads; LightGBM takes 60 s" in found.words


def test_a_baseline_that_wins_is_said_first() -> None:
    found = told(made_results({"lightgbm": 2.0, "hpro": 0.5}))
    assert found.use == "lightgbm" and more_of(found).shown
    assert found.answer[0].startswith("Use LightGBM: of 1,000 calls")
    assert "fewer" in found.answer[1] and "worse, by more than chance" in found.answer[1]


def test_an_undecided_test_says_how_many_leads_would_settle_it() -> None:
    found = told(made_results({"lightgbm": 1.0, "hpro": 1.1}, leads=800))
    more = more_of(found)
    assert not more.shown and found.use == "lightgbm" and NO_DIFFERENCE in found.answer[1]
    assert more.leads_needed is not None and more.leads_needed > 800
    assert re.search(r"About [\d,]+ tested leads would settle it\.", found.words)


def test_where_no_number_of_leads_would_settle_it_that_is_said() -> None:
    results = made_results({"lightgbm": 1.0, "asllr": 1.0}, leads=400, seeds=1)
    same = tuple(replace(one, score=results.trials[0].score) for one in results.trials)
    found = told(replace(results, trials=same))
    assert more_of(found).leads_needed is None
    assert "as many" in found.answer[1] and "no number of leads would settle it" in found.words


def test_without_a_rival_nothing_is_claimed() -> None:
    alone = told(made_results({"lightgbm": 1.0}))
    assert alone.use == "lightgbm" and alone.more is None and "could not run: there is no accelerator" in alone.words
    waiting = told(made_results({"lightgbm": 1.0}, left_out={}, waiting=("hpro",)))
    assert "has not run yet" in waiting.words and "one way to rank is not finished" in waiting.words
    model = told(made_results({"hpro": 1.0}))
    assert model.use == "hpro" and "No usual method has run" in model.words
    ablation = told(made_results({"hpro-no-margin": 1.0}))
    assert ablation.use is None and "Nothing can be advised yet" in ablation.words


def test_a_capacity_of_less_than_a_lead_cannot_decide() -> None:
    found = told(made_results({"lightgbm": 0.5, "hpro": 3.0}, leads=200, capacity=0.002))
    assert isinstance(found.more, Missing) and found.use == "lightgbm"
    assert "cannot be compared" in found.words and "at least 500 leads" in found.words


def test_few_seeds_and_unfinished_arms_are_cautioned() -> None:
    once = told(made_results({"lightgbm": 1.0, "hpro": 1.2}, seeds=1))
    assert "Each way was trained once" in once.words
    results = made_results({"lightgbm": 1.0, "asllr": 0.9, "hpro": 1.2}, waiting=("hpro", "lora"))
    part = told(replace(results, trials=tuple(one for one in results.trials if one.arm != "hpro" or one.seed == 0)))
    assert "2 ways to rank are not finished" in part.words and "One of the two was trained once" in part.words
    untested = {"split": {"train": 10, "calibration": 10, "test": 0}}
    assert "too good" in told(made_results(leads=200, shared=untested)).words


def test_sentences_name_titles_and_never_keys() -> None:
    found = told(made_results())
    sentences = " ".join((found.words, *(line for lines in found.lessons.values() for line in lines)))
    for key in ARMS:
        assert not re.search(rf"(?<![\w-]){re.escape(key)}(?![\w'-])", sentences.replace("tier key", "tier")), key


def test_lessons_tell_tiers_text_and_changes() -> None:
    found = told(made_results()).lessons
    (tier, warning) = found["tiers"]
    assert tier.startswith("HPRO, tier key alone: of 1,000 calls") and tier.endswith("it hurts.")
    assert warning == "Before any training: tier 'key' pulls the wrong way."
    assert "one click-through network" in found["text"][0] and found["text"][1].startswith("In AUC that is +0.0")
    assert [line.split(":")[0] for line in found["ablations"]] == ["asLLR + HPRO", "HPRO, margins at zero"]
    nothing = told(made_results({"lightgbm": 1.0, "deepfm": 1.0}, shared={})).lessons
    assert nothing == {"tiers": (), "text": (), "ablations": ()}


def test_what_text_adds_is_the_mean_over_the_models_that_ran_both_ways() -> None:
    arms = ARMS | {
        "dcn": replace(ARMS["deepfm"], key="dcn", title="DCN"),
        "dcn+text": replace(ARMS["deepfm+text"], key="dcn+text", title="DCN + text", reference="dcn"),
    }
    table = build_table(made_results({**STRENGTH, "dcn": 0.5, "dcn+text": 1.5}, arms=arms), resamples=100)
    measure = table.at_capacity
    each = [table.contrast(measure, {f"{key}+text": 1, key: -1}).value for key in ("deepfm", "dcn")]
    sentence = verdict(table).lessons["text"][0]
    assert "2 click-through networks" in sentence and f"brings {per_thousand(sum(each) / 2)} more" in sentence


def test_the_answer_as_json_has_numbers_and_sentences() -> None:
    document = told(made_results()).to_dict()
    assert document["use"] == "lightgbm" and document["more"]["shown"] in (True, False)
    assert document["orders"]["deepfm+text"]["low"] <= document["orders"]["deepfm+text"]["value"]
    assert document["answer"][0].startswith("Use LightGBM")


@pytest.mark.parametrize("seed", range(3))
def test_equal_ways_to_rank_never_unseat_the_simpler_one(seed: int) -> None:
    found = told(made_results({"lightgbm": 1.0, "hpro": 1.0}, leads=2000, seed=seed))
    assert found.use == "lightgbm" and not more_of(found).shown


def test_leads_without_words_are_said_to_have_been_judged_by_their_fields() -> None:
    words = made_results({"lightgbm": 1.0, "asllr": 1.0})
    silent = replace(words, shared={**words.shared, "reads": False})
    assert "no words to read" in told(silent).words and "no words to read" not in told(words).words


def test_the_usual_method_that_was_best_after_the_fact_is_named_as_a_hint() -> None:
    found = told(made_results({"newest": 3.0, "lightgbm": 0.5, "asllr": 0.5}))
    assert found.reference == "newest" and "take it as a hint" not in found.words
    results = made_results({"newest": 3.0, "lightgbm": 0.5, "asllr": 0.5})
    swapped = replace(
        results, trials=tuple(replace(one, validation=0.9 if one.arm == "lightgbm" else 0.1) for one in results.trials)
    )
    found = told(swapped)
    assert found.reference == "lightgbm" and "Newest first found most on the tested leads" in found.words
