"""Leads: taking some, telling them apart, and refusing a part without both outcomes."""

import numpy as np
import pandas as pd
import pytest

from core.data.leads import ROLE_COLUMNS, Leads
from core.data.schema import Features, Roles, Schema
from core.data.validation import validate
from core.errors import LeadRankError, NotComputable

SCHEMA = Schema(Roles("id", converted="won", dialogue=("talk",)), Features(numeric=("age",), categorical=("city",)))


def some_leads(**columns) -> Leads:
    table = {"id": ["a", "b", "c", "d"], "won": ["1", "0", "", "0"], "talk": ["A: x"] * 4, "age": ["1", "2", "", "4"]}
    return validate(pd.DataFrame({**table, "city": list("uvuv"), **columns}), SCHEMA)[0]


def test_columns_and_types_are_as_promised():
    leads = some_leads()
    assert tuple(leads.roles) == ROLE_COLUMNS and list(leads.features) == ["age", "city"]
    assert leads.roles["snapshot_time"].dtype == "datetime64[us]" and leads.roles["snapshot_time"].isna().all()
    assert leads.converted.dtype == np.float64 and leads.stage.dtype == np.int64 and (leads.stage == -1).all()
    assert leads.roles["customer_id"].tolist() == leads.lead_id.tolist() == list("abcd")
    assert np.isnan(leads.call_seconds).all() and leads.dialogue.tolist() == ["A: x"] * 4


def test_take_keeps_the_order_asked_for_and_numbers_anew():
    part = some_leads().take(np.array([3, 0]))
    assert part.lead_id.tolist() == ["d", "a"]
    assert part.roles.index.tolist() == part.features.index.tolist() == [0, 1]
    assert part.features["age"].tolist() == [4.0, 1.0]
    assert len(part.take(np.array([], dtype=int))) == 0


@pytest.mark.parametrize("rows", [[3, 0], [0, 1, 3], [2, 2, 1, 3, 1], []])
def test_take_from_texts_in_several_pieces_is_as_from_one(rows: list[int]):
    whole = some_leads(talk=["A: x", "A: y", "", "A: z"])
    pieces = [whole.take(np.array([0, 1])), whole.take(np.array([2])), whole.take(np.array([3]))]
    roles, features = (
        pd.concat([getattr(piece, name) for piece in pieces], ignore_index=True) for name in ("roles", "features")
    )
    taken = Leads(roles, features, whole.schema).take(np.array(rows, dtype=int))
    pd.testing.assert_frame_equal(taken.roles, whole.take(np.array(rows, dtype=int)).roles)
    pd.testing.assert_frame_equal(taken.features, whole.take(np.array(rows, dtype=int)).features)
    several = Leads(roles, features, whole.schema)
    for same in (np.array([True, False, False, True]), np.array([0, -1])):
        assert several.take(same).dialogue.tolist() == ["A: x", "A: z"] == whole.take(same).dialogue.tolist()


def test_without_words_all_else_stays():
    schema = Schema(SCHEMA.roles, Features(("age",), ("city",), ("note",)))
    leads = some_leads()
    spoken = Leads(leads.roles, leads.features.assign(note="calls back"), schema)
    silent = spoken.without_words()
    assert (silent.dialogue == "").all() and (silent.features["note"] == "").all()
    assert silent.roles.dtypes.equals(leads.roles.dtypes) and silent.features["age"].equals(leads.features["age"])
    assert (spoken.dialogue == "A: x").all()


def test_labelled_leaves_out_the_unknown_and_needs_both_outcomes():
    assert some_leads().labelled("test").lead_id.tolist() == ["a", "b", "d"]
    with pytest.raises(NotComputable, match="test part"):
        some_leads(won=["0", "0", "", ""]).labelled("test")


def test_the_hash_sees_every_value_and_the_order():
    leads = some_leads()
    assert leads.content_hash == some_leads().content_hash
    others = [
        some_leads(age=["1", "2", "", "5"]),
        some_leads(won=["1", "0", "0", "0"]),
        some_leads(talk=["A: x", "A: x", "A: x", "A: y"]),
        leads.take(np.array([1, 0, 2, 3])),
        leads.take(np.array([0, 1, 2])),
    ]
    assert len({leads.content_hash, *(other.content_hash for other in others)}) == 6


def test_a_lead_is_found_by_its_id_and_a_mistyped_one_is_told_what_looks_alike():
    leads = some_leads(id=["L-001", "L-002", "M-900", "L-004"])
    assert leads.row_of("M-900") == 2
    with pytest.raises(LeadRankError, match="did you mean M-900"):
        leads.row_of("M-901")
    with pytest.raises(LeadRankError, match=r"4 leads given.*take one from"):
        leads.row_of("")
