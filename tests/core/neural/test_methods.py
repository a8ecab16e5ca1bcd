"""Every way to give reasons finds what was planted, and the models' random copies give others."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from captum.metrics import infidelity as captums
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from core.data.leads import Leads
from core.data.schema import Features
from core.errors import ConfigError, NotComputable
from core.faithfulness import mean_of
from core.neural import faithfulness
from core.neural.faithfulness import GRADIENT, made_anew, measure, one_lead
from core.neural.methods import METHODS, Method
from core.neural.one_pass import FIRST, first_method, first_reasons
from core.neural.relevance import _handing, _norm, rules
from core.neural.scorer import NeuralScorer
from core.neural.shapley import shapley
from core.neural.subject import looking_at
from core.neural.trainer import Trained, train_run
from core.progress import nobody
from core.removals import infidelity
from tests.made import make_leads, tiny_config
from tests.planted import PLANTED, leads_of, planted_ids, trained

LEADS = make_leads(60, seed=3)
IDS = LEADS.lead_id.tolist()


@pytest.fixture
def scorer(probed: Trained) -> NeuralScorer:
    return probed.scorer


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Leads, NeuralScorer]:
    leads = leads_of()
    return leads, trained(leads, tmp_path_factory.mktemp("planted"), "fields=tower")


@pytest.fixture(scope="module")
def fields_alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Leads, NeuralScorer]:
    leads = make_leads(words=False)
    work = tmp_path_factory.mktemp("fields")
    return leads, train_run(leads, np.arange(160), np.arange(160, 240), tiny_config(), work, nobody).scorer


@pytest.mark.parametrize("name", [name for name in METHODS if name != GRADIENT])
def test_a_planted_turn_and_a_planted_field_win(planted: tuple[Leads, NeuralScorer], name: str) -> None:
    """All but the gradient at the lead itself, which does not find the word here: the others are held against it."""
    leads, scorer = planted
    drives = []
    telling = set(leads.lead_id[np.abs(leads.features["drives"]) > 1.2])
    for lead_id in [one for one in planted_ids(leads, 90) if one in telling][:4]:
        with looking_at(scorer, leads, lead_id, neutrals=(",",)) as subject:
            values = METHODS[name].values(subject)
        by_turn = {unit.text: value for unit, value in zip(subject.units, values, strict=True) if unit.kind == "turn"}
        assert len(by_turn) == 2 and PLANTED in max(by_turn, key=by_turn.__getitem__)
        by_field = {unit.name: abs(value) for unit, value in zip(subject.units, values, strict=True)}
        drives.append(by_field["drives"] - max(by_field["noise_level"], by_field["city"]))
    assert len(drives) == 4 and np.mean(drives) > 0


@pytest.mark.parametrize("name", METHODS)
def test_sums_of_fields_are_told_exactly(fields_alone: tuple[Leads, NeuralScorer], name: str) -> None:
    leads, scorer = fields_alone
    weight = scorer.model.heads.pairwise.weight.detach().double().numpy()[0]  # type: ignore[operator]
    for row in (0, 5):
        with looking_at(scorer, leads, f"L{row:04d}") as subject:
            values = METHODS[name].values(subject)
            wanted = np.bincount(subject.of_column, weight * scorer.tower(leads)[row], len(subject.units))
            assert values == pytest.approx(wanted, abs=1e-5)
            assert subject.passes.forward == 0


def test_first_reasons_take_one_backward_pass_and_say_so(scorer: NeuralScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    from_subject = faithfulness.Subject.by_place

    def counting(subject: faithfulness.Subject, gained: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        counts.append((subject.passes.forward, subject.passes.backward))
        return from_subject(subject, gained)

    monkeypatch.setattr(faithfulness.Subject, "by_place", counting)
    found = first_reasons(scorer, LEADS, "L0004")
    assert counts[0] == (4, 1)
    assert found.method == FIRST and found.steps == 1
    assert [c.name for c in found.fields] == ["a", "city"] and [c.name for c in found.turns] == ["turn 1", "turn 2"]
    assert sum(c.value for c in found.words) == pytest.approx(sum(c.value for c in found.turns), abs=1e-9)


def test_relevance_leaves_the_answer_and_the_model_as_they_were(scorer: NeuralScorer) -> None:
    reader = scorer.model.reader
    assert reader is not None
    with looking_at(scorer, LEADS, "L0004") as subject:
        plain, answer = subject.gradient(1.0)
        with rules(reader):
            changed, same = subject.gradient(1.0)
        assert same == pytest.approx(answer, abs=1e-4)
        assert not np.allclose(changed, plain)
        assert np.allclose(subject.gradient(1.0)[0], plain)
    for part in reader.model.modules():
        assert "forward" not in part.__dict__ and not part._forward_hooks


def test_the_rules_of_relevance_by_hand() -> None:
    norm, x = LlamaRMSNorm(3), torch.tensor([[1.0, -2.0, 3.0]], requires_grad=True)
    out = _norm(norm, x)
    assert torch.allclose(out, norm(x))
    (slope,) = torch.autograd.grad(out[0, 0], x)
    assert slope.tolist()[0] == pytest.approx([(3 / 14) ** 0.5, 0, 0], rel=1e-4)
    (share,) = torch.autograd.grad(_handing(x, 0.25).sum(), x)
    assert share.tolist() == [[0.25] * 3]
    a, b = torch.tensor(2.0, requires_grad=True), torch.tensor(5.0, requires_grad=True)
    slopes = torch.autograd.grad(_handing(a * b, 0.5), (a, b))
    assert a.item() * slopes[0].item() + b.item() * slopes[1].item() == pytest.approx(10)


def test_relevance_refuses_what_it_does_not_know() -> None:
    small = GPT2Config(n_layer=1, n_head=1, n_embd=8, vocab_size=16, n_positions=8, bos_token_id=1, eos_token_id=1)
    other = GPT2LMHeadModel(small)
    other.get_decoder().layers = other.get_decoder().h
    reader: Any = SimpleNamespace(model=other)
    with pytest.raises(NotComputable, match="however: got GPT2MLP; take another method"), rules(reader):
        pass
    assert first_method(SimpleNamespace(reader=reader)) == "midpoint"  # type: ignore[arg-type]


class Toy:
    """Three units; the first two say the same, so that either one is worth half of it."""

    units = (1, 2, 3)

    def logits(self, keep: np.ndarray) -> np.ndarray:
        return 2.0 * (keep[:, 0] | keep[:, 1]) + 3.0 * keep[:, 2]


def test_shapley_shares_what_units_say_together() -> None:
    one = shapley(Toy(), pairs=1)  # type: ignore[arg-type]
    # Either order of the first two comes up once, as one order is the other backwards.
    assert one == pytest.approx([1, 1, 3])


def test_random_reasons_are_no_better_than_random(scorer: NeuralScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    monkeypatch.setitem(METHODS, "random", Method(lambda subject: rng.normal(size=len(subject.units))))
    gains: dict[str, list[float]] = {"random": [], FIRST: []}
    for row in range(12):
        with looking_at(scorer, LEADS, IDS[row], neutrals=(",",)) as subject:
            told = one_lead(subject, ("random", FIRST), 20, row, {}, 0)
        for name, (entry, _) in told.items():
            gains[name].append(entry.comprehensiveness - entry.random_comprehensiveness)
    by_chance, ours = (mean_of(np.array(gains[name])) for name in ("random", FIRST))
    assert by_chance.low < 0 < by_chance.high
    assert ours.low > 0 and ours.low > by_chance.value


def test_infidelity_is_captums() -> None:
    rng = np.random.default_rng(0)
    x, values = torch.tensor(rng.normal(size=(1, 4))), torch.tensor(rng.normal(size=(1, 4)))
    left_out = rng.random((60, 4)) < 0.5

    def f(points: torch.Tensor) -> torch.Tensor:
        return points[:, 0] * points[:, 1] + torch.sin(points[:, 2]) - points[:, 3] ** 2

    def perturbed(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        moved = torch.from_numpy(left_out) * points
        return torch.from_numpy(left_out.astype(float)), points - moved

    theirs = captums(f, perturbed, x, values, n_perturb_samples=60, max_examples_per_batch=60, normalize=True)
    happened = (f(x) - f(x * torch.from_numpy(~left_out))).numpy()
    assert infidelity(left_out @ values.numpy()[0], happened) == pytest.approx(theirs.item())


def test_a_model_made_anew_gives_other_reasons_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many fields: of a few, and of a random language model's turns, chance alone makes ranks alike."""
    made = make_leads()
    noise = pd.DataFrame(np.random.default_rng(1).normal(size=(240, 24))).add_prefix("n")
    features = Features(("a", *noise.columns), ("city",))
    leads = Leads(made.roles, made.features.join(noise), replace(made.schema, features=features))
    scorer = train_run(leads, np.arange(160), np.arange(160, 240), tiny_config(), tmp_path, nobody).scorer
    ids = leads.lead_id.tolist()[:4]
    trained = []
    for lead_id in ids:
        with looking_at(scorer, leads, lead_id) as subject:
            trained.append(METHODS[FIRST].values(subject))
    before = scorer.answers(leads.take(np.arange(4))).score
    alike = pd.DataFrame([made_anew(scorer, leads, ids, trained, "pairwise", seed) for seed in range(3)])
    assert set(alike) == {"heads", "deepest layer"}
    assert (alike >= 0).all(axis=None) and (alike.mean() < 0.3).all(), alike
    assert scorer.answers(leads.take(np.arange(4))).score == pytest.approx(before, abs=1e-9)

    @contextmanager
    def turned_about(tensors: Sequence[torch.Tensor], seed: int) -> Iterator[None]:
        for tensor in tensors:
            tensor.neg_()
        yield

    monkeypatch.setattr(
        faithfulness, "weights", lambda own: [("heads", [p.data for p in own.model.heads.parameters()])]
    )
    monkeypatch.setattr(faithfulness, "shuffling", turned_about)
    assert made_anew(scorer, leads, ids, trained, "pairwise", 0)["heads"] == pytest.approx(1)


def test_measuring_gives_every_figure(scorer: NeuralScorer) -> None:
    seen = []
    logits = np.sort(scorer.answers(LEADS).score)
    found = measure(
        scorer,
        LEADS,
        IDS[:3],
        tops={"0.01": float(logits[-1]), "0.05": float(logits[0])},
        draws=3,
        watch=lambda event: seen.append((event.done, event.total)),
    )
    assert seen[-1] == (3, 3)
    assert [one.name for one in found.methods] == list(dict.fromkeys(("gradient x input", FIRST, found.explains)))
    full = found.method(found.explains)
    assert full is not None and full.error <= 0.05 and full.agreement is not None and full.sensitivity is not None
    assert full.falls["0.05"][1] == 3 and found.top_leads == 3 and full.passes >= 64
    assert 0 < full.infidelity < 1
    with pytest.raises(ConfigError, match="got=guess"):
        measure(scorer, LEADS, IDS[:3], methods=("guess",))
    with pytest.raises(NotComputable, match="at least 2 leads"):
        measure(scorer, LEADS, IDS[:1])
