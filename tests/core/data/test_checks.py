"""Every rule: what it doubts is a warning with its rows, what cannot be used is an error."""

from __future__ import annotations

import pytest

from core.data.schema import parse_schema
from tests.core.data.spoilt import changed, one, report, table


@pytest.mark.parametrize(
    ("frame", "words", "rows"),
    [
        (changed("talk_1", {4: ""}).assign(talk_2=lambda f: f["talk_2"].where(f.index != 4, "")), "no dialogue", (6,)),
        (changed("when", {4: "2025-05-20"}), "younger than maturity_days", (6,)),
        (changed("when", {4: "2031-01-01"}), "future", (6,)),
        (changed("when", {4: ""}), "no date", (6,)),
        (changed("won", {4: ""}), "outcome is empty", (6,)),
        (changed("stage", {1: "lock-in"}), "deepest stage", (3,)),
        (changed("stage", {4: "lost"}), "shallowest stage", (6,)),
        (table().assign(city="Ulm"), "same value", ()),
        (table().assign(city=table()["id"]), "400 different values", ()),
        (table(200), "too few for narrow intervals", ()),
        (table().assign(when="03/04/2025"), "day first", ()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_doubts_are_warnings_with_their_rows(frame, words, rows):
    found = report(frame)
    assert not found.errors
    assert one(found.warnings, words).rows == rows


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (table().assign(won="no", stage="lost"), "both outcomes are needed"),
        (table().assign(won=["yes"] * 9 + ["no"] * 391), "10 converted and 10 other leads are needed"),
        (table().iloc[:0], "no leads"),
        (table().drop(columns="won"), "no such column"),
        (table().assign(when="2025-05-31"), "both outcomes are needed"),
    ],
)
def test_what_cannot_train_is_an_error(frame, words):
    one(report(frame).errors, words)


def test_a_smaller_number_of_each_outcome_can_be_allowed():
    frame = table().assign(won=["yes"] * 2 + ["no"] * 398, stage="")
    assert not report(frame, least_of_each_class=1).errors


def test_training_without_an_outcome_role_says_so():
    schema = parse_schema('[roles]\nlead_id = "id"\n[features]\nnumeric = ["age"]')
    assert "roles.converted is not set" in one(report(table(), schema).errors, "roles.converted").message


def test_tiers_that_can_make_no_pairs_are_said():
    schema = parse_schema(
        '[roles]\nlead_id = "id"\nconverted = "won"\n[features]\nnumeric = ["age"]\n[funnel]\nstages = ["a", "b"]\n'
        '[[funnel.tiers]]\nname = "soft"\nmargin = 0.1\nby = "call_seconds"\n'
        '[[funnel.tiers]]\nname = "top"\nmargin = 1.0\nchosen = ["b"]\nrejected = ["a"]'
    )
    warnings = report(table(), schema).warnings
    assert "call_seconds" in one(warnings, "'soft'").message and "stage" in one(warnings, "'top'").message
