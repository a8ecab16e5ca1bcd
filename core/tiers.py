"""The preference tiers judged before any training, without torch: how many pairs, and do they agree with the sale?"""

from __future__ import annotations

from core.data.alignment import TierReport, tier_report
from core.data.leads import Leads
from core.data.pairs import Pairing
from core.errors import NotComputable
from core.words import cross_fitted


def check_tiers(train: Leads, seed: int = 0) -> tuple[TierReport, ...]:
    """Pairs of each tier and whether its order is that of the sale, judged before any training.

    What stage and outcome cannot tell is judged by a cross-fitted linear model of the leads' own words and fields.
    """
    try:
        estimate = cross_fitted(train, seed=seed)
    except NotComputable:
        estimate = None
    return tier_report(train, Pairing.fit(train), estimate, seed=seed)
