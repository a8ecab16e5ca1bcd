from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from core.data.leads import Leads
from core.errors import ConfigError, LeadRankError
from core.neural.asllr import AsLLR, Heads
from core.neural.backbones import load_backbone
from core.neural.checkpoints import add_lora
from core.neural.contributions import split_words
from core.neural.gradients import Line, explain
from core.neural.scorer import NeuralScorer, make_reader
from core.neural.subject import NEUTRAL, looking_at
from core.scores import Attribution
from tests.planted import PLANTED, leads_of, planted_ids, trained

FieldsAlone = tuple[Leads, NeuralScorer]


@pytest.fixture(scope="module")
def leads() -> Leads:
    return leads_of()


@pytest.fixture(scope="module")
def scorer(leads: Leads, tmp_path_factory: pytest.TempPathFactory) -> NeuralScorer:
    return trained(leads, tmp_path_factory.mktemp("both"), "fields=both")


@pytest.fixture(scope="module")
def fields_alone(tmp_path_factory: pytest.TempPathFactory) -> FieldsAlone:
    leads = leads_of(told=False)
    return leads, trained(leads, tmp_path_factory.mktemp("fields"), "fields=tower")


def with_dialogue(leads: Leads, dialogue: str) -> Leads:
    one = leads.take(np.array([0]))
    return replace(one, roles=one.roles.assign(dialogue=dialogue))


def gap(found: Attribution) -> float:
    """How far fields and turns are from adding up, in logits."""
    return abs(sum(c.value for c in (*found.fields, *found.turns)) - (found.logit - found.baseline_logit))


@pytest.mark.parametrize("head", ["pointwise", "pairwise"])
def test_a_planted_word_ranks_first_among_the_words(scorer: NeuralScorer, leads: Leads, head: str) -> None:
    for lead_id in planted_ids(leads, 4):
        words = [c for c in explain(scorer, leads, lead_id, head=head, steps=16).words if c.turn is not None]
        assert len(words) == 8
        best = max(words, key=lambda c: c.value)
        assert best.name == PLANTED
        assert best.value > 2 * sorted(abs(c.value) for c in words)[-2]


def test_a_planted_field_ranks_first_among_the_fields(fields_alone: FieldsAlone, scorer: NeuralScorer) -> None:
    for leads, model in (fields_alone, (leads_of(), scorer)):
        far = leads.lead_id[np.abs(leads.features["drives"]) > 1.5].iloc[:6]
        found = [{c.name: c for c in explain(model, leads, lead_id, steps=16).fields} for lead_id in far]
        assert len(found) == 6
        size = {
            name: np.mean([abs(fields[name].value) for fields in found]) for name in ("drives", "noise_level", "city")
        }
        assert size["drives"] > 1.5 * max(size["noise_level"], size["city"])
        assert all(np.sign(fields["drives"].value) == np.sign(float(fields["drives"].text)) for fields in found)


def test_heads_made_anew_destroy_the_ranking(scorer: NeuralScorer, leads: Leads) -> None:
    ids = planted_ids(leads, 3)

    def words(model: NeuralScorer, head: str = "pairwise") -> list[np.ndarray]:
        return [np.array([c.value for c in explain(model, leads, i, head=head, steps=8).words]) for i in ids]

    def agreement(one: list[np.ndarray], other: list[np.ndarray]) -> float:
        return float(np.mean([spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)]))

    kept = words(scorer)
    random = []
    for seed in range(6):
        heads = deepcopy(scorer.model.heads)
        torch.manual_seed(seed)
        torch.nn.init.normal_(heads.pairwise.weight, std=0.1)  # type: ignore[arg-type]
        model = AsLLR(scorer.model.reader, heads)
        random.append(agreement(kept, words(NeuralScorer(scorer.run, model, scorer.writer, scorer.device, "random"))))
    assert agreement(kept, words(scorer, "pointwise")) > 0.7
    assert abs(np.mean(random)) < 0.3
    assert max(random) < agreement(kept, words(scorer, "pointwise"))


@pytest.mark.parametrize("head", ["pointwise", "pairwise"])
def test_contributions_add_up_to_the_logit_that_the_model_gives(scorer: NeuralScorer, leads: Leads, head: str) -> None:
    answers = scorer.answers(leads.take(np.arange(4)))
    logits = {"pointwise": answers.logit, "pairwise": answers.score}[head]
    for row in range(4):
        found = explain(scorer, leads, f"L{row:03d}", head=head, steps=8)
        assert found.converged and found.relative_error <= 0.05
        assert found.logit == pytest.approx(logits[row], abs=1e-4)
        assert gap(found) <= 0.05 * max(abs(found.logit - found.baseline_logit), 0.1) + 1e-6
        for part in (*found.turns, *(c for c in found.fields if c.name == "title")):
            own = [c.value for c in found.words if c.text == part.name and c.turn == part.turn]
            assert sum(own) == pytest.approx(part.value, abs=1e-9)
        assert [c.turn for c in found.turns] == [0, 1]
        assert {c.text for c in found.words} <= {"turn 1", "turn 2", "title"}


