"""The preference tiers judged before any training, without torch: how many pairs, and do they agree with the sale?"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from core.data.alignment import TierReport, tier_report
from core.data.leads import Leads
from core.data.pairs import Pairing
from core.data.sampling import mostly_won
from core.errors import NotComputable
from core.words import READ_LEADS, cross_fitted


def check_tiers(leads: Leads, rows: np.ndarray | None = None, *, seed: int = 0) -> tuple[TierReport, ...]:
    """Pairs of each tier and whether its order is that of the sale, judged before any training on `rows` (None: all).

    What stage and outcome cannot tell is judged by a cross-fitted linear model of the leads' own words and fields, for
    at most `READ_LEADS` of them.
    """
    rows = np.arange(len(leads)) if rows is None else rows
    train = leads.without_words().take(rows)
    read = mostly_won(np.arange(len(rows)), train.converted, READ_LEADS, seed)
    estimate = np.full(len(rows), np.nan)
    # Where it cannot be computed all stay unknown.
    with suppress(NotComputable):
        estimate[read] = cross_fitted(leads.take(rows[read]), seed=seed)
    return tier_report(train, Pairing.fit(train), estimate, seed=seed)
