"""The tested leads and every model's scores of them: what all results of this package start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from core.data.leads import Leads
from core.errors import LeadRankError, NotComputable, RunError
from core.evaluation import Missing, Sample
from core.ranking import Figure
from core.scores import Scores


@dataclass(frozen=True)
class RunScores:
    """What a run wrote about its test part: the model's scores and, on the same leads, those of its baselines."""

    model: str
    """Name shown for the run; the key of its own scores."""
    scores: dict[str, Scores]
    """By name, the run's own first; baselines have no probability (NaN)."""
    baselines: tuple[str, ...] = ()

    @property
    def lead_ids(self) -> pd.Series:
        """Ids of the test part, in the order of the model's scores."""
        return self.scores[self.model].frame["lead_id"]


@dataclass(frozen=True)
class Lineup:
    """Models lined up on the same leads: tested, with a known outcome, and with a score of each model."""

    leads: Leads
    scores: dict[str, Scores]
    """By model; the first is the one that is looked at, those of `baselines` are the simple ones."""
    baselines: tuple[str, ...] = ()
    unknown: int = 0
    """Leads left out, since their outcome is not known."""
    apart: int = 0
    """Leads left out, since not every model was tested on them."""

    @staticmethod
    def of(leads: Leads, runs: Sequence[RunScores]) -> Lineup:
        """Line up runs on the leads that all of them were tested on and whose outcome is known.

        A baseline of the same name in several runs is taken from the first.

        Raises:
            LeadRankError: no run, two runs of one name, or a run named like a baseline.
            NotComputable: the runs share no tested lead, or no outcome is known.
        """
        names = [run.model for run in runs]
        baselines = tuple(dict.fromkeys(name for run in runs for name in run.baselines))
        if not runs or len(set(names)) < len(names) or set(names) & set(baselines):
            raise LeadRankError(f"models need names of their own, however: got={names}, baselines {list(baselines)}")
        scores: dict[str, Scores] = {run.model: run.scores[run.model] for run in runs}
        for name in baselines:
            scores[name] = next(run.scores[name] for run in runs if name in run.scores)
        ids = leads.lead_id.astype(object)  # pandas takes 20 s for `isin` among half a million Arrow strings
        common = np.ones(len(leads), dtype=bool)
        for one in scores.values():
            common &= ids.isin(one.frame["lead_id"].astype(object)).to_numpy()
        known = np.isfinite(leads.converted)
        if not common.any():
            raise NotComputable(
                "these models were tested on different leads, so they cannot be compared: choose models that were "
                "trained on the same dataset with the same split"
            )
        if not (common & known).any():
            raise NotComputable(
                f"the outcome of none of the {int(common.sum()):,} tested leads is known: choose a dataset in which "
                "the outcomes are filled in"
            )
        # Dialogues are nearly all of the memory, and no result needs them.
        silent = Leads(leads.roles.assign(dialogue=""), leads.features, leads.schema)
        kept = silent.take(np.flatnonzero(common & known))
        return Lineup(kept, scores, baselines, int((common & ~known).sum()), int((~common).sum()))

    @cached_property
    def sample(self) -> Sample:
        """Outcomes, stages and customers of the leads."""
        return Sample.of(self.leads, None)

    @property
    def models(self) -> tuple[str, ...]:
        """Every name, baselines last."""
        return tuple(self.scores)

    @property
    def converted(self) -> int:
        return int(self.sample.outcome.sum())

    def __len__(self) -> int:
        return len(self.leads)

    def score(self, model: str | None = None) -> np.ndarray:
        """Ranking scores in the order of the leads; None = the first model. Shape (n,)."""
        return self._column(model, "score")

    def probability(self, model: str | None = None) -> np.ndarray:
        """Chances in the order of the leads, shape (n,). Raises NotComputable where the model gives none."""
        chance = self._column(model, "probability")
        if not np.isfinite(chance).all():
            raise NotComputable(f"{model or self.models[0]} gives scores, but no chances of an order")
        return chance

    @property
    def days(self) -> float | None:
        """Days from the first to the last tested lead; None where leads have no dates or all the same."""
        time = self.leads.roles["snapshot_time"].dropna()
        days = (time.max() - time.min()) / pd.Timedelta(days=1) if len(time) else 0.0
        return float(days) if days > 0 else None

    def _column(self, model: str | None, name: str) -> np.ndarray:
        chosen = self.models[0] if model is None else model
        if chosen not in self.scores:
            raise LeadRankError(f"model must be one of {list(self.models)}, however: got={chosen!r}")
        return self.scores[chosen].aligned(self.leads.lead_id)[name].to_numpy(dtype=np.float64)


def read_run_scores(folder: Path, name: str, card: Mapping[str, Any]) -> RunScores:
    """The scores that training left in a run folder, the run's own under `name`.

    Raises:
        RunError: the scores are missing or are no such table.
    """
    path = folder / "test_scores.parquet"
    compared = (card.get("comparison") or {}).get("baselines") or []
    try:
        names = pq.read_schema(path).names
        baselines = tuple(column for column in compared if column in names)
        needed = dict.fromkeys(column for column in ("lead_id", "score", "probability", *baselines) if column in names)
        frame = pd.read_parquet(path, columns=list(needed))
    except (OSError, ValueError) as error:
        raise RunError(
            f"the model '{name}' has no scores of its test part that can be read; train it again, or load it again "
            "from its archive"
        ) from error
    missing = [column for column in ("lead_id", "score", "probability") if column not in frame]
    if missing:
        raise RunError(f"the test scores of the model '{name}' lack {missing}; train it again")
    ids, nothing = frame["lead_id"].astype(str), np.full(len(frame), np.nan)
    scores = {name: Scores.ranked(ids, *(frame[c].to_numpy(dtype=np.float64) for c in ("score", "probability")))}
    scores |= {one: Scores.ranked(ids, frame[one].to_numpy(dtype=np.float64), nothing) for one in baselines}
    return RunScores(name, scores, baselines)


def columns(name: str, figure: Figure | Missing) -> dict[str, Any]:
    """A figure as columns of a table: value, low, high, and the reason where it is missing.

    Example:
        >>> columns("auc", Figure(0.8, 0.7, 0.9))
        {'auc': 0.8, 'auc_low': 0.7, 'auc_high': 0.9, 'auc_reason': ''}
    """
    found = figure.to_dict()
    reason = figure.reason if isinstance(figure, Missing) else ""
    return {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"], f"{name}_reason": reason}
