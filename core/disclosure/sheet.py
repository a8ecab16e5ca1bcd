"""All that a sheet for the person concerned is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.data.leads import Leads
from core.data.schema import Features
from core.disclosure.reasons import Told
from core.ordering import queue_head


@dataclass(frozen=True)
class Source:
    """Where the data come from."""

    name: str
    """Of the dataset, or of the file."""
    file: str = ""
    """The file's name as it came; "" where it is the name."""
    brought_in: datetime | None = None
    leads: int | None = None


@dataclass(frozen=True)
class Standing:
    """Where the lead stands."""

    chance: float | None
    """Of an order, 0..1; None where the model gives none."""
    rank: int | None = None
    """None where the lead was not ranked among others."""
    of: int = 1
    ranked: datetime | None = None
    likely: str = ""
    """What came of earlier leads with such a chance, a sentence; see `core.lift.likely`."""


@dataclass(frozen=True)
class Model:
    """Which model it was."""

    id: str
    card: Mapping[str, Any]
    """See `core.training`; what a card lacks is left out of the sheet."""
    features: Features
    """What it reads beside the conversation."""

    @property
    def head(self) -> str:
        """The head whose logit is explained; see `core.ordering.queue_head`."""
        return queue_head(str((self.card.get("decisions") or {}).get("rank_by")))


@dataclass(frozen=True)
class Use:
    """Something that was done with what is known of the lead, by people of one role together."""

    what: str
    by: str
    """Their role in words; no names of employees."""
    times: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Sheet:
    """Everything about one lead that is told."""

    lead: Leads
    """That one lead, not masked; names leave it only through `core.disclosure.hiding`."""
    source: Source
    standing: Standing
    model: Model
    made: datetime
    reasons: tuple[Told, ...] | None = None
    """None where they were not worked out, or not proved."""
    unread_turns: int | None = None
    """Oldest turns that the model did not read; None where that is not known."""
    uses: tuple[Use, ...] | None = None
    """Newest first; None where nothing is recorded, since there is no workspace."""
    people: Mapping[str, str] = field(default_factory=dict)
    """Columns that people see and no model reads, with the lead's values."""
    contact: str = ""
    """How the person can object; "" leaves a line to be filled in by hand."""
