"""The benchmark of reasons runs and gives figures that can be true."""

from core.neural.methods import METHODS
from tests.smoke import run


def test_every_method_is_measured_and_the_costs_are_counted() -> None:
    result = run("reasons")
    by_name = {one["name"]: one for one in result["methods"]}
    assert list(by_name) == list(METHODS) and result["leads"] == 3
    assert by_name["integrated gradients"]["error"] < 0.05 and by_name["Shapley sampling"]["error"] < 0.001
    assert by_name["AttnLRP"]["passes"] == 2 < by_name["occlusion"]["passes"] < by_name["Shapley sampling"]["passes"]
    assert set(result["costs"]) == {"first reasons", "five proofs", "a what-if, after the first"}
    assert min(result["costs"].values()) > 0 and result["forward_seconds"] > 0
