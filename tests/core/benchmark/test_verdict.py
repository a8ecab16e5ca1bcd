"""The answer in words: who wins, by how much, what would settle it, and never more than the test can show."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core.benchmark.results import Results
from core.benchmark.spread import Point
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
    assert found.headline == "Use the language model, asLLR + HPRO"
    assert (
        f"finds {per_thousand(more.value)} more orders in 1,000 calls than the best usual method, LightGBM (between"
        in found.answer[1]
    )
    assert found.answer[1].endswith("more than chance.")
    assert "asLLR + HPRO takes 5 minutes to train and 40 s to score 1,000 leads; LightGBM takes 60 s" in found.words


def test_a_baseline_that_wins_is_said_first() -> None:
    found = told(made_results({"lightgbm": 2.0, "hpro": 0.5}))
    assert found.use == "lightgbm" and more_of(found).shown
    assert found.headline == "Use LightGBM" and found.answer[0].startswith("Use LightGBM: of 1,000 calls")
    assert "fewer" in found.answer[1] and "worse, by more than chance" in found.answer[1]


def test_an_undecided_test_says_how_many_leads_would_settle_it() -> None:
    found = told(made_results({"lightgbm": 1.0, "hpro": 1.4}, leads=800))
    more = more_of(found)
    assert not more.shown and found.use == "lightgbm" and NO_DIFFERENCE in found.answer[1]
    assert more.leads_needed is not None and more.leads_needed > 800
    words = r"If the difference is as large as seen, about [\d,]+ tested leads would show it in 8 of 10 tests\."
    assert re.search(words, found.words)


def twins(leads: int) -> Verdict:
    """Two ways that rank alike."""
    results = made_results({"lightgbm": 1.0, "asllr": 1.0}, leads=leads, seeds=1)
    return told(replace(results, trials=tuple(replace(one, score=results.trials[0].score) for one in results.trials)))


def test_two_that_are_alike_for_sure_are_called_so() -> None:
    assert "it is by less than a tenth of the orders" in twins(20_000).answer[2]


@pytest.mark.parametrize(("tested", "chosen"), [(22, 12), (22, 200), (80, 12)])
def test_few_orders_advise_nothing_and_say_how_many_leads_would_do(tested: int, chosen: int) -> None:
    shared = {"leads": 900, "converted": {"train": 50, "calibration": chosen, "test": tested}}
    found = told(made_results({"lightgbm": 1.0, "hpro": 1.1}, leads=10 * tested, shared=shared))
    assert found.headline == "Too few orders to tell" and found.use is None
    first, meanwhile = found.answer[:2]
    assert (
        first.startswith("Too few orders to tell: ")
        and f"at least 50 among the tested leads (there are {tested})" in first
    )
    assert ("25 among those held back for choosing settings (there are 12)" in first) == (chosen == 12)
    needed = re.search(r"About ([\d,]+) leads like these would do; here are 900\.", first)
    assert needed and int(needed[1].replace(",", "")) == pytest.approx(
        1.05 * 900 * max(50 / tested, 25 / chosen), rel=0.05
    )
    assert meanwhile.startswith("Until then keep the way you rank now;") and "LightGBM is the simplest" in meanwhile
    assert "Use " not in found.words and "so close" not in found.words


def test_a_lead_that_is_more_than_chance_on_few_orders_stays_a_hint() -> None:
    found = told(made_results({"lightgbm": 0.1, "hpro": 4.0}, leads=300))
    assert more_of(found).shown and found.use is None and found.headline == "Too few orders to tell"
    assert "more than chance, but so few orders can mislead; take it as a hint" in found.words


def chosen_by(values: dict[str, float], error: float | None, **more: float) -> Results:
    results = made_results({**dict.fromkeys(values, 1.0), **more})
    trials = (replace(one, validation=values.get(one.arm, 0.1), validation_error=error) for one in results.trials)
    return replace(results, trials=tuple(trials), left_out={})


def test_usual_methods_that_cannot_be_told_apart_are_named_and_the_simplest_is_used() -> None:
    """The reference stays the best one, so that the language model has no easier rival."""
    found = told(chosen_by({"newest": 0.1, "lightgbm": 0.31, "deepfm": 0.33}, 0.05, asllr=1.0))
    assert (found.use, found.simplest, found.reference) == ("lightgbm", "lightgbm", "deepfm")
    assert found.headline == "Use LightGBM" and found.answer[1] == (
        "On the leads held back for choosing, 2 usual methods cannot be told apart: LightGBM and DeepFM. "
        "LightGBM is the simplest of them."
    )
    assert "the best usual method, DeepFM (between" in found.answer[2]
    surely = told(chosen_by({"newest": 0.1, "lightgbm": 0.31, "deepfm": 0.33}, 0.005, asllr=1.0))
    assert surely.use == surely.reference == "deepfm" and "cannot be told apart" not in surely.words


def test_without_the_language_model_the_usual_ones_are_judged_alone() -> None:
    results = chosen_by({"newest": 0.3, "lightgbm": 0.31}, 0.05)
    found = told(replace(results, arms={key: ARMS[key] for key in ("newest", "lightgbm")}))
    assert found.headline == "Use Newest first" and found.language is None and found.more is None
    assert found.answer[2] == (
        "The language model was not among what was compared, so whether it is worth its cost is not told."
    )


def test_notes_on_the_data_stand_with_the_answer() -> None:
    made = made_results({"lightgbm": 1.0})
    notes = [f"column 'c{n}' holds dates of two forms" for n in range(5)]
    found = told(replace(made, shared={**made.shared, "data_notes": notes}))
    assert "About the data: column 'c0' holds dates of two forms." in found.cautions
    assert "there are 2 more notes" in found.words and "'c3'" not in found.words


def test_a_capacity_of_a_few_leads_is_warned_of() -> None:
    found = told(made_results({"lightgbm": 1.0, "hpro": 1.0}, capacity=0.001))
    assert "The best 0.1% are a single tested lead: what they bring is luck" in found.words


def test_without_a_rival_nothing_is_claimed() -> None:
    alone = told(made_results({"lightgbm": 1.0}))
    assert alone.use == "lightgbm" and alone.more is None and "could not run: there is no accelerator" in alone.words
    waiting = told(made_results({"lightgbm": 1.0}, left_out={}, waiting=("hpro",)))
    assert "has not run yet" in waiting.words and "one way to rank is not finished" in waiting.words
    model = told(made_results({"hpro": 1.0}))
    assert model.use is None and "no usual method has run, so nothing tells whether" in model.words
    ablation = told(made_results({"hpro-no-margin": 1.0}))
    assert ablation.use is None and "Nothing can be advised yet" in ablation.words


def test_variations_alone_are_said_to_be_no_form_to_use() -> None:
    arms = {key: ARMS[key] for key in ("lightgbm", "hpro-no-margin")}
    found = told(made_results(dict.fromkeys(arms, 1.0), arms=arms, left_out={}))
    assert found.language is None and "only variations were compared" in found.words
    usual = told(made_results({"lightgbm": 1.0}, arms={"lightgbm": ARMS["lightgbm"]}, left_out={}))
    assert "was not among what was compared" in usual.answer[1]


def test_what_is_held_up_is_said_with_the_reason_once() -> None:
    why = "the folder with the weights is not there."
    shared = {"held_up": {"asllr": why, "hpro": why, "deepfm": "not a waiting arm"}}
    found = told(made_results({"lightgbm": 1.0}, left_out={}, waiting=("asllr", "hpro"), shared=shared))
    assert "has not run yet, as it was held up: the folder with the weights is not there." in found.answer[1]
    (held_up,) = (one for one in found.cautions if "Held up" in one)
    assert "asLLR base and 1 more, because the folder" in held_up and "not a waiting arm" not in found.words


def test_one_converted_lead_gives_figures_without_ranges_and_no_comparison() -> None:
    results = made_results({"lightgbm": 1.0, "hpro": 3.0}, leads=200)
    converted = (np.arange(200) == 10).astype(int)
    found = told(replace(results, test=results.test.assign(converted=converted)))
    assert found.use is None and isinstance(found.more, Missing) and isinstance(found.orders["hpro"], Point)
    assert "likely between" not in found.words and "bring an order" in found.answer[1]
    assert "(there are 1)," in found.answer[0] and "but one lead with" in found.answer[2]
    assert any("cannot be told, so none can be trusted" in one for one in found.cautions)
    assert all("cannot be told" in line for line in found.lessons["text"])


def test_a_capacity_of_less_than_a_lead_cannot_decide() -> None:
    found = told(made_results({"lightgbm": 0.5, "hpro": 3.0}, leads=600, capacity=0.001))
    assert isinstance(found.more, Missing) and found.use == "lightgbm"
    assert "cannot be compared" in found.words and "the best 0.1%, which takes at least 1,000" in found.words


def test_few_seeds_and_unfinished_arms_are_cautioned() -> None:
    once = told(made_results({"lightgbm": 1.0, "hpro": 1.2}, seeds=1))
    assert (
        "Trained once: asLLR + HPRO and LightGBM." in once.words
        or "Trained once: LightGBM and asLLR + HPRO." in once.words
    )
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


def test_a_network_that_read_nothing_wins_under_its_own_name() -> None:
    results = made_results({"lightgbm": 0.5, "hpro": 3.0})
    unread = replace(results, trials=tuple(replace(one, reads=False) for one in results.trials))
    assert told(results).answer[0].startswith("Use the language model, asLLR + HPRO:")
    found = told(unread)
    assert found.use == "hpro" and found.headline == "Use asLLR + HPRO"
    assert "language model" not in " ".join(found.answer)


def test_a_rule_needs_no_second_training() -> None:
    arms = {key: ARMS[key] for key in ("newest",)}
    assert "Trained once" not in told(made_results({"newest": 1.0}, seeds=1, arms=arms, left_out={})).words


def test_the_usual_method_that_was_best_after_the_fact_is_named_as_a_hint() -> None:
    found = told(made_results({"newest": 3.0, "lightgbm": 0.5, "asllr": 0.5}))
    assert found.reference == "newest" and "take it as a hint" not in found.words
    results = made_results({"newest": 3.0, "lightgbm": 0.5, "asllr": 0.5})
    swapped = replace(
        results, trials=tuple(replace(one, validation=0.9 if one.arm == "lightgbm" else 0.1) for one in results.trials)
    )
    found = told(swapped)
    assert found.reference == "lightgbm" and "Newest first found most on the tested leads" in found.words
    assert "more than LightGBM by more than chance, however many were tried" in found.words
