"""Why A stands above B: parts that sum to the difference, turned round by an exchange, decided by what was said."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from core.comparing import as_text, notes, taught
from core.data.leads import Leads
from core.errors import LeadRankError
from core.neural.comparing import explain_pair
from core.neural.scorer import NeuralScorer
from core.neural.trainer import Trained, train_run
from core.pair_reasons import LEAST_DIFFERENCE, PairReasons
from core.progress import Event, nobody
from tests.made import make_leads, tiny_config

FAR = ["L0001", "L0012", "L0031"]


@pytest.fixture(scope="module")
def leads() -> Leads:
    return make_leads()


@pytest.fixture(scope="module")
def fields_alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Leads, NeuralScorer]:
    leads, work = make_leads(words=False), tmp_path_factory.mktemp("fields")
    return leads, train_run(leads, np.arange(160), np.arange(160, 240), tiny_config(), work, nobody).scorer


def said(leads: Leads, first: str, second: str) -> Leads:
    """Two leads that differ in nothing but what was said: `one` and `other`."""
    two = leads.take(np.array([0, 0]))
    return replace(two, roles=two.roles.assign(lead_id=["one", "other"], dialogue=[first, second]))


def missed(found: PairReasons) -> float:
    return abs(sum(c.value for c in found.contributions) - found.difference)


def test_the_parts_sum_to_the_difference_of_the_models_own_scores(probed: Trained, leads: Leads) -> None:
    score = probed.scorer.answers(leads).score
    for a, b in pairwise(FAR):
        found = explain_pair(probed.scorer, leads, a, b)
        rows = leads.row_of(a), leads.row_of(b)
        assert found.difference == pytest.approx(score[rows[0]] - score[rows[1]], abs=1e-4)
        assert found.converged and missed(found) <= 0.05 * max(abs(found.difference), LEAST_DIFFERENCE)
        assert found.probability == pytest.approx(1 / (1 + np.exp(-found.difference)))
        assert {c.lead for c in found.contributions if c.kind == "turn"} == {"a", "b"}
        assert [c.name for c in found.contributions if c.kind == "field"] == ["a", "city"]


def test_an_exchange_turns_every_sign(probed: Trained, leads: Leads) -> None:
    one, other = (explain_pair(probed.scorer, leads, *pair) for pair in (FAR[:2], FAR[1::-1]))
    assert one.difference == pytest.approx(-other.difference, abs=1e-6)
    assert one.probability == pytest.approx(1 - other.probability, abs=1e-6)
    assert one.queue_difference == pytest.approx(-other.queue_difference, abs=1e-5)
    turned = {"a": "b", "b": "a", "both": "both"}
    theirs = {(c.kind, turned[c.lead], c.name): c.value for c in other.contributions}
    assert len(theirs) == len(one.contributions)
    for c in one.contributions:
        assert c.value == pytest.approx(-theirs[c.kind, c.lead, c.name], abs=1e-5)
    assert [part.value for part in one.tiers] == pytest.approx([-x.value for x in other.tiers], abs=1e-5)


def test_what_was_said_decides_between_two_leads_alike_in_all_else(probed: Trained, leads: Leads) -> None:
    greeting = "Specialist: Hello, is this a good time?\nCustomer: "
    two = said(leads, f"{greeting}Yes, I want to buy it soon.", f"{greeting}No thanks, not this year.")
    found = explain_pair(probed.scorer, two, "one", "other")
    assert found.difference > 0 and found.probability > 0.5
    best = max(found.contributions, key=lambda c: c.value)
    assert best.kind == "turn" and best.speaker == "Customer"
    same = [c for c in found.contributions if c.kind == "field"]
    assert [c.text for c in same][1].endswith(" in both") and all(abs(c.value) < 1e-5 for c in same)


def test_chinese_is_compared_by_turn(probed: Trained, leads: Leads) -> None:
    two = said(leads, "专家: 您好\n客户: 我想买车，很急", "专家: 您好\n客户: 不要，谢谢")
    found = explain_pair(probed.scorer, two, "one", "other")
    assert [c.text for c in found.contributions if c.kind == "turn"] == ["您好", "我想买车，很急", "您好", "不要，谢谢"]
    assert found.converged and "客户" in as_text(found)


def test_fields_alone_are_split_exactly(fields_alone: tuple[Leads, NeuralScorer]) -> None:
    leads, scorer = fields_alone
    found = explain_pair(scorer, leads, "L0003", "L0007")
    shape = next(c for c in found.contributions if c.kind == "shape")
    assert shape.value == 0 and missed(found) < 1e-5
    weight = scorer.run.heads["pairwise.weight"][0].double().numpy()
    x = scorer.tower(leads)
    groups = scorer.run.encoder.groups
    wanted = np.bincount(groups, weight * (x[3] - x[7]).astype(float), len(scorer.run.encoder.fields))
    by_name = dict(zip(scorer.run.encoder.fields, wanted, strict=True))
    assert all(c.value == pytest.approx(by_name[c.name], abs=1e-5) for c in found.contributions if c.kind == "field")


def test_the_tiers_taught_the_whole_difference(
    probed: Trained, leads: Leads, fields_alone: tuple[Leads, NeuralScorer]
) -> None:
    for scorer, data in ((probed.scorer, leads), fields_alone[::-1]):
        found = explain_pair(scorer, data, *FAR[:2])
        assert {part.words for part in found.tiers} >= {"lock in over lost", "longer over shorter calls"}
        assert sum(part.value for part in found.tiers) == pytest.approx(found.difference, abs=1e-3)
        assert taught(found).startswith("This order was taught mainly by pairs of past leads: ")


def test_where_no_tier_is_known_it_says_why(fields_alone: tuple[Leads, NeuralScorer]) -> None:
    leads, scorer = fields_alone
    config = scorer.run.config
    for settings, words in (
        (config, "before this was kept. Check its reasons"),
        (replace(config, heads="two-layer"), "two layers"),
    ):
        run = replace(scorer.run, teaching={}, config=settings)
        old = NeuralScorer(run, scorer.model, scorer.writer, scorer.device, "old")
        found = explain_pair(old, leads, "L0003", "L0007")
        assert not found.tiers and words in taught(found) and "not known for this model" in taught(found)


def test_a_queue_that_has_them_the_other_way_round_says_so(fields_alone: tuple[Leads, NeuralScorer]) -> None:
    leads, scorer = fields_alone
    ranking = replace(scorer.run.ranking, rank_by="pointwise")
    run = replace(scorer.run, ranking=ranking)
    pointwise = NeuralScorer(run, scorer.model, scorer.writer, scorer.device, "pointwise")
    said = scorer.answers(leads)
    logit, score = said.logit, said.score
    apart = np.argwhere(((logit[:, None] - logit) * (score[:, None] - score)) < -1e-3)
    assert len(apart)
    a, b = (str(leads.lead_id.iat[int(row)]) for row in apart[0])
    found = explain_pair(pointwise, leads, a, b)
    assert found.against_queue and "its own chance" in " ".join(notes(found)).replace("each lead's", "its")
    assert not explain_pair(scorer, leads, a, b).against_queue


def test_progress_runs_once_over_both_leads(probed: Trained, leads: Leads) -> None:
    seen: list[Event] = []
    explain_pair(probed.scorer, leads, *FAR[:2], watch=seen.append)
    assert {event.phase for event in seen} == {"compare"} and (seen[-1].done, seen[-1].total) == (200, 200)
    assert [event.done for event in seen] == sorted(event.done for event in seen)


def test_what_cannot_be_compared_says_why(fields_alone: tuple[Leads, NeuralScorer]) -> None:
    leads, scorer = fields_alone
    with pytest.raises(LeadRankError, match="'L0003' was given twice"):
        explain_pair(scorer, leads, "L0003", "L0003")
    for pair in (("L0003", "nobody"), ("nobody", "L0003")):
        with pytest.raises(LeadRankError, match="nobody"):
            explain_pair(scorer, leads, *pair)
