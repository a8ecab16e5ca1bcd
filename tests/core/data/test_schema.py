"""The TOML contract: what is written is read back, and every fault is named at once."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.changeable import changeable, guess_changeable
from core.data.schema import (
    ROW_NUMBER,
    Features,
    Roles,
    Schema,
    Split,
    dump_schema,
    load_schema,
    parse_schema,
    schema_from_dict,
    schema_to_dict,
)
from core.errors import SchemaError
from core.funnel import Funnel, Tier

ISSUE = """
[roles]
lead_id = "lead_id"
customer_id = "customer"
owner = "agent"
snapshot_time = "when"
converted = "deal"
stage = "stage"
call_seconds = "call_seconds"
dialogue = ["dialogue"]
[features]
numeric = ["age"]
categorical = ["city"]
text = ["title"]
[split]
train_share = 0.7
maturity_days = 30
[funnel]
stages = ["no_offer", "offer", "deal"]
[[funnel.tiers]]
name = "global_dominance"
chosen = ["deal"]
rejected = ["no_offer"]
margin = 1.0
[[funnel.tiers]]
name = "soft_signal"
by = "call_seconds"
top = 0.333
bottom = 0.333
margin = 0.1
"""

# Any text that UTF-8 can hold, control characters and quotes among it; never "#row", which is no column.
signs = st.characters(exclude_categories=["Cs"])
names = st.text(signs, min_size=1, max_size=8).filter(lambda name: name != ROW_NUMBER)
shares = st.floats(1e-9, 1.0)


@st.composite
def schemas(draw) -> Schema:
    columns = draw(st.lists(names, min_size=12, max_size=12, unique=True))
    some = [name if draw(st.booleans()) else None for name in columns[:6]]
    lead_id = draw(st.sampled_from([columns[6], ROW_NUMBER]))
    customer, owner, time, converted, stage, seconds = some
    talks = tuple(columns[7 : draw(st.integers(7, 9))])
    roles = Roles(lead_id, customer, owner, time, converted, stage, seconds, talks)
    features = Features(numeric=tuple(columns[9:10]), categorical=tuple(columns[10 : draw(st.integers(10, 12))]))
    stages = tuple(draw(st.lists(names, min_size=2, max_size=4, unique=True)))
    margins = st.floats(0, 1e6)
    tiers = [
        Tier("a", draw(margins), chosen=stages[1:], rejected=stages[:1], weight=draw(st.floats(1e-6, 9))),
        Tier("b", draw(margins), by="call_seconds", top=draw(st.floats(1e-6, 0.5)), bottom=draw(st.floats(1e-6, 0.5))),
        Tier(draw(names.filter(lambda name: name not in "ab")), draw(margins)),
    ]
    split = Split(draw(shares), draw(st.floats(0, 3e4)), draw(st.floats(1e-9, 0.49)))
    return Schema(roles, features, split, Funnel(stages, tuple(draw(st.permutations(tiers)))))


@given(schemas(), st.dictionaries(st.sampled_from(["roles", "features", "roles.lead_id", "split"]), st.text()))
def test_what_is_written_is_read_back(schema, remarks):
    assert parse_schema(dump_schema(schema, remarks)) == schema
    assert schema_from_dict(schema_to_dict(schema)) == schema


def test_the_contract_of_the_other_tools_is_read():
    schema = parse_schema(ISSUE)
    assert schema.roles.dialogue == ("dialogue",)
    assert schema.split == Split(0.7, 30, 0.2)
    assert [tier.kind for tier in schema.funnel.tiers] == ["stage", "signal"]
    assert parse_schema(dump_schema(schema)) == schema
    assert set(schema.columns()) == {
        *("lead_id", "customer", "agent", "when", "deal", "stage", "call_seconds", "dialogue", "age", "city", "title")
    }


def test_the_signal_may_be_named_by_its_column():
    text = ISSUE.replace('= "call_seconds"', '= "talk"')
    assert parse_schema(text).funnel.tiers[1].by == "call_seconds"
    with pytest.raises(SchemaError, match="'noise'"):
        parse_schema(text.replace('by = "talk"', 'by = "noise"'))


def test_remarks_stand_above_their_place():
    text = dump_schema(parse_schema(ISSUE), {"roles.stage": "one\ntwo", "features": "left out"})
    lines = text.splitlines()
    assert lines[lines.index('stage = "stage"') - 2 : lines.index('stage = "stage"')] == ["# one", "# two"]
    assert lines[lines.index("[features]") - 1] == "# left out"


def test_the_row_number_is_no_column():
    assert Roles(ROW_NUMBER, converted="y").columns() == ("y",)


def test_every_fault_is_named_at_once():
    text = """
    [roles]
    customer = "x"
    stage = 3
    [features]
    numeric = "age"
    [split]
    train_share = "most"
    [funnel]
    stages = ["a"]
    [[funnel.tiers]]
    name = "t"
    colour = "red"
    [extra]
    """
    with pytest.raises(SchemaError) as raised:
        parse_schema(text)
    said = str(raised.value)
    places = ("lead_id", "roles.customer", "roles.stage", "features.numeric", "train_share")
    for word in (*places, "colour", "margin", "extra"):
        assert word in said


def test_impossible_values_are_named_at_once():
    with pytest.raises(SchemaError) as raised:
        parse_schema(
            '[roles]\nlead_id="a"\ndialogue=["a", ""]\n[split]\ntrain_share=1.5\n[funnel]\nstages=["x"]\n'
            '[[funnel.tiers]]\nname="t"\nmargin=1\nchosen=["y"]\nrejected=["x"]'
        )
    for word in ("'a' is named in", "dialogue must name", "train_share", "'y'"):
        assert word in str(raised.value)


@pytest.mark.parametrize(
    "value", ["maturity_days = -1", "maturity_days = nan", "calibration_share = 0.5", "train_share = 0"]
)
def test_shares_and_days_have_a_range(value):
    with pytest.raises(SchemaError, match=value.split()[0]):
        parse_schema(f'[roles]\nlead_id = "a"\n[split]\n{value}')


def test_a_file_that_is_no_schema_says_what_to_do(tmp_path):
    with pytest.raises(SchemaError, match="guess-schema"):
        load_schema(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[roles\n")
    with pytest.raises(SchemaError, match="not valid TOML"):
        load_schema(tmp_path / "bad.toml")
    (tmp_path / "bom.toml").write_text('\ufeff[roles]\nlead_id = "编号"', encoding="utf-8")
    assert load_schema(tmp_path / "bom.toml").roles.lead_id == "编号"


def test_letters_only_names_need_no_escapes():
    schema = Schema(Roles(string.ascii_letters))
    assert f'lead_id = "{string.ascii_letters}"' in dump_schema(schema)


def test_what_can_be_changed_is_said_or_told_by_names() -> None:
    text = '[roles]\nlead_id = "id"\n[features]\nnumeric = ["age", "calls"]\ntext = ["note"]\n'
    said, unsaid = parse_schema(text + 'changeable = ["age"]'), parse_schema(text)
    assert (changeable(said), changeable(unsaid)) == (("age",), ("calls",))
    nothing = parse_schema(text + "changeable = []")
    for schema in (said, unsaid, nothing):
        assert parse_schema(dump_schema(schema)) == schema
    assert changeable(nothing) == ()
    # A shop's customers as Hillstrom has them: all of it is past.
    assert guess_changeable(["recency", "history_segment", "history", "mens", "newbie", "channel"]) == ()
    known = ["calls_30d", "incoming_calls_30d", "quoted_discount_percent", "specialist_experience_months", "team_size"]
    assert guess_changeable(known) == ("calls_30d", "quoted_discount_percent")
    with pytest.raises(SchemaError, match="numbers and categories, however: got='note'"):
        parse_schema(text + 'changeable = ["note"]')
