"""Figures of reasons over leads, by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.answers import as_json
from core.errors import NotComputable, RunError
from core.faithfulness import Deleted, Faithfulness, Told, from_dict, mean_of, over_leads

TOLD = Told(2.0, 0.5, 0.5, 1.5, 0.1, 0.02, 0.8, 0.1, {"0.05": True}, 2, 0.5, Deleted(1.5, 0.4, 0.5, 1.0))


def found(*leads: Told, sums: bool = True) -> Faithfulness:
    methods = over_leads({"full": leads, "first": leads}, {"full": sums, "first": False}, "first")
    return Faithfulness("pairwise", len(leads), 1, 20, "full", "first", methods, {"heads": 0.1}, "2026-11-23")


def test_differences_are_paired_by_lead() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(0, 5, 30)
    leads = [replace(TOLD, comprehensiveness=b + 1, random_comprehensiveness=b) for b in base.tolist()]
    method = found(*leads).methods[0]
    assert method.over_random.value == pytest.approx(1) and method.over_random.low == pytest.approx(1)
    assert method.comprehensiveness.high - method.comprehensiveness.low > 1
    assert method.over_gradient is not None and method.over_gradient.value == 0
    assert method.falls == {"0.01": (0, 0), "0.05": (30, 30)}
    with pytest.raises(NotComputable, match="at least 2"):
        mean_of(np.zeros(1))


def test_the_gate_asks_for_all_of_it() -> None:
    assert found(TOLD, TOLD).passed
    assert found(TOLD, TOLD).methods[0].gate == dict.fromkeys(("over_random", "deleted", "agreement", "error"), True)
    idle = Deleted(0.4, 0.4, 0.5, 1.0)
    failing: list[dict[str, Any]] = [{"agreement": 0.4}, {"error": 0.06}, {"comprehensiveness": 0.4}, {"deleted": idle}]
    for wrong in failing:
        assert not found(*[replace(TOLD, **wrong)] * 3).passed, wrong
    # A method that promises no sum is not asked for one.
    assert found(*[replace(TOLD, error=0.5)] * 3, sums=False).passed
    assert not replace(found(TOLD, TOLD), first="another").passed


def test_without_text_there_is_no_agreement_to_ask_for() -> None:
    silent = found(*[replace(TOLD, agreement=None)] * 2)
    assert silent.passed and silent.methods[0].gate == {"over_random": True, "deleted": True, "error": True}


@pytest.mark.parametrize("anew, forgets", [({"heads": 0.1, "deepest layer": 0.31}, False), ({}, None)])
def test_reasons_that_survive_a_shuffled_model_do_not_pass(anew: dict[str, float], forgets: bool | None) -> None:
    kept = replace(found(TOLD, TOLD), made_anew=anew)
    assert kept.forgets is forgets and not kept.passed and found(TOLD, TOLD).forgets is True


def test_it_comes_back_from_json() -> None:
    before = found(TOLD, replace(TOLD, sensitivity=None))
    assert from_dict(as_json(before)) == before and before.methods[0].deleted is not None
    older = as_json(found(*[replace(TOLD, deleted=None)] * 2))
    for method in older["methods"]:
        del method["deleted"]
    assert from_dict(older).passed and from_dict(older).methods[0].deleted is None
    damaged: list[Any] = [{}, [], {**as_json(before), "methods": [{}]}, {**as_json(before), "methods": 3}]
    for broken in damaged:
        with pytest.raises(RunError, match="check the reasons again"):
            from_dict(broken)
