import math
import time

import numpy as np
import pandas as pd
import pytest

from core.decisions.field_trial.assignment import ALIKE, Design, accepted, assign, balance
from core.decisions.field_trial.choices import ARMS, KINDS
from core.decisions.field_trial.draws import halves, possible
from core.decisions.field_trial.specialists import COLUMNS
from core.errors import ConfigError, NotComputable, ValidationError


def people(size: int, seed: int = 0) -> pd.DataFrame:
    """Specialists whose tier goes with what they sell."""
    rng = np.random.default_rng(seed)
    tier = np.arange(size) % 4 + 1
    month = rng.poisson(12 / tier)
    leads = rng.poisson(200, size) + 50
    half = rng.binomial(month, 0.5)
    frame = pd.DataFrame({"specialist": [f"S{n}" for n in range(size)], "tier": tier.astype(str), "region": "north"})
    counts = {"leads": leads, "orders": 3 * month, "lock_ins_7": half // 2, "lock_ins_14": half, "lock_ins_30": month}
    return frame.assign(**counts, follow_ups=leads * rng.uniform(0.5, 2, size))[list(COLUMNS)]


def signs(frame: pd.DataFrame) -> np.ndarray:
    return (frame["arm"] == "treatment").to_numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [14, 61, 100])
def test_everybody_gets_an_arm_and_strata_are_halved(kind: str, size: int) -> None:
    given = people(size)
    frame = assign(given, Design(kind, accept=0.5)).frame
    pd.testing.assert_frame_equal(frame[list(COLUMNS)], given)
    assert set(frame["arm"]) == set(ARMS) and (frame["stratum"] == given["tier"]).all()
    assert abs(2 * signs(frame).sum() - size) <= 1
    assert (frame.groupby("stratum")["arm"].agg(lambda arms: abs(2 * arms.eq(ARMS[0]).sum() - len(arms))) <= 1).all()


def test_rerandomised_arms_are_alike_and_every_draw_is_kept() -> None:
    drawn = assign(people(100), Design())
    assert drawn.distance == drawn.draws[-1] <= drawn.threshold
    assert all(one > drawn.threshold for one in drawn.draws[:-1])
    table = balance(drawn.frame).set_index("column")
    assert table.loc[list(Design().balance), "standardised"].abs().max() < 0.2


def test_about_the_wished_share_of_draws_is_accepted() -> None:
    tries = [len(assign(people(60), Design(accept=0.05, seed=seed)).draws) for seed in range(200)]
    assert 1 / np.mean(tries) == pytest.approx(0.05, abs=0.011)


@pytest.mark.parametrize(
    ("size", "strata", "least"), [(6, (), 20), (8, (), 65), (10, ("tier",), 65), (12, ("tier",), 130), (16, (), 150)]
)
def test_in_a_small_team_chance_and_not_the_columns_says_who_is_where(
    size: int, strata: tuple[str, ...], least: int
) -> None:
    given = people(size)
    arms = np.array([signs(assign(given, Design(strata=strata, seed=seed)).frame) for seed in range(200)])
    # Of 200 coins, one lies further than 0.13 from a half once in 4,000 times.
    assert np.abs(arms.mean(axis=0) - 0.5).max() < 0.14
    assert len(np.unique(arms, axis=0)) >= least


@pytest.mark.parametrize(("size", "wished"), [(10, 36), (12, ALIKE), (20, ALIKE)])
def test_as_many_different_draws_are_accepted_as_a_permutation_needs(size: int, wished: int) -> None:
    given = people(size)
    kept = accepted(given, Design(), 6000, seed=1)
    mirrored = np.unique(kept == kept[:, :1], axis=0)
    assert len(mirrored) >= wished and possible(given["tier"].astype(int).to_numpy() - 1) / 2 >= len(mirrored)
    # Mirror images are alike, and so both accepted.
    assert len(np.unique(kept, axis=0)) == pytest.approx(2 * len(mirrored), rel=0.01)


def test_strata_that_leave_nothing_to_draw_again_are_refused() -> None:
    for size in (4, 6, 8):
        with pytest.raises(NotComputable, match="take the kind stratified, more people or fewer strata"):
            assign(people(size), Design())
        assert signs(assign(people(size), Design("stratified")).frame).sum() == size // 2


def test_the_same_seed_makes_the_same_arms() -> None:
    first, again, other = (assign(people(40), Design(seed=seed)) for seed in (3, 3, 4))
    assert (signs(first.frame) == signs(again.frame)).all() and first.draws == again.draws
    assert (signs(first.frame) != signs(other.frame)).any()


def test_a_stratified_draw_is_taken_as_it_comes() -> None:
    drawn = assign(people(40), Design("stratified", balance=()))
    assert drawn.threshold == math.inf and drawn.draws == (0.0,)


