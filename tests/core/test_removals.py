"""Units left out of a lead, by hand."""

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigError, NotComputable
from core.removals import aopc, infidelity, jaccard, pick, shares, without_and_alone


def test_each_share_is_one_unit_at_least() -> None:
    assert shares(1).tolist() == [1] * 5
    assert shares(20).tolist() == [1, 1, 2, 4, 10]
    assert shares(101).tolist() == [2, 6, 11, 21, 51]


def test_the_strongest_are_left_out_or_kept_alone() -> None:
    without, alone = without_and_alone(np.array([2, 0, 1, 3]))
    assert without[0].tolist() == [True, True, False, True] and without[-1].tolist() == [False, True, False, True]
    assert (without ^ alone).all()


def test_aopc_of_a_sum_of_four_units() -> None:
    values = np.array([4.0, 3.0, 2.0, -1.0])
    without, alone = without_and_alone(np.argsort(-values))
    assert shares(4).tolist() == [1, 1, 1, 1, 2]
    full, enough = aopc(8.0, 0.0, without @ values, alone @ values, 1.0)
    assert full == pytest.approx((0 + 4 + 4 + 4 + 4 + 7) / 6)
    assert enough == pytest.approx((8 + 4 + 4 + 4 + 4 + 1) / 6)
    # Turned round, the same lead below the neutral one gives the same figures.
    assert aopc(-8.0, 0.0, without @ -values, alone @ -values, -1.0) == pytest.approx((full, enough))


def test_infidelity_is_nothing_for_reasons_that_are_right_up_to_scale() -> None:
    rng = np.random.default_rng(0)
    happened = rng.normal(size=200)
    assert infidelity(3 * happened, happened) == pytest.approx(0, abs=1e-12)
    assert infidelity(rng.normal(size=200), happened) == pytest.approx((happened**2).mean(), rel=0.1)


def test_agreement_is_of_the_largest_by_size() -> None:
    one = np.array([5.0, -4.0, 3.0, 0.0, 0.0, 0.0])
    assert jaccard(one, -one, 3) == 1.0
    assert jaccard(one, one[::-1], 3) == 0.0


def test_half_of_the_leads_are_from_the_top() -> None:
    scores = pd.DataFrame({"lead_id": [f"L{i:03d}" for i in range(200)], "pairwise_score": -np.arange(200.0)})
    everywhere = pd.Series(True, index=scores.index)
    ids, tops = pick(scores, everywhere, "pairwise", 8)
    assert len(set(ids)) == 8 and tops == {"0.01": -1.0, "0.05": -9.0}
    assert sum(int(one[1:]) < 10 for one in ids) == 4 and int(ids[0][1:]) < 10 <= int(ids[1][1:])
    assert ids[:4] == pick(scores, everywhere, "pairwise", 4)[0]
    few, same = pick(scores, scores["lead_id"].isin(["L003", "L150", "L151"]), "pairwise", 8)
    assert sorted(few) == ["L003", "L150", "L151"] and same == tops
    with pytest.raises(NotComputable, match="0 of the model's 200 test leads"):
        pick(scores, ~everywhere, "pairwise", 8)
    with pytest.raises(ConfigError, match="sample at least 2"):
        pick(scores, everywhere, "pairwise", 1)
