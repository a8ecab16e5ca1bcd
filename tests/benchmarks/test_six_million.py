"""The benchmark of six million leads runs as its README says; how long anything takes is measured elsewhere."""

from __future__ import annotations

from pathlib import Path

from benchmarks.six_million import STEPS, growth
from tests.smoke import run


def test_every_step_hands_on_to_the_next(tmp_path: Path) -> None:
    (size,) = run("six_million", "--folder", str(tmp_path))["steps"].values()
    assert list(size) == [step.__name__ for step in STEPS]
    assert all(step["seconds"] > 0 and step["cpu_seconds"] > 0 and step["peak_mib"] > 50 for step in size.values())
    found = {name: step["found"] for name, step in size.items()}
    for name in ("simulate", "validate", "score", "ask"):
        assert found[name]["leads"] == 4_000
    assert found["train"]["leads"] == 1_000
    assert found["evaluate"]["leads"] == found["split"]["test"]
    assert found["evaluate"]["auc"]["value"] > 0.6
    (again,) = run("six_million", "--folder", str(tmp_path), "--steps", "ask")["steps"].values()
    assert list(again) == ["ask"] and again["ask"]["found"]["leads"] == 4_000


def test_growth_is_of_the_time_a_lead() -> None:
    took = {100: {"split": {"cpu_seconds": 9.0}}, 1_000: {"split": {"cpu_seconds": 1.0}}}
    assert growth(took | {2_000: {"split": {"cpu_seconds": 3.0}}}) == {"split": 1.5}