def test_pairs_are_more_alike_than_chance() -> None:
    given = people(60)
    gaps = [balance(assign(given, Design("pairs", seed=seed)).frame)["standardised"] for seed in range(30)]
    chance = [balance(assign(given, Design("stratified", seed=seed)).frame)["standardised"] for seed in range(30)]
    assert np.square(gaps).mean() < 0.6 * np.square(chance).mean()
    drawn = assign(given, Design("pairs"))
    assert math.isnan(drawn.distance) and math.isnan(drawn.threshold) and drawn.draws == ()


@pytest.mark.parametrize("kind", KINDS)
def test_further_assignments_keep_the_design(kind: str) -> None:
    given, design = people(50), Design(kind, accept=0.05)
    more = accepted(given, design, 300, seed=1)
    assert more.shape == (300, 50) and more.dtype == bool
    assert (more.sum(axis=1) == 25).all()
    assert (more == accepted(given, design, 300, seed=1)).all()
    assert more.mean(axis=0) == pytest.approx(0.5, abs=0.12)
    apart = [more[row] @ given["lock_ins_30"] - ~more[row] @ given["lock_ins_30"] for row in range(300)]
    plain = halves(np.zeros(50, dtype=int), np.random.default_rng(0), 300)
    spread = np.std([row @ given["lock_ins_30"] - ~row @ given["lock_ins_30"] for row in plain])
    assert np.std(apart) < {"stratified": 0.9, "pairs": 0.7, "rerandomised": 0.4}[kind] * spread


def test_a_thousand_further_assignments_of_a_thousand_people_take_seconds() -> None:
    started = time.process_time()
    assert accepted(people(1000), Design(), 1000, seed=0).shape == (1000, 1000)
    assert time.process_time() - started < 10


def test_nobody_s_arm_depends_on_what_is_alike_in_all() -> None:
    flat = people(12).assign(lock_ins_7=1, lock_ins_14=1, lock_ins_30=1, follow_ups=2.0)
    drawn = assign(flat, Design())
    assert drawn.draws == (0.0,) and balance(drawn.frame)["standardised"].iloc[2:].eq(0).all()
    assert signs(assign(flat, Design("pairs")).frame).sum() == 6


def test_strata_of_several_columns_and_of_none() -> None:
    given = people(40).assign(region=np.where(np.arange(40) < 20, "north", "south"))
    assert set(assign(given, Design(strata=("tier", "region"), accept=0.2)).frame["stratum"]) == {
        f"{tier} / {region}" for tier in "1234" for region in ("north", "south")
    }
    assert set(assign(given, Design(strata=())).frame["stratum"]) == {"all"}


def test_the_balance_table_is_means_and_their_gap() -> None:
    frame = people(4).assign(arm=["treatment", "treatment", "control", "control"], leads=[10, 30, 20, 0], orders=1)
    table = balance(frame).set_index("column")
    arms = table[["treatment", "control"]].to_numpy()
    assert arms[0].tolist() == [20, 10]
    assert table.loc["leads", "standardised"] == pytest.approx(10 / np.std([10, 30, 20, 0], ddof=1))
    assert arms[1] == pytest.approx([(1 / 10 + 1 / 30) / 2, 1 / 20])  # who had no lead has no rate


def test_arms_that_cannot_be_alike_enough_are_refused() -> None:
    with pytest.raises(NotComputable, match=r"none of 50 draws made the arms alike enough: M must be .* larger accept"):
        assign(people(40), Design(accept=1e-9, draws=50))


def test_specialists_that_do_not_fit_the_design_are_refused() -> None:
    with pytest.raises(NotComputable, match="4 specialists or more, however: got=3"):
        assign(people(3), Design())
    with pytest.raises(ValidationError, match=r"no \['shop'\]"):
        assign(people(8), Design(strata=("shop",)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "random"}, "kind must be one of rerandomised, pairs, stratified"),
        ({"accept": 0.0}, "accept must lie in"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"draws": 0}, "draws must lie in"),
        ({"draws": 10**12}, "draws must lie in"),
        ({"balance": ()}, "needs columns to balance"),
    ],
)
def test_an_impossible_design_is_refused(change: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Design(**change)


def test_few_people_of_whom_few_ordered_are_drawn_all_the_same() -> None:
    frame = people(16).assign(lock_ins_7=0, lock_ins_14=0, lock_ins_30=[3] + [0] * 15)
    for seed in range(20):
        drawn = assign(frame, Design(seed=seed))
        assert drawn.distance <= drawn.threshold
    share = np.mean([len(assign(frame, Design(seed=seed)).draws) for seed in range(100)])
    assert share < 150  # about 1 in 100 is accepted, as promised
    assert accepted(frame, Design(), 50, seed=1).shape == (50, 16)
