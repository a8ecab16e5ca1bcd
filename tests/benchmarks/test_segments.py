"""The benchmark of segments runs as its README says."""

from tests.smoke import run


def test_every_world_and_method_is_told() -> None:
    rows = run("segments")["recovery"]
    assert {(row["world"], row["method"]) for row in rows} == {
        (world, method) for world in ("random", "selective", "blind") for method in ("hill", "bce")
    }
    assert all(0 <= row["recall"] <= 1 and row["recall_at_precision"] > 0 for row in rows)
