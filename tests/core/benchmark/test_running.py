"""Whole benchmarks on small leads: what chance alone gives, and what is run, left out and kept."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.benchmark import recipes, running
from core.benchmark.arms import Arm, choose
from core.benchmark.recipes import Bench
from core.benchmark.results import Results
from core.benchmark.running import NO_TEST, Asked, run_benchmark
from core.benchmark.store import read_results
from core.benchmark_commands import write_report
from core.config import Config
from core.data.leads import Leads
from core.errors import ConfigError, RunError, ValidationError
from core.metrics import auc
from core.neural.embedded import tiny_model
from core.neural.learned import Learned
from core.progress import Event, Watch, nobody
from tests.made import make_leads, tiny_config


@pytest.fixture(autouse=True, scope="module")
def few_trees() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "TREE_TRIALS", 1)
        yield


def with_progress(n: int = 900, *, train_share: float = 0.5) -> Leads:
    """Leads with a feature that says how far they had come when they were scored."""
    leads = make_leads(n)
    eager = leads.dialogue.str.contains("I want to buy").to_numpy()
    came = leads.features["a"] + eager + np.random.default_rng(1).normal(size=n)
    features = replace(leads.schema.features, numeric=("a", "came"))
    split = replace(leads.schema.split, train_share=train_share)
    schema = replace(leads.schema, features=features, split=split)
    return Leads(leads.roles, leads.features.assign(came=came.clip(-1, 2).round()), schema)


def shuffled(leads: Leads) -> Leads:
    """Every lead keeps its fields and words, and gets all that came afterwards from another one."""
    other = np.random.default_rng(2).permutation(len(leads))
    came = {name: leads.roles[name].to_numpy()[other] for name in ("converted", "stage", "call_seconds")}
    return Leads(leads.roles.assign(**came), leads.features, leads.schema)


def compare(
    leads: Leads, out: Path, *arms: str, seeds: int = 1, config: Config | None = None, watch: Watch = nobody, **more
) -> Results:
    asked = Asked(arms, seeds=seeds, trials=1, known_stage="came")
    return run_benchmark(leads, config or tiny_config(), asked, out, watch=watch, **more)


class Told:
    """All that a watcher hears."""

    def __init__(self) -> None:
        self.words = ""

    def __call__(self, event: Event) -> None:
        self.words += f"{event.phase}\n"


def by_auc(results: Results) -> tuple[dict[str, float], float]:
    """AUC of each arm, and its standard error where the score says nothing (Mann and Whitney 1947)."""
    outcome = results.test["converted"].to_numpy()
    won, lost = outcome.sum(), (1 - outcome).sum()
    error = float(np.sqrt((won + lost + 1) / (12 * won * lost)))
    return {one.arm: auc(outcome, one.score) for one in results.trials}, error


@pytest.mark.slow
def test_shuffled_outcomes_leave_every_arm_at_chance_and_true_ones_do_not(tmp_path: Path) -> None:
    leads = with_progress()
    wanted = set(choose(["default", "ablation"], leads.schema.funnel))
    chance, error = by_auc(compare(shuffled(leads), tmp_path / "shuffled", "default", "ablation"))
    assert set(chance) == wanted and error < 0.03
    # Of 46 arms one lies beyond four errors in 1 of 350 such worlds.
    assert {arm: value for arm, value in chance.items() if abs(value - 0.5) > 4 * error} == {}
    true, error = by_auc(compare(leads, tmp_path / "true", "default"))
    above = {arm for arm, value in true.items() if value > 0.5 + 4 * error}
    assert "newest" not in above and len(above) >= 0.9 * len(true) > 20


def test_the_first_seed_of_every_arm_comes_first_and_what_has_no_seed_runs_once(tmp_path: Path) -> None:
    seen: list[Results] = []
    compare(
        with_progress(400),
        tmp_path / "out",
        "newest",
        "deepfm",
        "dcn",
        seeds=2,
        tell=lambda out: seen.append(read_results(out)),
    )
    done = [{(one.arm, one.seed) for one in results.trials} for results in seen]
    assert [sorted(after - before) for before, after in zip([set(), *done], done, strict=False)] == [
        [("newest", 0)],
        [("deepfm", 0)],
        [("dcn", 0)],
        [("deepfm", 1)],
        [("dcn", 1)],
    ]
    assert [results.waiting for results in seen] == [("deepfm", "dcn")] * 3 + [("dcn",), ()]


def test_the_same_leads_and_seed_give_the_same_scores(tmp_path: Path) -> None:
    arms = ("lightgbm", "deepfm", "hpro")
    one, other = (compare(with_progress(400), tmp_path / name, *arms) for name in ("one", "other"))
    for arm in arms:
        assert np.array_equal(one.of(arm)[0].score, other.of(arm)[0].score)
        assert one.of(arm)[0].validation == other.of(arm)[0].validation


def test_what_these_leads_lack_leaves_an_arm_out_with_the_reason(tmp_path: Path) -> None:
    whole = with_progress(400)
    roles = whole.roles.assign(dialogue="")
    asked = Asked(("funnel-recency", "tfidf", "deepfm+text", "asllr-semantic", "logistic"), seeds=1, trials=1)
    found = run_benchmark(
        Leads(roles, whole.features, whole.schema), tiny_config(), asked, tmp_path / "out", watch=nobody
    )
    assert [one.arm for one in found.trials] == ["logistic"] and found.waiting == ()
    assert "--known-stage" in found.left_out["funnel-recency"]
    assert "neither dialogue nor text" in found.left_out["deepfm+text"]
    assert "neither dialogue nor text" in found.left_out["asllr-semantic"]
    assert "tfidf" in found.left_out


def save_backbone(folder: Path, seed: int) -> None:
    model, tokenizer, _ = tiny_model(seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_without_its_language_model_what_reads_waits_and_the_next_call_tries_again(tmp_path: Path) -> None:
    """And reading is told once, in full, whatever happens to the working files."""
    leads, out, folder, said = with_progress(400), tmp_path / "out", tmp_path / "model", Told()
    config, arms = tiny_config(f"backbone={folder}"), ("newest", "deepfm+text", "hpro", "hpro-pointwise")
    found = compare(leads, out, *arms, config=config, watch=said)
    assert [one.arm for one in found.trials] == ["newest"] and found.waiting == arms[1:] and not found.left_out
    assert set(found.held_up) == set(arms[1:]) and all("backbone must be" in why for why in found.held_up.values())
    assert str(tmp_path) not in " ".join(found.held_up.values())
    assert "DeepFM + text, asLLR + HPRO, HPRO, probability ranks wait for the next call" in said.words
    save_backbone(folder, 0)
    found = compare(leads, out, *arms, config=config)
    assert not found.waiting and not found.held_up and len(found.trials) == 4
    # The two are one network: the second found it made, and is charged for it all the same.
    first, second = (found.of(key)[0].train_seconds for key in ("hpro", "hpro-pointwise"))
    assert second > 0.5 * first > 0
    reading = found.shared["read_seconds_per_1000"]
    assert reading > 0
    shutil.rmtree(out / "work")
    assert compare(leads, out, *arms, config=config).shared["read_seconds_per_1000"] == reading
    save_backbone(folder, 1)
    assert not compare(leads, out, *arms, config=config).waiting, "nothing is left to read"
    with pytest.raises(RunError, match="begun with another backbone"):
        compare(leads, out, *arms, "esmm+text", config=config)


def test_what_holds_up_one_arm_leaves_the_others_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = running.learn

    def learn(arm: Arm, bench: Bench, seed: int) -> Learned:
        if arm.key == "newest":
            raise RunError("the disk is full")
        return real(arm, bench, seed)

    monkeypatch.setattr(running, "learn", learn)
    found = compare(with_progress(400), tmp_path, "newest", "funnel-recency")
    assert [one.arm for one in found.trials] == ["funnel-recency"]
    assert (found.waiting, found.held_up, found.left_out) == (("newest",), {"newest": "the disk is full"}, {})
    monkeypatch.undo()
    found = compare(with_progress(400), tmp_path, "newest", "funnel-recency")
    assert len(found.trials) == 2 and not found.held_up


def test_a_listener_that_fails_ends_nothing_and_is_heard_of(tmp_path: Path) -> None:
    def broken(out: Path) -> None:
        raise ValueError("no room for a report")

    said = Told()
    found = compare(with_progress(400), tmp_path, "newest", "funnel-recency", watch=said, tell=broken)
    assert len(found.trials) == 2 and said.words.count("could not be told (ValueError): no room for a report") == 2


def test_a_prompt_too_short_for_the_question_is_refused_before_anything_runs(tmp_path: Path) -> None:
    config = tiny_config("max_tokens=64")
    with pytest.raises(ConfigError, match="max_tokens must be at least"):
        compare(with_progress(400), tmp_path / "out", "newest", "deepfm+text", config=config)
    assert not (tmp_path / "out").exists()
    assert compare(with_progress(400), tmp_path / "out", "newest", config=config).trials


def test_leads_with_nothing_to_learn_from_leave_the_rules(tmp_path: Path) -> None:
    asked = Asked(("newest", "logistic", "lightgbm", "deepfm", "asllr-base"), seeds=1, trials=1)
    leads = make_leads(words=False, fields=False)
    found = run_benchmark(leads, tiny_config(), asked, tmp_path, watch=nobody)
    assert [one.arm for one in found.trials] == ["newest"]
    assert list(found.left_out) == ["logistic", "lightgbm", "deepfm", "asllr-base"]
    assert "something to learn from" in found.left_out["deepfm"]


def test_a_test_with_one_order_is_run_and_told_to_give_no_ranges(tmp_path: Path) -> None:
    leads, said = with_progress(400), Told()
    converted = leads.converted.copy()
    converted[200:] = np.arange(200) == 50
    rare = Leads(leads.roles.assign(converted=converted), leads.features, leads.schema)
    found = compare(rare, tmp_path, "newest", "funnel-recency", watch=said)
    assert len(found.trials) == 2 and found.test["converted"].sum() == 1
    assert "figures will come without ranges" in said.words and "but one lead with" in said.words
    document, words = write_report(found, tmp_path, 20)
    assert "none can be trusted" in words and document["results"][0]["value"] is not None
    assert sorted(path.name for path in tmp_path.glob("re*")) == [
        "report.html",
        "report.md",
        "request.json",
        "results.parquet",
    ]


def test_a_test_without_an_order_is_refused_before_anything_runs(tmp_path: Path) -> None:
    leads = with_progress(400)
    none = leads.roles.assign(converted=np.where(np.arange(400) < 200, leads.converted, 0.0))
    with pytest.raises(ValidationError, match="the test part needs converted and unconverted leads"):
        compare(Leads(none, leads.features, leads.schema), tmp_path / "out", "newest")
    assert not (tmp_path / "out").exists()


def test_without_a_test_part_the_later_slice_stands_in_and_it_is_told(tmp_path: Path) -> None:
    found = compare(with_progress(400, train_share=1.0), tmp_path / "out", "newest")
    assert NO_TEST in found.shared["notes"]
    assert found.shared["split"]["test"] == 0 and len(found.test) == found.shared["split"]["calibration"]


def test_without_dates_the_order_of_the_file_stands_for_time(tmp_path: Path) -> None:
    leads = with_progress(400)
    undated = Leads(
        leads.roles.assign(snapshot_time=pd.to_datetime(pd.Series([None] * 400))), leads.features, leads.schema
    )
    found = compare(undated, tmp_path / "out", "newest", "funnel-recency")
    assert not found.left_out
    score = found.of("newest")[0].score
    assert np.array_equal(np.argsort(score), np.argsort(found.test["lead_id"].str[1:].astype(int).to_numpy()))


def test_what_choices_are_made_by_has_its_error(tmp_path: Path) -> None:
    (trial,) = compare(with_progress(400), tmp_path / "out", "newest").trials
    assert trial.validation_error is not None and 0 < trial.validation_error < trial.validation


def test_only_leads_of_known_outcome_are_tested(tmp_path: Path) -> None:
    leads = with_progress(400)
    converted = leads.converted.copy()
    converted[300::7] = np.nan
    unknown = Leads(leads.roles.assign(converted=converted), leads.features, leads.schema)
    found = compare(unknown, tmp_path / "out", "newest", "logistic")
    tested = found.test["lead_id"].str[1:].astype(int).to_numpy()
    assert np.isfinite(converted[tested]).all()
    assert found.test["converted"].tolist() == converted[tested].tolist()
    assert all(len(one.score) == len(tested) for one in found.trials)
    # The newest stands highest: scores are in the order of the tested leads.
    assert np.array_equal(np.argsort(found.of("newest")[0].score), np.argsort(tested))
