"""Whether stage 1's chances come true: of later leads that it never saw, how many came by the chance it gave them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from core.errors import NotComputable
from core.metrics import auc
from core.neural.segments.material import Material
from core.reliability import chance_calibration_error, expected_calibration_error

GROUPS = 10
"""Groups of leads of like chance, equally many each."""
LEAST = 20
"""Fewest leads of a group. Source: ours."""


def engaged_calibration(material: Material, assigned: pd.DataFrame) -> dict[str, Any]:
    """The chance to be engaged, 1 - p_low, against who was, among the reached of the test part.

    JSON-able: groups [{promised, came, low, high (95%, Wilson), leads}], error (mean distance over them, 0..1),
    by_chance (that distance were all chances right), auc, leads.

    Raises:
        NotComputable: there is no test part, or too few leads, or leads of one kind.
    """
    rows = material.reached(material.parts.test)
    if len(rows) < GROUPS * LEAST:
        raise NotComputable(
            f"whether the chances come true needs {GROUPS * LEAST} later leads that the campaign reached, however: "
            f"there are {len(rows):,}; give more leads"
        )
    chance, came = 1 - assigned["p_low"].to_numpy()[rows], (material.labels[rows] != "low").astype(np.float64)
    groups = [_group(chance[part], came[part]) for part in np.array_split(np.argsort(chance, kind="stable"), GROUPS)]
    return {
        "groups": groups,
        "error": expected_calibration_error(came, chance, GROUPS),
        "by_chance": chance_calibration_error(chance, GROUPS),
        "auc": auc(came, chance),
        "leads": len(rows),
    }


def _group(chance: np.ndarray, came: np.ndarray) -> dict[str, float]:
    low, high = proportion_confint(came.sum(), len(came), method="wilson")
    return {
        "promised": float(chance.mean()),
        "came": float(came.mean()),
        "low": float(low),
        "high": float(high),
        "leads": len(came),
    }
