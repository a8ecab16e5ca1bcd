"""The door: everything that scores leads is got here, by name; torch comes in only when a neural model is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.data.leads import Leads
from core.errors import NotComputable, RunError
from core.progress import Watch, nobody
from core.scores import Attribution, Scorer, Scores


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


def score(leads: Leads, scorer: Scorer, watch: Watch = nobody, *, parts: bool = False) -> Scores:
    """One ranked row per lead.

    With `parts`, a trained run adds what its score is the sum of, at no cost worth naming: `part:<field>` for each
    number and category that varies, and `part:dialogue` for all that is read as text, text fields included. Each is
    exact, in units of the score, and relative to the average lead (the training mean of a field; for the text the mean
    score of the leads that calibrated the run), so a lead's parts sum to its score less the average lead's.

    Where the text that is read tells the fields as well (setting fields=both), it is `part:what the text says`, and a
    field's part is what it adds beside the text. There are no such columns where a score is no sum of parts: two-layer
    heads, fields that only the language model reads (fields=prompt), or a baseline.
    """
    if not parts:
        return scorer.score(leads, watch)
    from core.neural.scorer import NeuralScorer

    return scorer.score(leads, watch, parts=True) if isinstance(scorer, NeuralScorer) else scorer.score(leads, watch)


def explain(
    scorer: Scorer, leads: Leads, lead_id: str, *, head: str = "pairwise", watch: Watch = nobody
) -> Attribution:
    """Which fields, turns and words moved one lead's `head`, `pairwise` (ranking score) or `pointwise` (probability).

    Raises:
        LeadRankError: there is no lead of this id.
        ConfigError: an unknown head.
        NotComputable: the scorer is not a trained run.
    """
    from core.neural.gradients import explain as explain_lead
    from core.neural.scorer import NeuralScorer

    if not isinstance(scorer, NeuralScorer):
        raise NotComputable(f"only a trained run explains its scores, however: got='{scorer.name}'; give a run folder")
    return explain_lead(scorer, leads, lead_id, head=head, watch=watch)
