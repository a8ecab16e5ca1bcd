"""Measures a model's reasons: every method on the same leads, with the same units left out.

    lead --> methods --> orders of its units ---.
               random orders --------------------+--> logits with units left out (each set of text units read once)
                                                 '--> AOPC, infidelity over the random orders' sets
    lead with its words moved a little --> values again --> sensitivity
    lead really without those units    --> AOPC again, see `deletion`
    second baseline                    --> values again --> agreement of the strongest
    model with a part shuffled         --> values again --> rank correlation, which must collapse

Random orders are drawn by lead and shared by all methods: differences are paired. What they leave out, or leave, are
the perturbations of infidelity: whole units, ten for each order.

Sources: as in `core.removals`; Yeh et al. 2019 (sensitivity); Adebayo et al. 2018 (arXiv 1810.03292), models made anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from core.data.leads import Leads
from core.errors import ConfigError, NotComputable
from core.faithfulness import DROPPED, Faithfulness, Told, over_leads
from core.neural.contributions import relative_error
from core.neural.deletion import deleted
from core.neural.merging import apart
from core.neural.methods import FULL, METHODS, need_methods
from core.neural.one_pass import first_method
from core.neural.scorer import NeuralScorer
from core.neural.subject import Subject, looking_at
from core.progress import Phase, Watch, nobody
from core.removals import BINS, aopc, infidelity, jaccard, without_and_alone

GRADIENT = "gradient x input"
RADIUS = 0.02
"""Of the root mean square of the embeddings of the lead's own words: how far sensitivity moves each number at most.
Source: method 5.3 (1 to 5%); a fixed 0.02, captum's default, may be all that an embedding holds."""
SHAKES = 2
"""Times that it does so for a lead."""
SHAKEN_LEADS = 4
ANEW_LEADS = 10
"""Leads that sensitivity, and models made anew, are measured on: the former costs most and varies least."""
SLACK = 1e-3
"""A lead that is read again gets the logit that was kept to within this: the last one of the top is still in it."""


