"""Proposed schemas: roles in several languages, leaks left out, and real files that load with what was proposed."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.guessing import Guess, guess_schema
from core.data.names import ROLE_NAMES, plain_name
from core.data.reading import read_table
from core.data.schema import ROW_NUMBER, dump_schema, parse_schema
from core.data.splitting import split_by_time
from core.data.validation import load_leads, validate
from core.errors import SchemaError
from core.funnel import PRESETS

BANK = Path("../shared/data/bank_marketing/bank-additional.zip")
HILLSTROM = Path("../shared/data/hillstrom/hillstrom_data.csv.gz")
ROWS = 600  # over 300 days


def table(**columns) -> pd.DataFrame:
    """A file of leads over 300 days, every fifth converted; `columns` are added or, as None, taken away."""
    number = np.arange(ROWS)
    won = number % 5 == 0
    random = np.random.default_rng(1)
    frame = {
        "lead_id": [f"L{n:04}" for n in number],
        "customer_id": [f"C{n // 2}" for n in number],
        "agent": [f"agent {n % 7}" for n in number],
        "created_at": (pd.Timestamp("2025-01-01") + pd.to_timedelta(number / 2, unit="D")).strftime("%Y-%m-%d %H:%M"),
        "converted": np.where(won, "1", "0"),
        "stage": np.where(won, "lock_in", np.where(number % 5 == 1, "Test drive", "lost")),
        "call_seconds": random.integers(0, 900, ROWS).astype(str),
        "dialogue": "Agent: good morning\nCustomer: hello",
        "age": random.integers(18, 80, ROWS).astype(str),
        "price": np.round(random.random(ROWS), 3).astype(str),
        "city": random.choice(["Bonn", "Ulm", "Köln"], ROWS),
        "title": [f"asks for a car number {n}" for n in number],
    }
    return pd.DataFrame({name: cells for name, cells in (frame | columns).items() if cells is not None})


def checked(guess: Guess) -> Guess:
    """What holds for every guess: it can be written and read, and every column left in has a reason."""
    text = dump_schema(guess.schema, guess.reasons)
    assert parse_schema(text) == guess.schema
    assert all(column in text for column, _ in guess.leaks)
    assert not {column for column, _ in guess.leaks} & set(guess.schema.features.columns())
    return guess


def test_english_names_and_the_paper_s_funnel():
    schema = checked(guess_schema(table())).schema
    roles = schema.roles
    assert (roles.lead_id, roles.customer_id, roles.owner) == ("lead_id", "customer_id", "agent")
    assert (roles.snapshot_time, roles.converted, roles.stage) == ("created_at", "converted", "stage")
    assert (roles.call_seconds, roles.dialogue) == ("call_seconds", ("dialogue",))
    assert schema.features.numeric == ("age", "price")
    assert schema.features.categorical == ("city",) and schema.features.text == ("title",)
    assert schema.funnel == PRESETS["automotive"]
    assert validate(table(), schema, need_outcome=True)[1].errors == ()


@pytest.mark.parametrize(
    "names",
    [
        "线索编号 客户编号 销售顾问 创建时间 是否成交 阶段 通话时长 通话内容 年龄 价格 城市 标题",
        "Lead-Nr KundenNr Verkäufer Erstellt_am Verkauft Stufe Gesprächsdauer Gespräch Alter Preis Ort Titel",
        "id_oportunidad id_cliente vendedor fecha_creación venta etapa duración conversación edad precio ciudad título",
        "leadId ClientID SalesRep Lead.Date isConverted FunnelStage talkTime Transcript Age Price City Title",
    ],
)
def test_names_in_other_languages_and_spellings(names):
    frame = table().set_axis(names.split(), axis=1)
    guess = checked(guess_schema(frame))
    roles = guess.schema.roles
    assert [*roles.columns()] == names.split()[:8]
    assert len(guess.schema.features.columns()) == 4


def test_every_known_name_is_in_the_plain_form_that_columns_are_compared_in():
    for names in ROLE_NAMES.values():
        assert all(plain_name(name) == name for name in names)


def test_leaks_are_left_out_and_said():
    number = np.arange(ROWS)
    won = number % 5 == 0
    columns = {
        "contract_no": np.where(won, "V1", "V2"),
        "won_reason": np.where(won, "price", ""),
        "closed_date": "2025-12-01",
        "发票号": np.where(number % 2, "x", "y"),
        "filled_after": np.where(won, "a", ""),
        "bonus": (number % 7 + 100 * won).astype(str),
        "colour": np.array(["red", "blue", "green", "grey", "black"])[number % 5],
    }
    guess = checked(guess_schema(table(**columns)))
    assert {column for column, _ in guess.leaks} == {"call_seconds", *columns}
    for column in columns:
        assert f"{column}: LEAK" in guess.reasons["features"]


def test_what_was_known_before_is_no_leak():
    random = np.random.default_rng(2)
    names = ["specialist_win_rate", "last_order_value", "close_rate", "winter_tyres", "closet", "lossless"]
    guess = checked(guess_schema(table(**{name: random.random(ROWS).round(2).astype(str) for name in names})))
    assert guess.schema.features.numeric == ("age", "price", *names) and len(guess.leaks) == 1


def test_what_is_no_feature_is_left_out_with_a_reason():
    random = np.random.default_rng(4)
    guess = checked(
        guess_schema(
            table(
                row=np.arange(ROWS) + 1,
                country="DE",
                nothing="",
                phone=[f"0170 {n}" for n in range(ROWS)],
                birthday=["1990-04-03", "1985-01-31"] * (ROWS // 2),
                token=[f"{n:x}" for n in random.integers(0, 2**60, ROWS)],
                zip_code=random.choice(["53111", "89073", "50667"], ROWS),
            )
        )
    )
    out = guess.reasons["features"]
    assert set(guess.schema.features.columns()) == {"age", "price", "city", "title", "zip_code"}
    assert "zip_code" in guess.schema.features.categorical
    for line in ("row: it counts", "country: the same value", "nothing: empty", "phone: it names", "birthday: a date"):
        assert line in out
    assert "token: an id" in out


def test_without_ids_dates_and_stages_the_rows_and_the_outcome_stand_in():
    frame = table(lead_id=None, customer_id=None, created_at=None, stage=None, title=None)
    guess = checked(guess_schema(frame, preset="property"))
    assert guess.schema.roles.lead_id == ROW_NUMBER
    assert "Do not sort" in guess.reasons["roles.lead_id"] and "order of the file" in guess.reasons["roles"]
    assert [tier.kind for tier in guess.schema.funnel.tiers] == ["outcome", "signal"]
    assert "'property' is of no use" in guess.reasons["funnel"]
    plain = guess_schema(frame.drop(columns="call_seconds")).schema.funnel
    assert plain.tiers == () and plain.stages == ()


def test_several_calls_are_dialogue_oldest_first():
    calls = {f"call_{n}": "Agent: hello there\nCustomer: good morning" for n in (10, 2, 1)}
    guess = checked(guess_schema(table(dialogue=None, **calls)))
    assert guess.schema.roles.dialogue == ("call_1", "call_2", "call_10")


def test_talk_is_known_by_its_lines_whatever_its_name():
    guess = guess_schema(table(dialogue=None, column_9="客户:你好｜专家:您好"))
    assert guess.schema.roles.dialogue == ("column_9",)


@pytest.mark.parametrize(
    ("spellings", "wanted"),
    [
        (("viewing", "offer", "contract"), PRESETS["property"].stages),
        (("2", "10", "30"), ("2", "10", "30")),
        (("perdido", "visita", "vendido"), ("perdido", "visita", "vendido")),
        (("cold", "warm", "hot"), ("cold", "warm", "hot")),
    ],
    ids=["preset", "numbers", "lost and won by name", "by conversion"],
)
def test_stages_are_ordered_shallow_to_deep(spellings, wanted):
    number = np.arange(ROWS)
    stage = np.select([number % 5 == 0, number % 5 == 1], [spellings[2], spellings[1]], spellings[0])
    funnel = checked(guess_schema(table(stage=stage))).schema.funnel
    assert funnel.stages == wanted
    assert funnel.tiers[0].chosen == wanted[-1:] and funnel.tiers[0].rejected == wanted[:1]


def test_a_preset_that_does_not_fit_is_said_and_the_file_decides():
    guess = checked(guess_schema(table(), preset="recruiting"))
    assert set(guess.schema.funnel.stages) == {"lost", "Test drive", "lock_in"}
    assert "preset 'recruiting' does not hold" in guess.reasons["funnel"]
    with pytest.raises(SchemaError, match="telemarketing"):
        guess_schema(table(), preset="bakery")


def test_a_short_file_gets_a_shorter_maturity_that_can_be_split():
    when = (pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(ROWS) / 10, unit="D")).strftime("%Y-%m-%d %H:%M")
    guess = checked(guess_schema(table(created_at=when, customer_id=None)))
    assert guess.schema.split.maturity_days == 8
    assert "span only 60 days" in guess.reasons["split"]
    parts = split_by_time(validate(table(created_at=when, customer_id=None), guess.schema)[0])
    assert len(parts.train) > 200


def test_no_outcome_is_said_and_no_rows_are_refused():
    guess = checked(guess_schema(table(converted=None)))
    assert guess.schema.roles.converted is None and "roles.converted" in guess.reasons["roles"]
    with pytest.raises(SchemaError, match="no rows"):
        guess_schema(table().iloc[:0])


def test_typed_columns_are_judged_like_text():
    frame = table().astype({"age": "int64", "price": "float64", "call_seconds": "float64"})
    frame["created_at"] = pd.to_datetime(frame["created_at"])
    frame["converted"] = frame["converted"] == "1"
    assert guess_schema(frame).schema == guess_schema(table()).schema


@pytest.mark.skipif(not BANK.exists(), reason="public data not at hand")
def test_bank_marketing_loads_with_the_proposed_schema():
    data = zipfile.ZipFile(BANK).read("bank-additional/bank-additional-full.csv")
    guess = checked(guess_schema(read_table(data)))
    roles = guess.schema.roles
    assert (roles.lead_id, roles.converted, roles.call_seconds) == (ROW_NUMBER, "y", "duration")
    assert "duration" in dict(guess.leaks)
    assert {"age", "euribor3m", "campaign"} <= set(guess.schema.features.numeric)
    assert {"job", "month", "day_of_week", "poutcome"} <= set(guess.schema.features.categorical)
    leads, found = load_leads(data, guess.schema, need_outcome=True)
    assert len(leads) == 41_188 and not found.errors
    parts = split_by_time(leads)
    assert abs(len(parts.test) - 0.3 * len(leads)) < 2
    assert leads.converted[parts.train].mean() < 0.1 < leads.converted[parts.test].mean()


@pytest.mark.skipif(not HILLSTROM.exists(), reason="public data not at hand")
def test_hillstrom_s_later_outcomes_are_leaks():
    guess = checked(guess_schema(read_table(HILLSTROM)))
    assert guess.schema.roles.converted == "conversion"
    assert {column for column, _ in guess.leaks} == {"visit", "spend"}
    assert "zip_code" in guess.schema.features.categorical


def test_a_few_bad_cells_neither_hide_the_outcome_nor_the_id():
    frame = table()
    frame["converted"] = frame["converted"].astype(object).where(frame.index != 7, "maybe")
    frame["lead_id"] = frame["lead_id"].where(frame.index != 9, str(frame["lead_id"].iat[3]))
    guess = guess_schema(frame)
    assert (guess.schema.roles.converted, guess.schema.roles.lead_id) == ("converted", "lead_id")
    assert "mend those" in guess.reasons["roles.converted"]
    assert "few rows share a value" in guess.reasons["roles.lead_id"]


def test_a_column_of_many_shared_values_is_no_lead_id():
    assert guess_schema(table(lead_id=[f"L{n // 3:04}" for n in range(ROWS)])).schema.roles.lead_id == ROW_NUMBER
