"""The benchmark of lead economics runs as its README says; how long anything takes is measured elsewhere."""

from __future__ import annotations

from benchmarks.economics import FAIRNESS, invented
from tests.smoke import run


def test_no_two_people_are_alike_and_all_can_be_fair() -> None:
    leads, people = invented(500, 30, bound=True)
    assert len(leads) == 500 and leads["value"].min() > 0
    assert len({tuple(skills.items()) for skills in people["skills"]}) == 30
    assert all("electric" in skills for skills in people["skills"])
    assert people["regions"].map(len).between(1, 3).all()


def test_each_way_is_measured() -> None:
    result = run("economics")
    ways = {(row["team"], row["way"]): row for row in result["dispatch"]}
    assert len(ways) == 7
    for (_, way), row in ways.items():
        assert 0 < row["of_best"] <= 1 and row["seconds"] > 0
        assert (row["gap"] is None) == (way in ("greedy", "round robin"))
        if way == "best":
            assert row["of_best"] == 1 and row["gap"] < 1e-8
        if way == "best, fair":
            assert row["gap"] < 2e-3 and row["evenness"] > 1 - FAIRNESS - 0.1
    curve = result["curve"]
    assert curve["leads"] == 20_000 and 0 < curve["best_depth"] < 20_000 and curve["peak_mib"] > 0
