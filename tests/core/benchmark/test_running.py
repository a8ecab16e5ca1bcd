"""Whole benchmarks on small leads: what chance alone gives, and what is run, left out and kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.benchmark import recipes
from core.benchmark.arms import choose
from core.benchmark.results import Results
from core.benchmark.running import NO_TEST, Asked, run_benchmark
from core.benchmark.store import read_results
from core.data.leads import Leads
from core.metrics import auc
from core.progress import nobody
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


def compare(leads: Leads, out: Path, *arms: str, seeds: int = 1, **more) -> Results:
    asked = Asked(arms, seeds=seeds, trials=1, known_stage="came")
    return run_benchmark(leads, tiny_config(), asked, out, watch=nobody, **more)


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


def test_without_a_test_part_the_later_slice_stands_in_and_it_is_told(tmp_path: Path) -> None:
    found = compare(with_progress(400, train_share=1.0), tmp_path / "out", "newest")
    assert NO_TEST in found.shared["notes"]
    assert found.shared["split"]["test"] == 0 and len(found.test) == found.shared["split"]["calibration"]


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
