"""Small networks are fitted in one way: the best epoch of the best recipe is what comes out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.errors import NotComputable
from core.metrics import auc, average_precision
from core.neural import networks
from core.neural.networks import Fitted, Part, Recipe, Scale, answers, fit, precision_on, search
from core.progress import Event

PLAIN = Recipe(learning_rate=0.1, weight_decay=0.0, batch_leads=10_000, patience=3, stratify=False)
"""One step an epoch."""


def make_part(n: int = 400, seed: int = 0) -> Part:
    """Leads that convert where the first of three columns is above 1."""
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    converted = (x[:, 0] > 1).double().numpy()
    return Part(x, torch.zeros(n, 0), converted, converted.astype(np.int64), np.full(n, np.nan))


class OneStepAnEpoch(nn.Module):
    """One weight w, which `upwards` raises by the learning rate at each step; `ranks` says what leads score by it."""

    def __init__(self, ranks: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.w, self.ranks, self.steps = nn.Parameter(torch.zeros(())), ranks, 0


def upwards(network: Any, part: Part) -> Tensor:
    network.steps += 1
    return -network.w


def by_its_weight(network: Any, part: Part) -> Tensor:
    return network.ranks(network.w, part.x)


def fit_one(ranks: Callable[[Tensor, Tensor], Tensor], recipe: Recipe = PLAIN) -> Fitted:
    return fit(
        lambda _: OneStepAnEpoch(ranks),
        make_part(),
        make_part(seed=1),
        recipe,
        seed=0,
        loss=upwards,
        answer=by_its_weight,
    )


def weight(found: Fitted) -> float:
    assert isinstance(found.network, OneStepAnEpoch)
    return found.network.w.item()


def steps(found: Fitted) -> int:
    assert isinstance(found.network, OneStepAnEpoch)
    return found.network.steps


def with_dropout(recipe: Recipe) -> nn.Module:
    hidden = recipe.hidden[0]
    return nn.Sequential(nn.Linear(3, hidden), nn.ReLU(), nn.Dropout(recipe.dropout), nn.Linear(hidden, 1))


def cross_entropy(network: nn.Module, part: Part) -> Tensor:
    target = torch.from_numpy(part.converted).float()
    return nn.functional.binary_cross_entropy_with_logits(network(part.x).squeeze(1), target)


def logit(network: nn.Module, part: Part) -> Tensor:
    return network(part.x).squeeze(1)


def test_a_part_is_cut_in_the_order_that_is_asked_for() -> None:
    part = replace(make_part(6), stage=np.arange(6), call_seconds=10.0 * np.arange(6), text=torch.eye(6))
    words = torch.arange(18.0).reshape(6, 3)
    cut = replace(part, vocabulary=words).rows(np.array([4, 1, 4]))
    assert len(cut) == 3 and cut.stage.tolist() == [4, 1, 4] and cut.call_seconds.tolist() == [40, 10, 40]
    assert torch.equal(cut.x, part.x[[4, 1, 4]]) and torch.equal(cut.text, torch.eye(6)[[4, 1, 4]])
    assert cut.converted.tolist() == part.converted[[4, 1, 4]].tolist()
    assert cut.vocabulary is not None and cut.vocabulary.tolist() == words[[4, 1, 4]].tolist()
    assert part.rows(np.array([], dtype=np.int64)).vocabulary is None


def test_the_same_seed_gives_the_same_network() -> None:
    def weights(seed: int) -> np.ndarray:
        recipe = Recipe(epochs=3, batch_leads=64)
        found = fit(with_dropout, make_part(), make_part(seed=1), recipe, seed=seed, loss=cross_entropy, answer=logit)
        return torch.cat([value.detach().flatten() for value in found.network.parameters()]).numpy()

    assert np.array_equal(weights(3), weights(3))
    assert not np.allclose(weights(3), weights(4), atol=1e-3)


def test_the_best_epoch_is_kept_and_training_stops_after_the_patience() -> None:
    # The noise is gone where w = 1, which is after ten steps of 0.1.
    found = fit_one(lambda w, x: x[:, 0] + 20 * (w - 1) ** 2 * x[:, 1])
    assert found.epochs == 10 and weight(found) == pytest.approx(1, abs=1e-4)
    assert steps(found) == 10 + PLAIN.patience and not found.network.training
    assert found.validation == pytest.approx(precision_on(found.network, make_part(seed=1), by_its_weight)) == 1


def test_a_network_that_only_gets_worse_is_the_one_of_the_first_epoch() -> None:
    # As it was made it would be better still, but a network that has not learned says nothing of its method.
    found = fit_one(lambda w, x: x[:, 0] + 10 * w * x[:, 1])
    assert (found.epochs, steps(found)) == (1, 1 + PLAIN.patience)
    assert weight(found) == pytest.approx(0.1)
    assert found.validation == precision_on(found.network, make_part(seed=1), by_its_weight) < 0.9


def test_no_more_epochs_than_the_recipe_allows() -> None:
    found = fit_one(lambda w, x: x[:, 0] + 20 * (w - 1) ** 2 * x[:, 1], replace(PLAIN, epochs=4))
    assert (found.epochs, steps(found)) == (4, 4)


def test_an_easy_problem_is_learned() -> None:
    def product(n: int, seed: int) -> Part:
        part = make_part(n, seed)
        return replace(part, converted=(part.x[:, 0] * part.x[:, 1] > 0.5).double().numpy())

    train, later, test = product(1500, 0), product(500, 1), product(1000, 2)
    found = fit(with_dropout, train, later, Recipe(learning_rate=1e-2), seed=0, loss=cross_entropy, answer=logit)
    assert auc(test.converted, answers(found.network, test, logit)) > 0.95
    assert found.epochs > 0
    # What the later slice said is what this network gives there.
    assert found.validation == precision_on(found.network, later, logit)


@pytest.mark.parametrize("part", ["training", "calibration"])
@pytest.mark.parametrize(("outcome", "told"), [(0.0, "0 of 400"), (1.0, "400 of 400"), (np.nan, "0 of 0")])
def test_a_part_without_both_outcomes_is_refused(part: str, outcome: float, told: str) -> None:
    parts = {"training": make_part(), "calibration": make_part(seed=1)}
    parts[part] = replace(parts[part], converted=np.full(400, outcome))
    with pytest.raises(NotComputable, match=f"the {part} part needs .* however: {told}"):
        fit(with_dropout, parts["training"], parts["calibration"], Recipe(), seed=0, loss=cross_entropy, answer=logit)


def test_leads_of_unknown_outcome_judge_nothing() -> None:
    part = make_part()
    network = with_dropout(Recipe())
    known = np.arange(400) % 3 > 0
    score = answers(network, part, logit)
    found = precision_on(network, replace(part, converted=np.where(known, part.converted, np.nan)), logit)
    assert found == average_precision(part.converted[known], score[known])


def test_without_strata_every_lead_comes_once_an_epoch_in_another_order() -> None:
    seen: list[np.ndarray] = []

    def watched(network: nn.Module, part: Part) -> Tensor:
        seen.append(part.call_seconds)
        return cross_entropy(network, part)

    train = replace(make_part(), call_seconds=np.arange(400.0))
    recipe = Recipe(epochs=2, batch_leads=150, stratify=False)
    fit(with_dropout, train, make_part(seed=1), recipe, seed=0, loss=watched, answer=logit)
    assert [len(batch) for batch in seen] == [134, 133, 133] * 2
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(first) == sorted(second) == list(range(400)) and not np.array_equal(first, second)


def test_with_strata_a_rare_stage_is_in_every_batch() -> None:
    seen: list[np.ndarray] = []

    def watched(network: nn.Module, part: Part) -> Tensor:
        seen.append(part.stage)
        return cross_entropy(network, part)

    train = replace(make_part(), stage=np.where(np.arange(400) < 8, 7, 0))
    fit(with_dropout, train, make_part(seed=1), Recipe(epochs=1, batch_leads=50), seed=0, loss=watched, answer=logit)
    assert len(seen) >= 8 and all((stage == 7).any() for stage in seen)


def searched(quality: Callable[[Recipe], float], **more) -> tuple[Fitted, list[Recipe]]:
    """A search among networks that do not learn: how much noise is in their scores hangs on the recipe alone."""
    made: list[Recipe] = []

    def make(recipe: Recipe) -> nn.Module:
        made.append(recipe)
        return OneStepAnEpoch(lambda w, x: x[:, 0] + (1 - quality(recipe)) * x[:, 1])

    settings: dict[str, Any] = {"trials": 8, "seed": 0, "loss": upwards, "answer": by_its_weight} | more
    return search(make, make_part(), make_part(seed=1), **settings), made


def test_the_search_prefers_the_recipe_that_does_best_on_the_later_slice() -> None:
    found, made = searched(lambda recipe: recipe.dropout)
    assert len(made) == 8 and made[0] == Recipe() and len(set(made)) == 8
    assert found.recipe == max(made, key=lambda recipe: recipe.dropout) != Recipe()
    opposite, again = searched(lambda recipe: -recipe.dropout)
    assert again == made and opposite.recipe == min(made, key=lambda recipe: recipe.dropout)
    assert searched(lambda recipe: recipe.dropout, seed=1)[1][1:] != made[1:]


def test_the_first_of_equal_recipes_is_kept_and_one_trial_draws_none() -> None:
    assert searched(lambda recipe: 0.0)[0].recipe == Recipe()
    found, made = searched(lambda recipe: 0.0, trials=1)
    assert made == [Recipe()] and found.recipe == Recipe()


def test_the_search_passes_on_how_batches_are_made_and_tells_how_far_it_is() -> None:
    told: list[Event] = []
    _, made = searched(lambda recipe: 0.0, stratify=False, trials=3, watch=told.append)
    assert not any(recipe.stratify for recipe in made)
    assert (told[-1].done, told[-1].total) == (3, 3)


def test_training_that_diverges_keeps_what_was_good_before() -> None:
    # The noise is gone where w = 0.4, and two steps later the answers are no numbers any more.
    found = fit_one(lambda w, x: x[:, 0] + 20 * (w - 0.4) ** 2 * x[:, 1] + torch.where(w > 0.55, torch.nan, 0.0))
    assert (found.epochs, steps(found)) == (4, 6) and weight(found) == pytest.approx(0.4)


def test_a_recipe_that_diverges_is_passed_over() -> None:
    first = Recipe().dropout
    found, made = searched(lambda recipe: np.nan if recipe.dropout == first else recipe.dropout)
    assert len(made) == 8 and found.recipe == max(made[1:], key=lambda recipe: recipe.dropout)
    for begun in (False, True):
        with pytest.raises(NotComputable, match="training diverged with each of the 2 settings tried"):
            searched(lambda recipe: np.nan, trials=2, begun=begun)


def test_a_lead_scores_the_same_whoever_it_is_scored_with() -> None:
    part, later = make_part(20), make_part(50, seed=1)

    def two(network: nn.Module, part: Part) -> Tensor:
        return torch.stack([part.x[:, 0], 1000 * part.x[:, 1]], dim=1)

    scale = Scale.of(nn.Identity(), later, two)
    whole = answers(nn.Identity(), part, two, scale)
    assert np.allclose(answers(nn.Identity(), part.rows(np.array([3])), two, scale), whole[3])
    x = later.x.double().numpy()
    expected = sum((part.x[:, k].double().numpy() - x[:, k].mean()) / x[:, k].std() for k in (0, 1))
    assert np.allclose(whole, expected, atol=1e-5)


def test_one_answer_ranks_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "SCORED_AT_ONCE", 7)
    part, network = make_part(20), with_dropout(Recipe(dropout=0.5)).train()
    with torch.no_grad():
        expected = network.eval()(part.x).squeeze(1).double().numpy()
    found = answers(network.train(), part, logit)
    assert found.dtype == np.float64 and np.allclose(found, expected, rtol=1e-6)
    assert answers(network, part.rows(np.array([], dtype=np.int64)), logit).shape == (0,)


def test_several_answers_are_put_on_one_scale_over_all_leads_and_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "SCORED_AT_ONCE", 7)
    part = make_part(20)

    def three(network: nn.Module, part: Part) -> Tensor:
        return torch.stack([part.x[:, 0], 1000 * part.x[:, 1] - 5, torch.full((len(part),), 3.0)], dim=1)

    a, b = part.x[:, 0].double().numpy(), 1000 * part.x[:, 1].double().numpy() - 5
    # A third one that says the same of every lead says nothing.
    expected = (a - a.mean()) / a.std() + (b - b.mean()) / b.std()
    assert np.allclose(answers(nn.Identity(), part, three), expected, atol=1e-5)
