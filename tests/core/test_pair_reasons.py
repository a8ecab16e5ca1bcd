"""Two leads beside each other: one sum over both, whatever either of them holds."""

import math

import pytest

from core.pair_reasons import SHAPE, PairReasons, TierPart
from core.scores import Attribution, Contribution


def attribution(
    lead_id: str, logit: float, baseline: float, fields: dict[str, tuple[str, float]], *turns
) -> Attribution:
    return Attribution(
        lead_id,
        "pairwise",
        logit,
        baseline,
        0.01,
        True,
        32,
        tuple(Contribution("field", name, text, value) for name, (text, value) in fields.items()),
        tuple(Contribution("turn", f"turn {i + 1}", text, v, i, "Customer") for i, (text, v) in enumerate(turns)),
        (),
    )


def two(**more) -> PairReasons:
    a = attribution("A", 2.0, 0.5, {"calls": ("2", 0.5), "city": ("Ulm", 0.1)}, ("I'd like to sign this week", 0.9))
    b = attribution("B", 0.0, 0.25, {"calls": ("30", -0.4), "source": ("web", 0.2)}, ("maybe next year", -0.05))
    given = {"queue_difference": 1.0, "rank_by": "pairwise", **more}
    return PairReasons(a, b, **given)


def test_the_contributions_of_both_sum_to_the_difference() -> None:
    found = two()
    values = {(c.kind, c.lead, c.name): c.value for c in found.contributions}
    assert values == {
        ("field", "both", "calls"): pytest.approx(0.9),
        ("field", "both", "city"): pytest.approx(0.1),
        ("field", "both", "source"): pytest.approx(-0.2),
        ("turn", "a", "turn 1"): 0.9,
        ("turn", "b", "turn 1"): 0.05,
        ("shape", "both", SHAPE): 0.25,
    }
    assert sum(values.values()) == pytest.approx(found.difference) and found.relative_error < 1e-9 and found.converged
    texts = {c.name: c.text for c in found.contributions if c.kind == "field"}
    assert texts == {"calls": "2 against 30", "city": "Ulm against not known", "source": "not known against web"}


def test_the_probability_is_that_of_bradley_and_terry_without_a_margin() -> None:
    found = two()
    assert found.probability == pytest.approx(1 / (1 + math.exp(-2)))
    assert PairReasons(found.b, found.a, -1.0, "pairwise").probability == pytest.approx(1 / (1 + math.exp(2)))


def test_a_sum_that_misses_is_told_as_a_share_of_the_difference() -> None:
    a = attribution("A", 2.0, 0.0, {"calls": ("2", 1.7)})
    b = attribution("B", 0.0, 0.0, {"calls": ("3", 0.0)})
    found = PairReasons(a, b, 1.0, "pairwise")
    assert found.relative_error == pytest.approx(0.15) and not found.converged


def test_only_an_order_that_is_turned_round_contradicts_the_queue() -> None:
    assert two(queue_difference=-0.1, rank_by="blend").against_queue
    assert not two(queue_difference=0.0).against_queue and not two(tiers=(TierPart("x", "", 2.0),)).against_queue
