"""The benchmark of HPRO runs as its README says, and tells gains against the same model without it."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.hpro import FIGURES, SMOKE, gains, markdown
from tests.smoke import run


def test_every_arm_is_measured() -> None:
    rows = run("hpro")["rows"]
    assert {row["arm"] for row in rows} == set(SMOKE)
    assert all(0 <= row[name] <= 1 for row in rows for name in FIGURES)


def test_a_gain_is_the_mean_over_worlds_of_what_it_is_in_each() -> None:
    figures = {"asllr-base": (0.5, 0.8), "hpro": (0.6, 0.8)}
    rows = [(0.9, w, arm, 0, *[value] * len(FIGURES)) for arm, both in figures.items() for w, value in enumerate(both)]
    found = gains(pd.DataFrame(rows, columns=["alignment", "world", "arm", "seed", *FIGURES]))
    row = found.xs((0.9, "hpro"))
    assert row["auc"] == pytest.approx(0.7) and row["gain auc"] == pytest.approx(0.1)
    assert row["se auc"] == pytest.approx(0.1)
    assert "| 0.9 | hpro | 0.7000 (+10.0% ± 10.0%) |" in markdown(found)
