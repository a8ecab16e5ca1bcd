import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from core.charts import style
from core.charts.heads import orders_chart
from core.errors import LeadRankError, NotComputable
from core.lift.orders import DRAWN, orders_of_tested, queue_orders, two_orders
from tests.lineups import HOSTILE, lined_up


def table(score: np.ndarray, chance: np.ndarray) -> pd.DataFrame:
    ids = [f"L{i}" for i in range(len(score))]
    return pd.DataFrame({"lead_id": ids, "score": score, "probability": chance})


def test_one_lead_moved_is_the_furthest_apart() -> None:
    score = -np.arange(100.0)
    chance = (100 - np.arange(100)) / 200
    chance[90] = 0.9  # last by score but nine, first by chance
    found = two_orders(table(score, chance))
    assert found.agreement.value == pytest.approx(spearmanr(score, chance).statistic)
    assert found.agreement.low < found.agreement.value < found.agreement.high < 1
    rows = found.furthest(3)
    top = rows[rows["higher_by"] == "chance"].iloc[0]
    assert (top["lead_id"], top["by_score"], top["by_chance"]) == ("L90", 91, 1)
    assert len(rows[rows["higher_by"] == "chance"]) == 1 and len(rows[rows["higher_by"] == "score"]) == 3
    assert found.apart == 0.01 and "nearly the same" in found.words and "1% of the leads" in found.words


def test_the_interval_holds_the_true_correlation() -> None:
    rng, held = np.random.default_rng(3), 0
    true = 6 / np.pi * np.arcsin(0.6 / 2)
    for _ in range(200):
        one, other = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 150).T
        found = two_orders(table(one, 1 / (1 + np.exp(-other)))).agreement
        held += found.low <= true <= found.high
    assert 180 <= held <= 199


def test_equal_orders_have_none_apart_and_ties_share_their_place() -> None:
    found = two_orders(table(np.repeat([2.0, 1.0], 10), np.repeat([0.2, 0.1], 10)))
    assert found.agreement.value == pytest.approx(1) and found.furthest().empty
    assert found.places["by_score"].tolist() == [5.5] * 10 + [15.5] * 10


def test_leads_without_a_chance_are_left_out_and_too_few_say_so() -> None:
    chance = np.r_[np.linspace(0.1, 0.5, 12), np.nan]
    assert len(two_orders(table(np.arange(13.0), chance)).places) == 12
    with pytest.raises(NotComputable, match="got=9"):
        two_orders(table(np.arange(9.0), np.linspace(0.1, 0.5, 9)))
    with pytest.raises(NotComputable, match="that differ"):
        two_orders(table(np.arange(20.0), np.full(20, 0.5)))


def test_tested_leads_carry_outcomes_and_a_queue_file_is_read(tmp_path) -> None:
    lineup = lined_up(200)
    found = orders_of_tested(lineup)
    assert found.places["ordered"].sum() == lineup.converted
    path = tmp_path / "q.parquet"
    lineup.scores["model"].frame.to_parquet(path)
    assert queue_orders(path).agreement.value == pytest.approx(found.agreement.value)
    with pytest.raises(LeadRankError, match="missing or damaged"):
        queue_orders(tmp_path / "gone.parquet")


def test_the_chart_draws_a_sample_and_no_markup() -> None:
    rng = np.random.default_rng(0)
    frame = table(rng.normal(size=3000), rng.uniform(size=3000))
    frame.loc[:, "lead_id"] = [f"{HOSTILE}{i}" for i in range(3000)]
    figure = orders_chart(two_orders(frame))
    assert len(figure.data[1].x) == DRAWN and "2,000 of them drawn at random" in style.spoken(figure)
    assert not any("<b>" in text or "<a" in text for text in figure.data[1].hovertext)
