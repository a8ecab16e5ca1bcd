"""Lines of a model card as a person would say them: no keys of a schema, days for moments."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from core.data.prompts import shown_name


def plain_note(note: str) -> str:
    """A note of the split as a person would say it: no keys of a schema, days for moments.

    >>> plain_note("9 leads younger than maturity_days = 30 before the newest snapshot, 2025-12-01T18:01:00, wait")
    '9 leads younger than 30 days before the newest snapshot, 1 Dec 2025, wait'
    """
    note = re.sub(r"maturity_days = ([\d.]+)", r"\1 days", note)
    return re.sub(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+)?", lambda found: f"{pd.Timestamp(found[0]):%-d %b %Y}", note)


def plain_tier(tier: dict[str, Any], words: dict[str, str]) -> str:
    """What one tier of a card says, under what it teaches; `words`: that of each tier by its key.

    >>> told = {"name": "key", "summary": "key: 9 pairs of 3 chosen and 3 rejected leads", "warning": None}
    >>> plain_tier(told, {"key": "test drive over call"})
    'Test drive over call: 9 pairs of 3 chosen and 3 rejected leads'
    >>> plain_tier({"name": "key", "warning": "tier 'key' hardly follows the sale"}, {"key": "test drive over call"})
    'Test drive over call: hardly follows the sale'
    """
    key = str(tier["name"])
    said = str(tier.get("warning") or tier["summary"]).removeprefix(f"tier '{key}'").removeprefix(key).lstrip(": ")
    name = words.get(key) or shown_name(key)
    return f"{name[:1].upper()}{name[1:]}: {said}"
