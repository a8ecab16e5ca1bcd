"""Won and lost leads: what moved their scores, how often each kind of talk was said, and where the two do not agree.

What goes with orders is a fact of the data; what moves scores is the model's view. A model that leans on talk which
does not go with orders has learned something else than what sells, and an analyst should look at it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from core.comparison import holm
from core.errors import NotComputable
from core.ranking import LEVEL, Z
from core.talk.weighing import Weighing

FEWEST = 10
"""Won, and lost, leads with a conversation below which nothing is told of them."""
NO_MORE = 1.1
"""A kind of talk does not go with orders if all that is likely lies below so many times as often, or above its
inverse for talk that the model dislikes. Source: ours."""
AGREE, LIKED_ALONE, DISLIKED_ALONE, UNSURE = (
    "agree",
    "liked by the model alone",
    "disliked by the model alone",
    "unsure",
)


def talk_by_outcome(said: np.ndarray, outcome: np.ndarray, kinds: pd.DataFrame) -> pd.DataFrame:
    """A row a kind of talk, in the order of `kinds`: how often it was said in won and in lost leads.

    Args:
        said: (leads with a conversation, kinds), bool.
        outcome: (leads with a conversation,), 1, 0, or NaN where it is not final.
        kinds: of `effects.kinds_of`.

    Returns:
        kind; won, lost (how many leads there are); said_won, said_lost (shares); ratio of the two with interval
        (ratio_low, ratio_high; NaN where there is none); p_holm by Fisher's exact test; verdict.

    Raises:
        NotComputable: too few leads were won, or lost.
    """
    won, lost = said[outcome == 1], said[outcome == 0]
    check_outcomes(len(won), len(lost))
    in_won, in_lost = won.sum(axis=0), lost.sum(axis=0)
    p = {}
    for place in range(said.shape[1]):
        table = [[in_won[place], len(won) - in_won[place]], [in_lost[place], len(lost) - in_lost[place]]]
        p[str(place)] = float(fisher_exact(table).pvalue)
    corrected, rows = holm(p), []
    for kind in kinds["kind"]:
        ratio, low, high = _ratio(int(in_won[kind]), len(won), int(in_lost[kind]), len(lost))
        rows.append(
            {
                "kind": kind,
                "won": len(won),
                "lost": len(lost),
                "said_won": in_won[kind] / len(won),
                "said_lost": in_lost[kind] / len(lost),
                "ratio": ratio,
                "ratio_low": low,
                "ratio_high": high,
                "p_holm": corrected[str(kind)],
            }
        )
    pairs = zip(kinds.to_dict("records"), rows, strict=True)
    return pd.DataFrame(rows).assign(verdict=[_verdict(kind, told) for kind, told in pairs])


def moved_by_outcome(x: np.ndarray, outcome: np.ndarray, weighing: Weighing) -> pd.DataFrame:
    """A row for each column of `x` (n, m): its mean points in won leads less those in lost ones.

    Columns: won, lost (leads of the sample), value, low, high, p_holm (against no difference, over all columns).

    Raises:
        NotComputable: the sample holds too few won or lost leads.
    """
    won, lost = outcome == 1, outcome == 0
    check_outcomes(int(won.sum()), int(lost.sum()))
    found = weighing.gaps(x, won, lost)
    return pd.DataFrame(
        {
            "won": int(won.sum()),
            "lost": int(lost.sum()),
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "p_holm": found.p_holm,
        }
    )


def check_outcomes(won: int, lost: int) -> None:
    """Raises NotComputable for fewer than FEWEST of either."""
    if min(won, lost) < FEWEST:
        raise NotComputable(
            f"won and lost leads are compared from {FEWEST} of each on, however: there are {won:,} won and {lost:,} "
            "lost leads whose outcome is final; look at more leads, or come back when more is known"
        )


def _ratio(in_won: int, won: int, in_lost: int, lost: int) -> tuple[float, float, float]:
    """The ratio of two shares with its interval; a half is added to each count where one of the two is 0.

    Source: Katz et al. 1978, on the log scale; the half: Walter 1975.

    Example:
        >>> ["%.2f" % one for one in _ratio(20, 100, 10, 100)]
        ['2.00', '0.99', '4.05']
    """
    if not in_won and not in_lost:
        return np.nan, np.nan, np.nan
    half = 0.0 if in_won and in_lost else 0.5
    a, n, b, m = in_won + half, won + half, in_lost + half, lost + half
    ratio, error = (a / n) / (b / m), np.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    return ratio, float(ratio * np.exp(-Z * error)), float(ratio * np.exp(Z * error))


def _verdict(kind: Mapping, told: Mapping) -> str:
    """Whether the model's liking and the orders go together, as far as both can be told."""
    liked, disliked = (kind["p_holm"] < 1 - LEVEL and sign * kind["value"] > 0 for sign in (1, -1))
    if liked and told["ratio_high"] < NO_MORE:
        return LIKED_ALONE
    if disliked and told["ratio_low"] > 1 / NO_MORE:
        return DISLIKED_ALONE
    if told["p_holm"] < 1 - LEVEL and ((liked and told["ratio"] > 1) or (disliked and told["ratio"] < 1)):
        return AGREE
    return UNSURE
