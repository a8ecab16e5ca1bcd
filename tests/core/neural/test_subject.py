"""One lead as gradients and occlusion see it: what is left out, what is read, what comes back."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.data.leads import Leads
from core.errors import ConfigError
from core.neural import subject as module
from core.neural.passes import checkpointed_bytes, checkpoints, token_bytes
from core.neural.scorer import NeuralScorer
from core.neural.subject import looking_at
from core.neural.trainer import Trained
from tests.made import make_leads

LEADS = make_leads(40, seed=3)


@pytest.fixture
def scorer(probed: Trained) -> NeuralScorer:
    return probed.scorer


@pytest.mark.parametrize("head", ["pointwise", "pairwise"])
def test_nothing_left_out_is_the_score_and_all_left_out_the_neutral_lead(scorer: NeuralScorer, head: str) -> None:
    answers = scorer.answers(LEADS.take(np.array([4])))
    with looking_at(scorer, LEADS, "L0004", head=head) as subject:
        n = len(subject.units)
        both = subject.logits(np.array([[True] * n, [False] * n]))
        wanted = {"pointwise": answers.logit, "pairwise": answers.score}[head][0]
        assert subject.logit == pytest.approx(wanted, abs=1e-4)
        assert both == pytest.approx([subject.logit, subject.neutral.logit], abs=1e-4)
        assert [unit.name for unit in subject.units] == ["a", "city", "turn 1", "turn 2"]
        assert subject.text_units.tolist() == [False, False, True, True]


def test_text_is_read_once_for_each_set_of_its_units(scorer: NeuralScorer) -> None:
    with looking_at(scorer, LEADS, "L0004") as subject:
        keep = np.array([[True, True, True, True], [False, True, True, True], [False, False, True, True]])
        before = subject.passes.forward
        whole, without_a, without_both = subject.logits(keep)
        assert subject.passes.forward == before + 1
        subject.logits(keep[1:])
        assert subject.passes.forward == before + 1
        weight = scorer.model.heads.pairwise.weight.detach().double().numpy()[0, scorer.model.heads.widths[0] :]  # type: ignore[operator]
        moved = weight * scorer.tower(LEADS.take(np.array([4])))[0]
        assert whole - without_a == pytest.approx(moved[subject.of_column == 0].sum(), abs=1e-4)
        assert whole - without_both == pytest.approx(moved.sum(), abs=1e-4)
        subject.logits(~np.eye(4, dtype=bool))
        assert subject.passes.forward == before + 3


def test_a_turn_left_out_is_its_words_replaced_and_nothing_else(scorer: NeuralScorer) -> None:
    with looking_at(scorer, LEADS, "L0004", neutrals=("-",)) as subject:
        assert subject.prompt is not None
        token = subject.neutral.token
        last = subject.of_token == 3
        ids = np.where(last, token, subject.prompt.ids)
        lengths = torch.tensor([len(ids)])
        with torch.no_grad():
            read = subject.model(
                torch.from_numpy(ids)[None], lengths, torch.tensor([subject.prompt.body]), subject.tower
            )
        left = subject.logits(np.array([[True, True, True, False]]))[0]
    assert left == pytest.approx(float(read.score), abs=1e-4)
    assert left != pytest.approx(subject.logit, abs=1e-2)


def test_a_field_told_twice_is_one_unit(scorer: NeuralScorer) -> None:
    assert scorer.writer is not None
    both = NeuralScorer(
        scorer.run, scorer.model, replace(scorer.writer, include_fields=True), scorer.device, "fields twice"
    )
    with looking_at(both, LEADS, "L0004") as subject:
        assert [unit.name for unit in subject.units] == ["a", "city", "turn 1", "turn 2"]
        assert subject.text_units.all()
        assert (subject.of_token == 0).any() and (subject.of_column == 0).any()
        gained = np.arange(subject.words.numel() + subject.tower.shape[1], dtype=float)
        tokens, columns = subject.by_place(gained)
        by_hand = tokens[subject.of_token == 0].sum() + columns[subject.of_column == 0].sum()
        assert subject.by_unit(gained)[0] == pytest.approx(by_hand)


def test_the_second_baseline_is_the_next_nearest(scorer: NeuralScorer) -> None:
    with looking_at(scorer, LEADS, "L0004") as subject:
        far = np.abs(np.array([n.logit for n in subject.neutrals]) - scorer.run.ranking.pairwise_mean)
        assert (np.diff(far) >= 0).all() and len(far) == len(module.NEUTRAL)
        other = subject.against_second()
        nothing = other.logits(np.zeros((1, 4), dtype=bool))[0]
        assert nothing == pytest.approx(subject.neutrals[1].logit, abs=1e-4)
    with (
        looking_at(scorer, LEADS, "L0004", neutrals=(",",)) as subject,
        pytest.raises(ConfigError, match="there is one"),
    ):
        subject.against_second()
    with pytest.raises(ConfigError, match="at least one token"), looking_at(scorer, LEADS, "L0004", neutrals=()):
        pass


def long_lead(turns: int) -> Leads:
    one = LEADS.take(np.array([4]))
    said = "\n".join(f"Customer: this is what I say in call {i}" for i in range(turns))
    return replace(one, roles=one.roles.assign(dialogue=said))


def test_long_leads_keep_little_in_memory_and_give_the_same(
    scorer: NeuralScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scorer.model.reader is not None
    lead = long_lead(30)

    def kept_and_gained() -> tuple[float, np.ndarray, int]:
        kept: dict[int, int] = {}

        def note(tensor: torch.Tensor) -> torch.Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with looking_at(scorer, lead, "L0004", neutrals=(",",)) as subject:
            weights = {parameter.untyped_storage().data_ptr() for parameter in subject.model.parameters()}
            with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
                gained = subject.gradient(0.5)[0]
        size = sum(size for place, size in kept.items() if place not in weights)
        return size / len(subject.words), gained, len(subject.words)

    plain, wanted, tokens = kept_and_gained()
    assert tokens > 400
    assert plain < 1.5 * token_bytes(scorer.model.reader)
    monkeypatch.setattr(module, "most_bytes", lambda device: 1)
    spare, gained, _ = kept_and_gained()
    assert spare < 0.5 * plain
    assert gained == pytest.approx(wanted, abs=1e-6)
    assert not any("forward" in layer.__dict__ for layer in scorer.model.reader.model.get_decoder().layers)


def test_the_docstrings_figures_of_a_large_backbone(scorer: NeuralScorer) -> None:
    reader = scorer.model.reader
    assert reader is not None

    class Config:
        hidden_size, intermediate_size, num_hidden_layers = 1536, 8960, 28

    class Large:
        config = Config()

    class Reading:
        model = Large()

    assert 2000 * token_bytes(Reading()) / 1e9 == pytest.approx(12.2, abs=0.05)  # type: ignore[arg-type]
    assert 2000 * checkpointed_bytes(Reading()) / 1e9 == pytest.approx(0.8, abs=0.05)  # type: ignore[arg-type]
    with checkpoints(reader):
        assert all("forward" in layer.__dict__ for layer in reader.model.get_decoder().layers)
