"""The benchmark of click-through models runs as its README says, with or without what it compares with."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from benchmarks.ctr import make_data
from core.neural.ctr.models import CTR
from tests.smoke import run


def test_both_sides_get_the_same_fields() -> None:
    data = make_data(600)
    assert len(set(data.groups)) == len(data.levels) == data.codes.shape[1]
    assert data.x.shape == (600, len(data.groups))
    assert (data.codes >= 0).all() and (data.codes.max(dim=0).values < torch.tensor(data.levels)).all()
    assert 0 < data.outcome.mean() < 1
    # A code tells the same of the outcome as our columns of the field do: none is scrambled.
    for place, group in enumerate(sorted(set(data.groups))):
        own = data.x[:, [column for column, of in enumerate(data.groups) if of == group]].numpy()
        dummies = np.eye(data.levels[place])[data.codes[:, place].long().numpy()]
        left = own - dummies @ np.linalg.lstsq(dummies, own, rcond=None)[0]
        assert left.var() < 0.5 * own.var()


def test_every_model_is_timed() -> None:
    result = run("ctr")
    compared = importlib.util.find_spec("deepctr_torch") is not None
    assert result["compared"] == compared and ("not installed" in result["note"]) != compared
    assert result["models"].keys() == CTR.keys()
    for row in result["models"].values():
        assert row["ours"] > 0
        if compared:
            assert row["ratio"] == pytest.approx(row["ours"] / row["theirs"]) and row["own_fit"] > 0
        else:
            assert row.keys() == {"ours"}
