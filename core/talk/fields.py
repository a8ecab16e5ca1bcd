"""What each field does to scores over many leads: how much, which way, and how often it is among the main reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from core.data.leads import Leads
from core.data.prompts import shown_value
from core.talk.collecting import Collected
from core.talk.weighing import Weighing

TOP = 5
"""A lead's main reasons: so many fields and turns of the largest size."""
BINS = 5
"""Parts of equal size of a number's range, of which its curve is made."""
MOST_VALUES = 12
"""Values of a category that are told, the most frequent."""
STEADY = 0.8
"""Spearman's correlation of bin and mean contribution from which a curve goes one way."""
RISES, FALLS, BENDS, BY_VALUE = "rises", "falls", "bends", "by value"
UNKNOWN = "not known"


def fields_of(collected: Collected, leads: Leads, weighing: Weighing) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables: a row a field, the strongest first, and a row a field and value.

    fields: name; kind (numeric, categorical or text); importance, low, high (mean size of its contribution, in points,
    with interval); mean (with its sign); main (share of leads in which it is a main reason); direction (`rises`:
    higher values lift, `falls`, `bends`; `by value` for categories; "" where it cannot be told).
    curves: name; value (in words); place (0.. along the range, most frequent first for categories); leads; mean, low,
    high, which are NaN where too few leads have the value.
    """
    names = [name for name in leads.schema.features.columns() if name in set(collected.units["name"])]
    x = by_field(collected, names)
    size = weighing.means(np.abs(x))
    fields = pd.DataFrame(
        {
            "name": names,
            "kind": [_kind(leads, name) for name in names],
            "importance": size.value,
            "low": size.low,
            "high": size.high,
            "mean": weighing.means(x).value,
            "main": weighing.means(_is_main(collected, names)).value,
        }
    )
    rows = collected.leads["row"].to_numpy()
    curves = [
        _curve(leads.features[name].iloc[rows], kind, x[:, place], weighing)
        for place, (name, kind) in enumerate(zip(names, fields["kind"], strict=True))
    ]
    fields["direction"] = [_direction(kind, curve) for kind, curve in zip(fields["kind"], curves, strict=True)]
    told = [curve.assign(name=name) for name, curve in zip(names, curves, strict=True)]
    columns = ["name", "value", "place", "leads", "mean", "low", "high"]
    return (
        fields.sort_values("importance", ascending=False, kind="stable", ignore_index=True),
        pd.concat(told, ignore_index=True)[columns] if told else pd.DataFrame(columns=columns),
    )


def by_field(collected: Collected, names: list[str]) -> np.ndarray:
    """Contributions (n, fields); 0 where a lead does not tell the field."""
    units = collected.units[collected.units["kind"] == "field"]
    wide = units.pivot_table(index="place", columns="name", values="value", aggfunc="sum", fill_value=0.0)
    return wide.reindex(index=range(len(collected.leads)), columns=names, fill_value=0.0).to_numpy(dtype=float)


def _is_main(collected: Collected, names: list[str]) -> np.ndarray:
    """1 where a field is among the TOP strongest reasons of a lead, (n, fields)."""
    units = collected.units.assign(size=collected.units["value"].abs())
    first = units.sort_values("size", ascending=False, kind="stable").groupby("place").head(TOP)
    first = first[(first["kind"] == "field") & (first["size"] > 0)]
    found = np.zeros((len(collected.leads), len(names)))
    place_of = {name: place for place, name in enumerate(names)}
    known = first[first["name"].isin(names)]
    found[known["place"], known["name"].map(place_of)] = 1.0
    return found


def _kind(leads: Leads, name: str) -> str:
    features = leads.schema.features
    return "numeric" if name in features.numeric else "categorical" if name in features.categorical else "text"


def _curve(values: pd.Series, kind: str, x: np.ndarray, weighing: Weighing) -> pd.DataFrame:
    """Mean contribution by value; no row for text, where each lead says something else."""
    labels: list[str] = []
    code = np.full(len(values), -1)
    if kind == "numeric":
        labels, code = _bins(values.to_numpy(dtype=float))
    elif kind == "categorical":
        told = values.astype(str).where(values.astype(str) != "", UNKNOWN)
        labels = told.value_counts().index[:MOST_VALUES].tolist()
        code = told.map({label: place for place, label in enumerate(labels)}).fillna(-1).to_numpy(dtype=int)
    among = code[:, None] == np.arange(len(labels))
    found = weighing.means(np.repeat(x[:, None], len(labels), axis=1), among) if labels else None
    return pd.DataFrame(
        {
            "value": labels,
            "place": range(len(labels)),
            "leads": among.sum(axis=0),
            "mean": found.value if found else [],
            "low": found.low if found else [],
            "high": found.high if found else [],
        }
    )


def _bins(values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Labels of the bins, the lowest first and "not known" last where there is any, and the bin of each value."""
    known = np.isfinite(values)
    distinct = np.unique(values[known])
    code = np.full(len(values), -1)
    if len(distinct) <= BINS:
        code[known] = np.searchsorted(distinct, values[known])
    else:
        edges = np.unique(np.quantile(values[known], np.arange(1, BINS) / BINS))
        code[known] = np.searchsorted(edges, values[known], side="left")
    used = np.unique(code[known])
    code[known] = np.searchsorted(used, code[known])
    labels = []
    for one in range(len(used)):
        held = values[code == one]
        ends = [shown_value(held.min()), shown_value(held.max())]
        labels.append(ends[0] if ends[0] == ends[1] else " to ".join(ends))
    if not known.all():
        code[~known] = len(labels)
        labels.append(UNKNOWN)
    return labels, code


def _direction(kind: str, curve: pd.DataFrame) -> str:
    """ "" where the best and the worst value differ by no more than chance could do."""
    told = curve[curve["mean"].notna() & (curve["value"] != UNKNOWN)]
    if kind == "text" or len(told) < 2 or not _apart(told):
        return ""
    if kind == "categorical":
        return BY_VALUE
    way = spearmanr(told["place"], told["mean"]).statistic
    return RISES if way >= STEADY else FALLS if way <= -STEADY else BENDS


def _apart(curve: pd.DataFrame) -> bool:
    return curve["low"].iloc[int(curve["mean"].argmax())] > curve["high"].iloc[int(curve["mean"].argmin())]
