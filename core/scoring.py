"""The door: everything that scores leads is got here, by name; torch comes in only when a neural model is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.data.leads import Leads
from core.errors import RunError
from core.progress import Watch, nobody
from core.scores import Scorer, Scores


def load_scorer(
    run: Path, *, device: str = "auto", backbone: str | None = None, tell: Callable[[str], None] | None = None
) -> Scorer:
    """The trained model in the run folder `run`; `backbone` says where its language model lies, if it has moved.

    Raises:
        RunError: no run there, or an incomplete or altered one.
        BackboneError: its language model cannot be had.
    """
    if not run.is_dir():
        raise RunError(f"expected a run folder, however: '{run.name}' is none; `train` makes one")
    from core.neural.scorer import NeuralScorer

    return NeuralScorer.load(run, device=device, backbone=backbone, tell=tell)


def score(leads: Leads, scorer: Scorer, watch: Watch = nobody) -> Scores:
    """One ranked row per lead."""
    return scorer.score(leads, watch)
