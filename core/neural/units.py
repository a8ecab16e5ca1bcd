"""The units of a lead, fields and turns: which tokens of its prompt and which columns of its tower each one has."""

from __future__ import annotations

import numpy as np

from core.data.leads import Leads
from core.data.prompts import Part, Prompt, shown_value
from core.neural.scorer import NeuralScorer


def units_of(
    scorer: NeuralScorer, lead: Leads, prompt: Prompt | None
) -> tuple[tuple[Part, ...], np.ndarray, np.ndarray]:
    """The units, fields in the order of the schema and then turns; the unit of each token (L,), -1 for structure; and
    of each column of the tower (T,)."""
    encoder, parts = scorer.run.encoder, prompt.parts if prompt else ()
    columns = encoder.groups if scorer.run.ranking.fields != "prompt" else np.zeros(0, dtype=np.int64)
    by_column = [encoder.fields[group] for group in columns]
    there = {*by_column, *(part.name for part in parts if part.kind == "field")}
    fields = [name for name in lead.schema.features.columns() if name in there]
    units = [Part("field", name, shown_value(lead.features[name].iat[0])) for name in fields]
    place = {name: number for number, name in enumerate(fields)}
    own = np.zeros(len(parts) + 1, dtype=np.int64)
    own[-1] = -1
    for number, part in enumerate(parts):
        own[number] = place[part.name] if part.kind == "field" else len(units)
        units += [] if part.kind == "field" else [part]
    of_token = own[prompt.part] if prompt else np.zeros(0, dtype=np.int64)
    return tuple(units), of_token, np.array([place[name] for name in by_column], dtype=np.int64)