def test_fields_come_once_in_the_order_of_the_schema(scorer: NeuralScorer, leads: Leads) -> None:
    found = explain(scorer, leads, "L000").fields
    assert [c.name for c in found] == ["drives", "noise_level", "city", "title"]
    assert [c.text for c in found][1:] == ["", leads.features["city"].iat[0], "a blue van"]
    assert found[1].value != 0
    assert [c.name for c in explain(scorer, leads, "L001").fields] == ["drives", "noise_level", "city"]


def test_steps_double_until_the_sum_is_right_or_it_says_so(scorer: NeuralScorer, leads: Leads) -> None:
    rough = explain(scorer, leads, "L000", steps=1, max_steps=3, tolerance=1e-7)
    assert not rough.converged and rough.steps == 2 and rough.relative_error > 1e-7
    fine = explain(scorer, leads, "L000", steps=1, max_steps=64, tolerance=0.001)
    assert fine.converged and fine.steps > 2 and fine.relative_error <= 0.001
    seen: list[tuple[int, int]] = []
    explain(scorer, leads, "L000", steps=4, tolerance=9.0, watch=lambda event: seen.append((event.done, event.total)))
    assert seen[-1] == (8, 8)  # and as many against the second baseline
    seen.clear()
    explain(scorer, leads, "L000", steps=4, tolerance=9.0, neutral=".", watch=lambda e: seen.append((e.done, e.total)))
    assert seen[-1] == (4, 4)


def test_the_neutral_lead_is_the_one_that_scores_nearest_to_the_average(scorer: NeuralScorer, leads: Leads) -> None:
    found = explain(scorer, leads, "L001", steps=1, max_steps=1)
    single = [explain(scorer, leads, "L001", steps=1, max_steps=1, neutral=token).baseline_logit for token in NEUTRAL]
    nearest = min(single, key=lambda logit: abs(logit - scorer.run.ranking.pairwise_mean))
    assert found.baseline_logit == pytest.approx(nearest, abs=1e-4)
    assert max(single) - min(single) > 1


def test_structure_gets_exactly_nothing(scorer: NeuralScorer, leads: Leads) -> None:
    with looking_at(scorer, leads, "L003", neutrals=("@",)) as subject:
        tokens, columns = subject.by_place(Line(4, 4).walk(subject)[0])
    assert subject.prompt is not None
    part = subject.prompt.part
    assert tokens.shape == part.shape and columns.shape == (scorer.run.encoder.width,)
    assert (part < 0).sum() > 50
    assert not tokens[part < 0].any()
    assert (tokens[part >= 0] != 0).mean() > 0.99


def test_turns_that_did_not_fit_are_reported(scorer: NeuralScorer, leads: Leads) -> None:
    assert scorer.writer is not None
    long = with_dialogue(leads, "\n".join(f"Customer: this is call number {i}" for i in range(40)))
    short = NeuralScorer(scorer.run, scorer.model, replace(scorer.writer, max_tokens=400), scorer.device, "short")
    found = explain(short, long, "L000")
    assert found.truncated_turns > 0
    assert [c.turn for c in found.turns] == list(range(found.truncated_turns, 40))
    assert found.turns[-1].text == "this is call number 39"
    assert explain(scorer, leads, "L000").truncated_turns == 0


def test_a_turn_cut_in_its_middle_keeps_all_its_words(scorer: NeuralScorer, leads: Leads) -> None:
    assert scorer.writer is not None
    words = " ".join(f"word{i}" for i in range(200))
    short = NeuralScorer(scorer.run, scorer.model, replace(scorer.writer, max_tokens=400), scorer.device, "short")
    found = explain(short, with_dialogue(leads, f"Customer: {words}"), "L000")
    spoken = [c for c in found.words if c.turn == 0]
    assert " ".join(c.name for c in spoken) == words
    assert spoken[0].value == 0 and spoken[-1].value != 0
    assert sum(c.value for c in spoken) == pytest.approx(found.turns[0].value, abs=1e-9)


def test_chinese_is_split_by_character(scorer: NeuralScorer, leads: Leads) -> None:
    found = explain(scorer, with_dialogue(leads, "专家: 您好\n客户: 我想买车，很急 zigzag"), "L000")
    spoken = [c for c in found.words if c.turn is not None]
    assert [c.name for c in spoken] == ["您", "好", "我", "想", "买", "车，", "很", "急", "zigzag"]
    assert [c.speaker for c in spoken[:3]] == ["专家", "专家", "客户"]
    assert all(c.value != 0 for c in spoken)
    assert sum(c.value for c in spoken) == pytest.approx(sum(c.value for c in found.turns), abs=1e-9)


