"""First reasons, after one backward pass: the lead's step away from the neutral one, times one gradient.

    gradient x input    (x - b) * grad F(x)              how the logit answers to a little less of each thing
    midpoint            (x - b) * grad F((x + b) / 2)    integrated gradients with a single step
    AttnLRP             (x - b) * relevance of x         the first, its backward pass under rules of its own

Each gives every number of the lead its share, so fields, turns and words come out together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.data.leads import Leads
from core.neural.asllr import AsLLR
from core.neural.contributions import as_attribution
from core.neural.relevance import known, relevance
from core.neural.scorer import NeuralScorer
from core.neural.subject import Subject, looking_at
from core.scores import Attribution

ONE_PASS: dict[str, Callable[[Subject], np.ndarray]] = {
    "gradient x input": lambda subject: subject.gradient(1.0)[0],
    "midpoint": lambda subject: subject.gradient(0.5)[0],
    "AttnLRP": relevance,
}
"""What each number of the point is given, (L * H + T,)."""
FIRST = "AttnLRP"
"""Of these the most faithful one. Source: measured, benchmarks/README.md, Reasons."""
ELSE = "midpoint"
"""What is taken for a language model whose parts AttnLRP does not know."""
FEW_NEUTRAL = (",", ";")
"""Neutral tokens that first reasons choose from: each costs a forward pass, of which all together may be six. On the
sample they are the nearest to the average lead."""
TOLERANCE = 0.05


def first_reasons(scorer: NeuralScorer, leads: Leads, lead_id: str, *, head: str = "pairwise") -> Attribution:
    """Contributions of one lead's fields, turns and words after one backward pass; see `explain` for what they are.

    `converged` tells whether they sum to the logit's difference within 5%, which one step seldom reaches.

    Cost: four forward passes and a backward one, less than six forward passes together.

    Raises:
        LeadRankError: there is no lead of this id.
        ConfigError: an unknown head.
    """
    method = first_method(scorer.model)
    with looking_at(scorer, leads, lead_id, head=head, neutrals=FEW_NEUTRAL) as subject:
        return as_attribution(subject, ONE_PASS[method](subject), method=method, steps=1, tolerance=TOLERANCE)


def first_method(model: AsLLR) -> str:
    """The method of first reasons for this model."""
    return FIRST if model.reader is None or known(model.reader) else ELSE
