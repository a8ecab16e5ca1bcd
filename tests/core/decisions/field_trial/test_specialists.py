import io

import numpy as np
import pandas as pd
import pytest

from core.data.reading import read_table
from core.decisions.field_trial.specialists import COLUMNS, measured, read_specialists, tiers_of
from core.errors import NotComputable, ValidationError

FULL = """specialist,tier,region,leads,orders,lock_ins_7,lock_ins_14,lock_ins_30,follow_ups,shop
An,1,north,200,4,0,1,2,310.5,A
007,2,,180,2,0,0,1,250,B
"""


def counts(chance: np.ndarray, leads: np.ndarray, seed: int = 0) -> pd.DataFrame:
    return pd.DataFrame({"leads": leads, "orders": np.random.default_rng(seed).binomial(leads, chance)})


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ValidationError) as caught:
        read_specialists(read_table(text.encode()))
    return caught.value.problems


def test_a_whole_list_is_read_as_it_stands() -> None:
    read = read_specialists(read_table(FULL.encode()))
    assert tuple(read.columns) == COLUMNS
    assert read.iloc[0].tolist() == ["An", "1", "north", 200, 4, 0, 1, 2, 310.5]
    assert read["specialist"].tolist() == ["An", "007"] and read["region"].tolist() == ["north", ""]
    assert read.dtypes.map(str).tolist()[3:] == ["int64"] * 5 + ["float64"]


def test_names_alone_are_enough() -> None:
    read = read_specialists(read_table(b"specialist\nAn\nBo\n"))
    assert read["tier"].tolist() == ["1", "1"] and read["orders"].tolist() == [0, 0]
    assert tuple(read.columns) == COLUMNS


def test_what_was_read_is_read_again_alike() -> None:
    read = read_specialists(read_table(FULL.encode()))
    pd.testing.assert_frame_equal(read_specialists(read), read)
    saved = read.to_csv(index=False).encode()
    pd.testing.assert_frame_equal(read_specialists(read_table(io.BytesIO(saved).getvalue())), read)


def test_every_problem_is_named_with_its_rows() -> None:
    said = problems(
        "specialist,tier,leads,orders,follow_ups\nAn,1,10,2,1\nAn,,10,2,1\n,1,-5,2,1\nBo,1,some,0,1\nCy,1,3.5,1,\n"
        "Di,1,4,9,1\n"
    )
    expected = {
        "specialist": ["stands in several rows, such as 'An' (rows 2, 3)", "name is empty (row 4)"],
        "tier": ["the tier is empty (row 3)"],
        "leads": ["negative number, such as '-5' (row 4)", "not a number, such as 'some' (row 5)", "whole", "(row 6)"],
        "orders": ["more than leads, such as '2.0' (rows 4, 7)"],
        "follow_ups": ["the number is missing (row 6)"],
    }
    for column, parts in expected.items():
        for part in parts:
            assert any(one.startswith(f"column '{column}'") and part in one for one in said), (column, part, said)


def test_windows_that_hold_more_than_the_longer_one_are_refused() -> None:
    (said,) = problems("specialist,lock_ins_7,lock_ins_14\nAn,3,2\n")
    assert "column 'lock_ins_7': more than lock_ins_14" in said


def test_a_list_without_names_or_people_is_refused() -> None:
    assert "no such column; the table has name, tier" in problems("name,tier\nAn,1\n")[0]
    with pytest.raises(ValidationError, match="nobody in the table"):
        read_specialists(pd.DataFrame({"specialist": []}))


@pytest.mark.parametrize("column", ["leads", "follow_ups"])
def test_a_count_that_nobody_has_is_refused(column: str) -> None:
    table = pd.DataFrame({"specialist": ["A", "B"], column: ["3", "1e300"]})
    with pytest.raises(ValidationError, match=rf"column '{column}': a number above 1,000,000,000.*\(row 3\)"):
        read_specialists(table)


def test_likeness_and_size_are_measured_as_they_were_made() -> None:
    rng = np.random.default_rng(5)
    leads = rng.poisson(rng.gamma(4, 100, 3000)) + 2
    strength = (1 - 0.02) / 0.02
    found = measured(counts(rng.beta(0.05 * strength, 0.95 * strength, 3000), leads))
    assert found.icc == pytest.approx(0.02, abs=0.002)
    assert found.base_rate == pytest.approx(0.05, abs=0.002)
    assert (found.leads_per_specialist, found.cv) == (leads.mean(), pytest.approx(leads.std() / leads.mean()))


def test_people_that_differ_by_luck_alone_are_not_alike() -> None:
    means = [measured(counts(np.full(200, 0.05), np.full(200, 100), seed)).icc for seed in range(40)]
    assert min(means) == 0 and np.mean(means) < 0.001


def test_who_has_no_lead_counts_in_the_size_alone() -> None:
    some = counts(np.full(50, 0.2), np.full(50, 40))
    more = pd.concat([some, pd.DataFrame({"leads": [0] * 50, "orders": [0] * 50})])
    assert measured(more).icc == measured(some).icc and measured(more).leads_per_specialist == 20


@pytest.mark.parametrize(
    ("leads", "orders"), [([0, 0], [0, 0]), ([9, 9], [0, 0]), ([9, 9], [9, 9]), ([9, 0], [3, 0]), ([1, 1], [1, 0])]
)
def test_what_cannot_be_measured_is_said(leads: list[int], orders: list[int]) -> None:
    with pytest.raises(NotComputable, match=f"{sum(orders)} of {sum(leads)} leads of"):
        measured(pd.DataFrame({"leads": leads, "orders": orders}))


def test_tiers_are_equal_groups_by_rate_that_few_leads_cannot_lead() -> None:
    rate = np.linspace(0.3, 0.01, 40)
    found = pd.DataFrame({"leads": 1000, "orders": (1000 * rate).astype(int)})
    assert tiers_of(found, 4).tolist() == ["1"] * 10 + ["2"] * 10 + ["3"] * 10 + ["4"] * 10
    lucky = pd.concat([found, pd.DataFrame({"leads": [1, 1], "orders": [1, 0]})], ignore_index=True)
    assert tiers_of(lucky, 4).iloc[-2:].isin(["2", "3"]).all()
    assert set(tiers_of(found.head(5), 4)) == {"1", "2"}
