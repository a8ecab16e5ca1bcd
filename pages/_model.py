"""The model that made a ranking, opened once for all who look: for reasons on the spot, and to try changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock

import streamlit as st

from core import scoring as door
from core.data.leads import Leads
from core.scores import Rescorer, Scorer
from core.workspace import runs
from pages import _shared as shared

LEADS_HELD = 3
"""Leads of which a model remembers what it read: 130 MB each at most for 2,000 words of a 1.5 B model, see
core.neural.rereading; a few MB for the one that ships."""


@dataclass
class Model:
    """A loaded model and the leads that it read last."""

    scorer: Scorer
    lock: RLock = field(default_factory=RLock)
    _held: dict[str, Rescorer] = field(default_factory=dict)

    def rescorer(self, lead: Leads) -> Rescorer:
        """For changes of the one lead in `lead`, by what the model reads of it: with names shown and with names hidden
        it is the same lead to a model that reads no names, and is read once."""
        fresh = door.rescorer(self.scorer, lead)  # which has read nothing yet
        key = fresh.lead.content_hash
        held = self._held.pop(key, None) or fresh
        self._held[key] = held  # the last one is the latest
        while len(self._held) > LEADS_HELD:
            self._held.pop(next(iter(self._held)))
        return held


@st.cache_resource(max_entries=2, show_spinner=False)
def _model(run_id: str, _folder: Path) -> Model:
    """A model of a few hundred megabytes: two at most stay. A run's folder never changes, so its id is the key."""
    return Model(door.load_scorer(_folder))


@contextmanager
def model_of(run_id: str) -> Iterator[Model]:
    """The model, for as long as it is used: one session after the other, since explaining moves parts of it about."""
    with ExitStack() as stack:
        with st.spinner("Opening the model, for the first time here; it is there at once afterwards …", show_time=True):
            model = _model(run_id, runs.run_folder(shared.workspace(), run_id))
            # Not a bare acquire: a click elsewhere ends the page at the spinner, and the lock would be held for good.
            stack.enter_context(model.lock)
        yield model
