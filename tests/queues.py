"""A queue file of leads with every oddity, for tests of the queue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.schema import Features
from core.queue.store import Queue
from tests.made import make_leads

ODD = 'x"; DROP TABLE queue; --'


TWIN = "City"
"""DuckDB takes names that differ in capital letters alone for one and the same."""


N = 400


def leads() -> Leads:
    made = make_leads(N)
    rng = np.random.default_rng(5)
    owners = np.array(["Ann", "Böb", 'O\'Neil "Z"', ""], dtype=object)
    features = made.features.assign(**{ODD: rng.choice(["=1+1", "50%", "5_0"], N), TWIN: rng.choice(["N", "S"], N)})
    features.loc[::9, "a"] = np.nan
    schema = replace(made.schema, features=Features(("a",), ("city", ODD, TWIN)))
    return Leads(made.roles.assign(owner=owners[rng.integers(0, 4, N)]), features, schema)


Both = tuple[Queue, pd.DataFrame]
