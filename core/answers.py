"""What a verb of the command line answers, and results as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Answer:
    """The same result twice: plain JSON, and text for a person."""

    document: dict[str, Any]
    text: str
    code: int = 0
    """Exit code: 2 where the answer is that the input cannot be used."""


def as_json(value: Any) -> Any:
    """A result as JSON has it: a frame is a list of its rows, a moment ISO text, what has no value null.

    Example:
        >>> as_json({"found": pd.DataFrame({"n": [1.0, float("nan")]}), "at": pd.Timestamp("2026-01-01")})
        {'found': [{'n': 1.0}, {'n': None}], 'at': '2026-01-01T00:00:00'}
    """
    if isinstance(value, pd.DataFrame):
        return [as_json(row) for row in value.to_dict("records")]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): as_json(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | Sequence) and not isinstance(value, str):
        return [as_json(one) for one in value]
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    value = value.item() if isinstance(value, np.generic) else value
    missing = value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value))
    return None if missing else value