def test_words_are_kept_whole_where_a_token_holds_several_characters() -> None:
    assert split_words("充电很慢", np.array([[0, 2], [2, 3], [3, 4]])) == [(0, 2), (2, 3), (3, 4)]
    assert split_words("  so-so ,  ok!", np.array([[0, 14]])) == [(2, 7), (8, 9), (11, 14)]
    assert split_words("", np.zeros((0, 2))) == []
    # A placeholder of masked talk is one word in any script.
    assert split_words("我是[name]，好", np.zeros((0, 2), int)) == [(0, 1), (1, 2), (2, 9), (9, 10)]


@pytest.mark.parametrize("head", ["pointwise", "pairwise"])
def test_linear_heads_on_fields_alone_are_explained_exactly(fields_alone: FieldsAlone, head: str) -> None:
    leads, scorer = fields_alone
    assert scorer.model.reader is None
    encoder = scorer.run.encoder
    weight = getattr(scorer.model.heads, head).weight.detach().double().numpy()[0]
    x = scorer.tower(leads).astype(float)
    for row in (0, 1, 7):
        found = explain(scorer, leads, f"L{row:03d}", head=head, steps=1)
        wanted = np.bincount(encoder.groups, weight * x[row], len(encoder.fields))
        assert [c.value for c in found.fields] == pytest.approx(wanted.tolist(), abs=1e-5)
        assert found.converged and found.steps == 1 and gap(found) < 1e-5
        assert found.words == found.turns == ()


def test_fields_in_the_prompt_alone_are_explained(scorer: NeuralScorer, leads: Leads) -> None:
    reader = scorer.model.reader
    assert reader is not None
    heads = Heads(reader.width, reader.hidden, 0)
    torch.manual_seed(0)
    torch.nn.init.normal_(heads.pairwise.weight, std=0.1)  # type: ignore[arg-type]
    run = replace(scorer.run, ranking=replace(scorer.run.ranking, fields="prompt"))
    told = NeuralScorer(run, AsLLR(reader, heads), scorer.writer, scorer.device, "prompt")
    found = explain(told, leads, "L000")
    assert [c.name for c in found.fields] == ["drives", "city", "title"]
    assert found.converged and gap(found) <= 0.05 * max(abs(found.logit - found.baseline_logit), 0.1)


def test_a_model_with_lora_is_explained_and_left_as_it_was(scorer: NeuralScorer, leads: Leads) -> None:
    backbone = load_backbone("tiny", depth=2)
    add_lora(backbone.model, scorer.run.config)
    torch.manual_seed(0)
    for name, parameter in backbone.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    model = AsLLR(make_reader(backbone, "both", ()), deepcopy(scorer.model.heads))
    # Dropout in the adapters would show as two different answers.
    model.train()
    model.heads.eval()
    asked = {name: p.requires_grad for name, p in model.named_parameters()}
    modes = [part.training for part in model.modules()]
    assert len(set(asked.values())) == 2 and len(set(modes)) == 2
    adapted = NeuralScorer(scorer.run, model, scorer.writer, scorer.device, "adapted")
    found = explain(adapted, leads, "L000")
    assert found.logit != pytest.approx(explain(scorer, leads, "L000").logit, abs=1e-3)
    assert found.converged and gap(found) <= 0.05 * max(abs(found.logit - found.baseline_logit), 0.1) + 1e-6
    assert found == explain(adapted, leads, "L000")
    with pytest.raises(RuntimeError, match="stop"):
        explain(adapted, leads, "L000", watch=stop)
    assert asked == {name: p.requires_grad for name, p in model.named_parameters()}
    assert modes == [part.training for part in model.modules()]
    assert all(parameter.grad is None for parameter in model.parameters())


def stop(event: object) -> None:
    raise RuntimeError("stop")


def test_what_cannot_be_explained_says_why(fields_alone: FieldsAlone) -> None:
    leads, scorer = fields_alone
    with pytest.raises(LeadRankError, match=r"got='L0177'; did you mean .*L017"):
        explain(scorer, leads, "L0177")
    with pytest.raises(LeadRankError, match="take one from the column lead_id"):
        explain(scorer, leads, "?")
    with pytest.raises(ConfigError, match="pointwise, pairwise, however: got='both'"):
        explain(scorer, leads, "L000", head="both")
    with pytest.raises(ConfigError, match="steps=8, max_steps=4"):
        explain(scorer, leads, "L000", steps=8, max_steps=4)
