"""All of it in order: reasons of a sample, kinds of talk over all leads, and what the two tell together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.splitting import final_outcomes
from core.errors import NotComputable
from core.progress import Event, Watch, nobody
from core.scores import Scorer
from core.talk import collecting
from core.talk.collecting import SIZE, Collected, Reasons, collect
from core.talk.drift import by_month
from core.talk.effects import examples_of, groups_of, kinds_of, moved_by, said_by
from core.talk.fields import by_field, fields_of
from core.talk.findings import Findings
from core.talk.kinds import OTHER, find_kinds
from core.talk.outcomes import moved_by_outcome, talk_by_outcome
from core.talk.turns import turns_of
from core.talk.weighing import FEWEST, Weighing

MOST = 20_000
"""Leads that are read: of more, so many drawn at random stand for them."""


def look(
    scorer: Scorer,
    leads: Leads,
    folder: Path,
    size: int = SIZE,
    *,
    model: str,
    read: Leads | None = None,
    reasons: Reasons = collecting.first_of_queue,
    seed: int = 0,
    watch: Watch = nobody,
) -> Findings:
    """What moves the scorer's scores over many leads.

    Args:
        leads: Of any outcome; those with a final one tell of won and lost.
        folder: Where reasons are kept as they come; a second call with it goes on.
        size: How many leads have their reasons worked out.
        model: What tells the scorer from others, such as its run's id.
        read: The same leads as the scorer reads them, where that is otherwise.
        reasons: How one lead is explained.

    Raises:
        NotComputable: there are too few leads, or the scorer cannot explain.
        RunError: the folder holds the reasons of other leads or of another model.
    """
    if len(leads) < FEWEST:
        raise NotComputable(
            f"what moves scores is told over {FEWEST} leads at least, however: there are {len(leads)}; bring in more"
        )
    read = leads if read is None else read
    if len(leads) > MOST:
        rows = np.sort(np.random.default_rng(seed).permutation(len(leads))[:MOST])
        leads, read = leads.take(rows), read.take(rows)
    collected = collect(scorer, read, folder, size, model=model, reasons=reasons, seed=seed, watch=watch)
    watch(Event("sort the talk"))
    return findings_of(collected, leads, seed=seed, watch=watch)


def findings_of(collected: Collected, leads: Leads, *, seed: int = 0, watch: Watch = nobody) -> Findings:
    """Everything that the reasons of a sample of `leads` tell. Raises NotComputable for too few reasons."""
    sample = collected.leads
    weighing = Weighing.of(sample["weight"].to_numpy(), sample["band"].to_numpy(), seed)
    fields, curves = fields_of(collected, leads, weighing)
    turns = turns_of(leads, watch)
    watch(Event("sort the talk"))
    outcome = final_outcomes(leads)
    untold: dict[str, str] = {}
    tables, points = _of_talk(turns, collected, leads, outcome, weighing, untold, seed)
    names = fields["name"].tolist()
    x = np.hstack([by_field(collected, names), points])
    moved = _told(untold, "moved", lambda: [moved_by_outcome(x, outcome[sample["row"]], weighing)], 1)[0]
    if len(moved):
        talk = np.arange(points.shape[1])
        moved.insert(0, "what", ["field"] * len(names) + ["talk"] * len(talk))
        moved.insert(1, "name", [*names, *(tables["names"]["name"] if len(talk) else ())])
        moved.insert(2, "kind", [*[OTHER] * len(names), *talk])
    del tables["names"]
    facts = {
        "sampled": len(sample),
        "leads": len(leads),
        "conversations": int(turns["row"].nunique()),
        "won": int((outcome == 1).sum()),
        "lost": int((outcome == 0).sum()),
        "spread": weighing.deviation(sample["logit"].to_numpy()),
        "miss": _miss(collected),
        "made": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
    }
    return Findings(facts, untold, fields, curves, moved=moved, **tables)


def _miss(collected: Collected) -> float:
    """By how much a lead's reasons, added up, miss what they should explain, on average, in points."""
    leads = collected.leads
    added = collected.units.groupby("place")["value"].sum().reindex(range(len(leads)), fill_value=0.0).to_numpy()
    missed = np.abs(leads["logit"] - leads["baseline"] - added)
    return float(np.average(missed, weights=leads["weight"]))


def _of_talk(
    turns: pd.DataFrame,
    collected: Collected,
    leads: Leads,
    outcome: np.ndarray,
    weighing: Weighing,
    untold: dict[str, str],
    seed: int,
) -> tuple[dict[str, pd.DataFrame], np.ndarray]:
    """The tables of talk, with the names of its kinds, and the points that each moved each lead of the sample by:
    (n, kinds)."""
    tables = dict.fromkeys(("names", "kinds", "examples", "groups", "outcomes", "months", "trends"), pd.DataFrame())
    try:
        found = find_kinds(turns, seed)
    except NotComputable as error:
        untold["kinds"] = str(error)
        return tables, np.zeros((len(collected.leads), 0))
    talked = np.bincount(turns["row"], minlength=len(leads)) > 0
    said, points = said_by(turns, found, len(leads)), moved_by(turns, found, collected)
    kinds = kinds_of(said, points, found, collected, weighing, int(talked.sum()))
    tables |= {
        "names": found.names,
        "kinds": kinds,
        "examples": examples_of(turns, found, leads),
        "groups": groups_of(said, points, leads, talked, collected, weighing),
    }
    tables["outcomes"] = _told(untold, "outcomes", lambda: [talk_by_outcome(said[talked], outcome[talked], kinds)], 1)[
        0
    ]
    tables["months"], tables["trends"] = _told(
        untold, "months", lambda: by_month(said[talked], leads.roles["snapshot_time"][talked]), 2
    )
    return tables, points


def _told(
    untold: dict[str, str], table: str, make: Callable[[], Sequence[pd.DataFrame]], tables: int
) -> Sequence[pd.DataFrame]:
    """What `make` makes; where that cannot be, so many empty tables, and the reason goes to `untold`."""
    try:
        return make()
    except NotComputable as error:
        untold[table] = str(error)
        return [pd.DataFrame()] * tables
