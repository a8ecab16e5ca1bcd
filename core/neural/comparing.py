"""Why lead A stands above lead B: both read under the ranking head, each against a neutral end of the same token.

    A --> integrated gradients from neutral A --.
                                                 +--> core.pair_reasons: one sum of fields, turns and shape
    B --> integrated gradients from neutral B --'

With a token of its own for each, the neutral ends would differ by what is odd about the two tokens; with one for both
they differ by the leads alone. It is the one with which the two neutral leads are nearest to the average lead, so that
neither is told what the other's token would say, and the order of the two does not matter.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.data.leads import Leads
from core.data.prompts import shown_name
from core.data.reviews import TIER as REVIEWED
from core.errors import LeadRankError
from core.funnel import whole_funnel
from core.neural.checkpoints import Run
from core.neural.contributions import LEAST_DIFFERENCE as LEAST_OWN
from core.neural.gradients import explain
from core.neural.scorer import NeuralScorer, apply_ranking, heads_answers
from core.neural.subject import looking_at
from core.neural.teaching import REST
from core.pair_reasons import LEAST_DIFFERENCE, TOLERANCE, PairReasons, TierPart
from core.progress import Event, Phase, Watch, nobody
from core.scores import Attribution


def explain_pair(
    scorer: NeuralScorer,
    leads: Leads,
    a: str,
    b: str,
    *,
    steps: int = 32,
    max_steps: int = 512,
    watch: Watch = nobody,
) -> PairReasons:
    """The difference of the ranking scores of leads `a` and `b`, split over fields and turns of both.

    Each lead is explained so finely that the sum misses the difference of the two by no more than `TOLERANCE`, or as
    finely as `max_steps` allows.

    Raises:
        LeadRankError: there is no lead of either id, or it is the same one twice.
    """
    if a == b:
        raise LeadRankError(f"a lead is compared with another one, however: '{a}' was given twice; give two leads")
    rows = [leads.row_of(each) for each in (a, b)]
    neutral, ends = _ends(scorer, leads, a, b)
    difference = ends[0][1] - ends[1][1]
    # Half of what may be missed is each lead's.
    allowed = TOLERANCE * max(abs(difference), LEAST_DIFFERENCE) / 2
    phase = Phase("compare", watch)
    told: list[Attribution] = []
    for number, (lead_id, (start, end)) in enumerate(zip((a, b), ends, strict=True)):

        def half(event: Event, finished: int = number) -> None:
            phase.at(100 * finished + 100 * event.done // max(event.total, 1), 200)

        tolerance = min(allowed / max(abs(end - start), LEAST_OWN), TOLERANCE)
        found = explain(
            scorer, leads, lead_id, neutral=neutral, steps=steps, max_steps=max_steps, tolerance=tolerance, watch=half
        )
        told.append(found)
    encoded, tower = scorer.read(leads.take(np.array(rows)))
    queued = apply_ranking(scorer.run.ranking, heads_answers(scorer.model.heads, encoded, tower))[0]
    with torch.inference_mode():
        x = scorer.model.heads.features(encoded, torch.from_numpy(tower)).double()
    tiers = _tiers(scorer.run, x[0] - x[1])
    return PairReasons(
        told[0],
        told[1],
        float(queued[0] - queued[1]),
        scorer.run.ranking.rank_by,
        tiers,
        tiers_sum=REST in scorer.run.teaching,
        unknown="" if tiers else _unknown(scorer.run),
    )


def _ends(scorer: NeuralScorer, leads: Leads, a: str, b: str) -> tuple[str, list[tuple[float, float]]]:
    """The token that suits both, and of each lead the neutral logit with it and its own."""
    logits, own = [], []
    for lead_id in (a, b):
        with looking_at(scorer, leads, lead_id, head="pairwise") as subject:
            logits.append({neutral.text: neutral.logit for neutral in subject.neutrals})
            own.append(subject.logit)
    average = scorer.run.ranking.pairwise_mean
    text = min(logits[0], key=lambda text: (sum(abs(said[text] - average) for said in logits), text))
    return text, [(said[text], logit) for said, logit in zip(logits, own, strict=True)]


def _tiers(run: Run, apart: Tensor) -> tuple[TierPart, ...]:
    """What each tier's part of the weights, or its push, makes of x_A - x_B, (D + T,); () where neither is known."""
    funnel = run.schema.funnel
    declared = funnel.effective_tiers()
    # A run that learned from the whole funnel has its tiers, whose names a declared one might have by chance.
    known = {tier.name: tier.words for tier in (*whole_funnel(funnel.stages).tiers, *declared)}
    known |= {REST: "", REVIEWED: "what people said of single pairs"}
    told = []
    for name, part in sorted(run.teaching.items()):
        told.append(TierPart(name, known.get(name, shown_name(name)), float(part.double() @ apart)))
    return tuple(told)


def _unknown(run: Run) -> str:
    """Why it is not known which tier taught the order, and how it could be."""
    if run.config.heads != "linear":
        why, remedy = "its ranking part has two layers", "A model with one (setting heads=linear) tells it."
    else:
        why = "it was trained before this was kept"
        remedy = "Check its reasons (`python -m core faithfulness`) with the leads that it was trained on to know."
    return f"Which step of the funnel taught this order is not known for this model: {why}. {remedy}"