def measure(
    scorer: NeuralScorer,
    leads: Leads,
    lead_ids: Sequence[str],
    *,
    tops: dict[str, float] | None = None,
    methods: Sequence[str] = (),
    head: str = "pairwise",
    draws: int = 20,
    seed: int = 0,
    watch: Watch = nobody,
) -> Faithfulness:
    """Figures of the methods' reasons over these leads.

    Args:
        tops: least logit of the top of the list by share ("0.05"), to see which leads fall from it.
        methods: names of METHODS; () = those that the app shows, and gradient x input.
        draws: random orders a lead.

    Raises:
        LeadRankError: a lead is not there.
        ConfigError: an unknown method or head, or fewer draws than one.
        NotComputable: fewer than two leads.
    """
    first = first_method(scorer.model)
    names = tuple(methods) or tuple(dict.fromkeys((GRADIENT, first, FULL)))
    need_methods(names)
    if draws < 1:
        raise ConfigError(f"draws must be at least 1, however: got={draws}")
    if len(lead_ids) < 2:
        raise NotComputable(f"reasons are measured over at least 2 leads, however: got={len(lead_ids)}")
    told: dict[str, list[Told]] = {name: [] for name in names}
    values: list[np.ndarray] = []
    phase = Phase("check reasons", watch)
    top = 0
    for number, lead_id in enumerate(lead_ids):
        with looking_at(scorer, leads, lead_id, head=head) as subject:
            top += subject.logit >= (tops or {}).get("0.05", np.inf) - SLACK
            shakes = SHAKES if number < SHAKEN_LEADS else 0
            found = one_lead(subject, names, draws, seed + number, tops or {}, shakes)
        # Not as long as the lead is looked at: on a GPU both would want the heads, in different places.
        orders = {name: _strongest_first(subject, own) for name, (_, own) in found.items()}
        gone = deleted(scorer, subject, orders, random_orders(subject, draws, seed + number))
        for name, (entry, own) in found.items():
            told[name].append(replace(entry, deleted=gone[name]))
            if name == first and number < ANEW_LEADS:
                values.append(own)
        phase.at(number + 1, len(lead_ids))
    return Faithfulness(
        head=head,
        leads=len(lead_ids),
        top_leads=int(top),
        draws=draws,
        explains=FULL,
        first=first,
        methods=over_leads(told, {name: METHODS[name].sums for name in names}, GRADIENT, seed),
        made_anew=made_anew(scorer, leads, lead_ids[: len(values)], values, head, seed),
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def one_lead(
    subject: Subject, names: Sequence[str], draws: int, seed: int, tops: dict[str, float], shakes: int
) -> dict[str, tuple[Told, np.ndarray]]:
    """Each method's figures of one lead, and its values (units,)."""
    side = subject.side
    chance = [without_and_alone(order) for order in random_orders(subject, draws, seed)]
    drawn = np.array([subject.logits(np.concatenate(both)) for both in chance])
    random = np.array([_aopc(subject, one, side) for one in drawn]).mean(axis=0)
    left_out = ~np.concatenate([np.concatenate(both) for both in chance])
    happened = subject.logit - drawn.ravel()
    found = {}
    for name in names:
        shown = subject.among(METHODS[name].neutrals)
        other = shown.against_second() if subject.prompt is not None and len(shown.neutrals) > 1 else None
        own, passes, seconds = _values(shown, name)
        logits = subject.logits(np.concatenate(without_and_alone(_strongest_first(subject, own))))
        fallen = logits[BINS.index(DROPPED)]
        full, alone = _aopc(subject, logits, side)
        entry = Told(
            comprehensiveness=full,
            sufficiency=alone,
            random_comprehensiveness=float(random[0]),
            random_sufficiency=float(random[1]),
            infidelity=infidelity(left_out @ own, happened),
            error=relative_error(shown, own),
            agreement=None if other is None else jaccard(own, METHODS[name].values(other)),
            sensitivity=sensitivity(shown, name, own, shakes, seed) if shakes else None,
            falls={share: bool(fallen < least) for share, least in tops.items() if subject.logit >= least - SLACK},
            passes=passes,
            seconds=seconds,
        )
        found[name] = (entry, own)
    return found


def random_orders(subject: Subject, draws: int, seed: int) -> list[np.ndarray]:
    """Orders of the lead's units, (units,) each: the same for whoever asks again."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(len(subject.units)) for _ in range(draws)]


def _strongest_first(subject: Subject, own: np.ndarray) -> np.ndarray:
    return np.argsort(-subject.side * own, kind="stable")


def _aopc(subject: Subject, logits: np.ndarray, side: float) -> tuple[float, float]:
    without, alone = np.split(logits, 2)
    return aopc(subject.logit, subject.neutral.logit, without, alone, side)


def _values(subject: Subject, name: str) -> tuple[np.ndarray, float, float]:
    """A method's values (units,), the readings and the processor's seconds that they took, nothing having been read."""
    fresh = subject.unread()
    began = time.process_time()
    own = METHODS[name].values(fresh)
    return own, fresh.passes.forward + fresh.passes.backward, max(time.process_time() - began, 1e-9)


def sensitivity(subject: Subject, name: str, own: np.ndarray, shakes: int, seed: int) -> float | None:
    """The largest change of the values (units,), relative to their size, where the lead's words move a little.

    None where no text is read.
    """
    if subject.prompt is None or not np.linalg.norm(own) > 0:
        return None
    inside = torch.from_numpy(subject.of_token >= 0).to(subject.words.device)[:, None]
    radius = RADIUS * float(subject.words[inside[:, 0]].pow(2).mean().sqrt()) if inside.any() else 0.0
    generator = torch.Generator().manual_seed(seed)
    changes = []
    for _ in range(shakes):
        noise = (2 * torch.rand(subject.words.shape, generator=generator) - 1).to(subject.words.device)
        again = METHODS[name].values(subject.moved(radius * noise * inside))
        changes.append(float(np.linalg.norm(again - own) / np.linalg.norm(own)))
    return max(changes)


def made_anew(
    scorer: NeuralScorer, leads: Leads, lead_ids: Sequence[str], trained: Sequence[np.ndarray], head: str, seed: int
) -> dict[str, float]:
    """By part that is shuffled, that and all before it: mean size of the rank correlation of first reasons with the
    trained ones.

    Reasons that stay the same under a model that knows nothing any more, or are turned about, are not the model's.
    Sizes are averaged, so that leads of either sign do not cancel out.
    """
    found: dict[str, float] = {}
    parts, first = weights(scorer), first_method(scorer.model)
    for number in range(len(parts) if trained else 0):
        shuffled = [tensor for _, tensors in parts[: number + 1] for tensor in tensors]
        alike = []
        with apart(scorer.model), shuffling(shuffled, seed):
            for lead_id, own in zip(lead_ids, trained, strict=True):
                with looking_at(scorer, leads, lead_id, head=head, neutrals=METHODS[first].neutrals) as subject:
                    again = METHODS[first].values(subject)
                if len(own) > 1 and np.ptp(own) > 0 and np.ptp(again) > 0:
                    alike.append(abs(float(spearmanr(own, again).statistic)))
        if alike:
            found[parts[number][0]] = float(np.mean(alike))
    return found


def weights(scorer: NeuralScorer) -> list[tuple[str, list[Tensor]]]:
    """What was learned, from the answer down: the heads, LoRA's weights where there are any, the deepest layer."""
    model = scorer.model
    parts = [("heads", [p.data for p in model.heads.parameters()])]
    if model.reader is not None:
        lora = [p.data for name, p in model.reader.model.named_parameters() if "lora_" in name]
        layers: list[nn.Module] = list(model.reader.model.get_decoder().layers)
        deepest = [p.data for name, p in layers[-1].named_parameters() if "lora_" not in name]
        parts += [("adapters", lora)] if lora else []
        parts.append(("deepest layer", deepest))
    return parts


@contextmanager
def shuffling(tensors: Sequence[Tensor], seed: int) -> Iterator[None]:
    """The numbers within each tensor in a random order, so that their sizes stay; put back as they were."""
    generator = torch.Generator().manual_seed(seed)
    before = [tensor.clone() for tensor in tensors]
    try:
        for tensor in tensors:
            order = torch.randperm(tensor.numel(), generator=generator).to(tensor.device)
            tensor.copy_(tensor.flatten()[order].reshape(tensor.shape))
        yield
    finally:
        for tensor, kept in zip(tensors, before, strict=True):
            tensor.copy_(kept)
