"""What each kind of talk does to scores: how much, how often it is said, where, and how it sounds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.evaluation import wilson
from core.ranking import LEVEL
from core.talk.collecting import Collected
from core.talk.kinds import OTHER, Kinds
from core.talk.weighing import Weighing

EXAMPLES = 3
MOST_GROUPS = 12
"""Values of a column that are told, the most frequent."""
FEWEST_IN_GROUP = 30
"""Conversations of a group below which no share is told."""


def said_by(turns: pd.DataFrame, kinds: Kinds, leads: int) -> np.ndarray:
    """Whether each lead said, or heard, each kind of talk: (leads, kinds), bool."""
    known = kinds.kind != OTHER
    found = np.zeros((leads, len(kinds.names)), dtype=bool)
    found[turns["row"].to_numpy()[known], kinds.kind[known]] = True
    return found


def moved_by(turns: pd.DataFrame, kinds: Kinds, collected: Collected) -> np.ndarray:
    """What each kind of talk moved the score of each lead of the sample by, all its turns together: (n, kinds)."""
    told = collected.units[collected.units["kind"] == "turn"]
    row = collected.leads["row"].to_numpy()[told["place"]]
    place = pd.MultiIndex.from_frame(turns[["row", "turn"]]).get_indexer(
        pd.MultiIndex.from_arrays([row, told["turn"].to_numpy()])
    )
    kind = np.where(place >= 0, kinds.kind[place], OTHER)
    known = kind != OTHER
    found = np.zeros((len(collected.leads), len(kinds.names)))
    np.add.at(found, (told["place"].to_numpy()[known], kind[known]), told["value"].to_numpy()[known])
    return found


def kinds_of(said: np.ndarray, moved: np.ndarray, kinds: Kinds, collected: Collected, weighing: Weighing, talked: int):
    """A row a kind of talk: those that move scores beyond chance first, of these what moves them most.

    Columns: kind (its number), side, talk (its name); conversations in which it was said, share of them with interval
    (share, share_low, share_high); leads (of the sample) that said it; value, low, high (mean points by which it moves
    the score of a lead that said it); p_holm, against no effect, over all kinds.

    Args:
        said: (all leads, kinds), of `said_by`.
        moved: (n, kinds), of `moved_by`.
        talked: how many of all leads have a conversation.
    """
    own = said[collected.leads["row"].to_numpy()]
    found = weighing.means(moved, own)
    often = [wilson(int(count), talked) for count in said.sum(axis=0)]
    frame = pd.DataFrame(
        {
            "kind": np.arange(len(kinds.names)),
            "side": kinds.names["side"],
            "talk": kinds.names["name"],
            "conversations": said.sum(axis=0),
            "share": [one.value for one in often],
            "share_low": [one.low for one in often],
            "share_high": [one.high for one in often],
            "leads": found.leads,
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "p_holm": found.p_holm,
        }
    )
    order = np.lexsort((-np.abs(frame["value"].fillna(0.0)), ~(frame["p_holm"] < 1 - LEVEL)))
    return frame.iloc[order].reset_index(drop=True)


def examples_of(turns: pd.DataFrame, kinds: Kinds, leads: Leads) -> pd.DataFrame:
    """EXAMPLES turns of each kind, those nearest to its centre, of different leads and in different words: kind,
    lead_id, words (masked)."""
    found = turns.assign(kind=kinds.kind, likeness=kinds.likeness)
    found = found[found["kind"] != OTHER].sort_values(["kind", "likeness", "row"], ascending=[True, False, True])
    alike = found["words"].str.casefold().str.replace(r"\W+", " ", regex=True)
    found = found[~found.assign(alike=alike).duplicated(["kind", "alike"])].drop_duplicates(["kind", "row"])
    found = found.groupby("kind").head(EXAMPLES)
    ids = leads.lead_id.to_numpy(dtype=object)[found["row"]]
    return pd.DataFrame({"kind": found["kind"].to_numpy(), "lead_id": ids, "words": found["words"].to_numpy()})


def groups_of(
    said: np.ndarray, moved: np.ndarray, leads: Leads, talked: np.ndarray, collected: Collected, weighing: Weighing
) -> pd.DataFrame:
    """A row for each kind of talk and value of each category: kind, column, value; conversations (of the group), share,
    share_low, share_high, in which it was said; leads (of the sample and group) that said it; mean, low, high points.

    Figures of groups that are too small are NaN. `talked`: (all leads,), bool, whether there is a conversation.
    """
    rows = collected.leads["row"].to_numpy()
    frames = []
    for column in leads.schema.features.categorical:
        values = leads.features[column].astype(str)
        for value in values[values != ""].value_counts().index[:MOST_GROUPS] if values.nunique() > 1 else ():
            inside = (values == value).to_numpy() & talked
            counts, held = said[inside].sum(axis=0), int(inside.sum())
            often = [wilson(int(count), held) if held >= FEWEST_IN_GROUP else None for count in counts]
            found = weighing.means(moved, said[rows] & inside[rows, None])
            frames.append(
                pd.DataFrame(
                    {
                        "kind": np.arange(said.shape[1]),
                        "column": column,
                        "value": str(value),
                        "conversations": held,
                        "share": [one.value if one else np.nan for one in often],
                        "share_low": [one.low if one else np.nan for one in often],
                        "share_high": [one.high if one else np.nan for one in often],
                        "leads": found.leads,
                        "mean": found.value,
                        "low": found.low,
                        "high": found.high,
                    }
                )
            )
    names = ["kind", "column", "value", "conversations", "share", "share_low", "share_high", "leads"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*names, "mean", "low", "high"])
