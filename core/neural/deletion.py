"""What a lead's logit does once its strongest units are really left out, or they alone are left: as a proof does it.

    order of units --> without the first 1, 5, 10, 20, 50%, or with them alone
                         '--> a lead in which those turns were not said and those fields are not known, read anew

The neutral token of `subject` keeps every place and length and moves nothing else; this removes what a person would
remove, so that prompts get shorter and a field may count for not being known. What two ways to leave out agree on does
not hang on either. Nearest to what is shown: every reason that is proved is proved in this way.

Source: method 5.3, which asks for both, as results depend on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.data.changing import one_table, without
from core.faithfulness import Deleted
from core.neural.rereading import NeuralRescorer
from core.neural.scorer import NeuralScorer
from core.neural.subject import Subject
from core.removals import COLUMNS, aopc, without_and_alone


def deleted(
    scorer: NeuralScorer, subject: Subject, orders: Mapping[str, np.ndarray], chance: Sequence[np.ndarray]
) -> dict[str, Deleted]:
    """By name of each order, what the lead does without its first units and with them alone.

    Args:
        subject: of the lead; it need not be open any more.
        orders: units strongest first (units,).
        chance: random orders (units,), which all are held against.
    """
    everything = [np.concatenate(without_and_alone(order)) for order in (*orders.values(), *chance)]
    none = np.zeros((1, len(subject.units)), dtype=bool)
    logits = _logits(scorer, subject, np.concatenate([~none, none, *everything]))
    (whole, none_left), rest = logits[:2], logits[2:].reshape(len(everything), 2, -1)
    pairs = [aopc(whole, none_left, without_them, alone, subject.side) for without_them, alone in rest]
    full, enough = np.mean(pairs[len(orders) :], axis=0)
    own = zip(orders, pairs, strict=False)
    return {name: Deleted(one, other, float(full), float(enough)) for name, (one, other) in own}


def _logits(scorer: NeuralScorer, subject: Subject, keep: np.ndarray) -> np.ndarray:
    """The head's logit of the lead with the units left out that `keep` (n, units) does not keep. Shape (n,)."""
    sets, row = np.unique(keep, axis=0, return_inverse=True)
    unread = subject.prompt.dropped_turns if subject.prompt else 0
    changed = [
        without(subject.lead, *(subject.units[unit] for unit in np.flatnonzero(~one)), unread=unread) for one in sets
    ]
    said = NeuralRescorer(scorer, subject.lead).score(one_table(changed))
    return said[COLUMNS[subject.head]].to_numpy(dtype=float)[row.reshape(-1)]
