"""Whether a model's chances kept their promise on the leads that it was tested on, as its card tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Broken:
    """Chances that were surely off: the 95% interval of orders over promised orders leaves out 1."""

    leads: int
    promised: float
    """Orders that the chances of these leads add up to."""
    came: int

    @property
    def way(self) -> str:
        """`high` where fewer orders came than promised, else `low`."""
        return "high" if self.came < self.promised else "low"

    @property
    def words(self) -> str:
        """
        Example:
            >>> Broken(1081, 127.9, 89).words
            'The model’s chances were too high lately: on 1,081 later leads they promised 128 orders, and 89 came.'
        """
        return (
            f"The model’s chances were too {self.way} lately: on {self.leads:,} later leads they promised "
            f"{self.promised:,.0f} orders, and {self.came:,} came."
        )


def broken(card: Mapping[str, Any]) -> Broken | None:
    """None where the chances may be right, or where the card, which may have come from elsewhere, does not tell.

    Example:
        >>> found = {"value": 0.7, "low": 0.57, "high": 0.82}
        >>> metrics = {"leads": 1081, "converted": 89, "calibration": {"observed_over_expected": found}}
        >>> broken({"tested_on": "test", "metrics": metrics}), broken({"metrics": {}})
        (Broken(leads=1081, promised=127.14285714285715, came=89), None)
    """
    try:
        metrics = card["metrics"]
        ratio = metrics["calibration"]["observed_over_expected"]
        value, low, high = (float(ratio[key]) for key in ("value", "low", "high"))
        leads, came = int(metrics["leads"]), int(metrics["converted"])
    except (KeyError, TypeError, ValueError):
        return None
    if card.get("tested_on") == "calibration" or low <= 1 <= high or value <= 0:
        return None
    return Broken(leads, came / value, came)
