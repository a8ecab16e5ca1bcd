"""Who was right: an analyst who put two leads in another order, or the model of that time; told by what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

FEWEST = 5
"""Corrections with a decided outcome below which nothing is said of who judges better. Source: ours; of four, even four
right ones are within chance."""


@dataclass(frozen=True)
class WhoWasRight:
    """Corrections held against what came.

    `table`: a row a correction, in the given order: chosen, rejected, analyst, model ("right", "wrong", or "" where it
    cannot be told), ended (what came, in words), known_before (bool: an outcome of the two was known when it was
    corrected).
    """

    table: pd.DataFrame

    @property
    def verdict(self) -> str:
        """One sentence, of corrections whose outcome came afterwards: both are judged on those that the model told."""
        decided = self._judged(before=False)
        if not len(decided):
            return "No correction has an outcome yet that came after it, so it is too early to say who was right."
        judged = decided[decided["model"] != ""]
        if not len(judged):
            return (
                "Outcomes came, but of leads that the model had not put in an order: it cannot be said who was right."
            )
        analyst, model = ((judged[who] == "right").sum() for who in ("analyst", "model"))
        told = f"the analyst was right in {analyst}, the model in {model}"
        if len(judged) < FEWEST:
            return f"Of {_corrections(len(judged))} whose outcome is known {told}: too few to say who judges better."
        low, high = proportion_confint(analyst, len(judged), method="wilson")
        sure = "" if low > 0.5 or high < 0.5 else "; that does not tell the two apart yet"
        return (
            f"Of {_corrections(len(judged))} whose outcome is known {told}. "
            f"The analyst's share of right ones is likely between {low:.0%} and {high:.0%}{sure}."
        )

    @property
    def aside(self) -> str:
        """Of corrections with an outcome that are not counted, and why; "" where there are none."""
        known = self._judged(before=True)
        told = []
        if len(known):
            with_it = int((known["analyst"] == "right").sum())
            told += [f"{_corrections(len(known)).capitalize()} not counted: an outcome was known already."]
            told += [f"{with_it} of them agree with it."]
        if blind := int((self._judged(before=False)["model"] == "").sum()):
            told += [f"{_corrections(blind).capitalize()} not counted: the model had not put the two in an order."]
        return " ".join(told)

    def _judged(self, *, before: bool) -> pd.DataFrame:
        return self.table[(self.table["analyst"] != "") & (self.table["known_before"] == before)]


def who_was_right(corrections: pd.DataFrame, outcomes: pd.DataFrame) -> WhoWasRight:
    """Hold corrections against outcomes: the lead that ordered was the better one, and where neither did, the one that
    came further through the funnel; where both ordered or came equally far, nothing is decided.

    Args:
        corrections: chosen, rejected (lead ids), chosen_score, rejected_score (the model's of then, NaN without one),
            known_before (bool).
        outcomes: Index lead_id; outcome 1, 0 or NaN, and stage (-1 unknown).
    """
    chosen, rejected = (outcomes.reindex(corrections[side].to_numpy(dtype=object)) for side in ("chosen", "rejected"))
    both = (chosen["outcome"].notna().to_numpy()) & (rejected["outcome"].notna().to_numpy())
    ordered = np.nan_to_num(chosen["outcome"].to_numpy() - rejected["outcome"].to_numpy())
    stages = chosen["stage"].to_numpy(dtype=float), rejected["stage"].to_numpy(dtype=float)
    further = np.where((stages[0] >= 0) & (stages[1] >= 0), np.sign(stages[0] - stages[1]), 0.0)
    better = np.where(ordered != 0, ordered, np.where(chosen["outcome"].to_numpy() == 0, further, 0.0)) * both
    apart = corrections["chosen_score"].to_numpy(dtype=float) - corrections["rejected_score"].to_numpy(dtype=float)
    model = np.sign(np.nan_to_num(apart))
    words = ["not known yet" if not known else _ended(o, b) for known, o, b in zip(both, ordered, better, strict=True)]
    return WhoWasRight(
        pd.DataFrame(
            {
                "chosen": corrections["chosen"].to_numpy(dtype=object),
                "rejected": corrections["rejected"].to_numpy(dtype=object),
                "analyst": _judgement(np.ones(len(better)), better),
                "model": _judgement(model, better),
                "ended": words,
                "known_before": corrections["known_before"].to_numpy(dtype=bool),
            }
        )
    )


def _judgement(said: np.ndarray, better: np.ndarray) -> np.ndarray:
    return np.select([said * better > 0, said * better < 0], ["right", "wrong"], "")


def _ended(ordered: float, better: float) -> str:
    if better == 0:
        return "both came equally far"
    what = "ordered" if ordered else "came further"
    return f"the one put {'above' if better > 0 else 'below'} {what}"


def _corrections(number: int) -> str:
    return "1 correction" if number == 1 else f"{number:,} corrections"
