"""Rules that make labels: each test, what is not known, first guesses, and what may be learned from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.data.schema import Features, Split
from core.data.segment_rules import Condition, Rules, first_guess, inputs, load_rules, rules_from_dict
from core.decisions.segments.world import RULES as RULES_OF_WORLD
from core.decisions.segments.world import make_world
from core.errors import ConfigError, SchemaError
from core.funnel import Funnel
from tests.made import make_leads

RULES = Rules((Condition("stage", "at least", "store_visit"),), (Condition("city", "one of", ["x", "y"]),), ("a",))


def few() -> Leads:
    leads = make_leads(6)
    roles = leads.roles.assign(stage=[0, 2, 3, 4, -1, 2], converted=[0.0, 0, 0, 1, np.nan, 0])
    features = pd.DataFrame({"a": [1.0, 2, np.nan, 4, 5, 6], "city": ["x", "x", "z", "y", "x", ""]})
    return replace(leads, roles=roles, features=features)


@pytest.mark.parametrize(
    "condition, expected",
    [
        (Condition("a", "at least", 2), [0, 1, np.nan, 1, 1, 1]),
        (Condition("a", "at most", 2), [1, 1, np.nan, 0, 0, 0]),
        (Condition("a", "one of", [1, 4]), [1, 0, np.nan, 1, 0, 0]),
        (Condition("city", "is", "x"), [1, 1, 0, 0, 1, np.nan]),
        (Condition("city", "is not", "x"), [0, 0, 1, 1, 0, np.nan]),
        (Condition("stage", "at least", "test_drive"), [0, 0, 1, 1, np.nan, 0]),
        (Condition("stage", "one of", ["lost", "lock_in"]), [1, 0, 0, 1, np.nan, 0]),
        (Condition("converted", "is", 1), [0, 0, 0, 1, np.nan, 0]),
    ],
)
def test_each_test_of_a_column(condition: Condition, expected: list[float]) -> None:
    np.testing.assert_array_equal(condition.holds(few()), expected)


def test_labels_are_organic_where_no_campaign_is_known_and_unknown_where_engagement_is() -> None:
    assert RULES.labels(few()).tolist() == ["low", "campaign", "organic", "campaign", "", "organic"]


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Condition("nothing", "is", 1).holds(few()), "got='nothing'; if the file has that column, name it"),
        (lambda: Condition("nothing", "is", 1).holds(make_world(50).leads), "of the columns converted, visits_before"),
        (lambda: Condition("a", "like", 1), "must be one of at least"),
        (lambda: Condition("a", "is", "much").holds(few()), "holds numbers"),
        (lambda: Condition("city", "at least", 1).holds(few()), "holds words"),
        (lambda: Condition("stage", "is", "married").holds(few()), "got='married'"),
        (lambda: Condition("city", "one of", "x"), "takes a list"),
        (lambda: Rules((), (Condition("a", "is", 1),)), "a rule for who was engaged"),
        (lambda: rules_from_dict({"engaged": []}), "campaign"),
        (lambda: inputs(few(), replace(RULES, blind=("a",)), blind=True), "none is left"),
    ],
)
def test_wrong_rules_are_refused_in_words(make, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()


def test_rules_survive_json_and_toml(tmp_path: Path) -> None:
    rules = replace(RULES, control=Condition("a", "at most", 0))
    assert rules_from_dict(rules.to_dict()).to_dict() == rules.to_dict()
    path = tmp_path / "rules.toml"
    path.write_text(
        '[[engaged]]\ncolumn = "stage"\ntest = "at least"\nvalue = "store_visit"\n'
        '[[campaign]]\ncolumn = "city"\ntest = "one of"\nvalue = ["x", "y"]\n',
        "utf-8",
    )
    assert load_rules(path).labels(few()).tolist() == RULES.labels(few()).tolist()


def test_columns_of_the_rules_are_never_learned_from() -> None:
    assert inputs(few(), RULES).schema.features == Features(("a",), ())
    wide = replace(
        few(),
        features=few().features.assign(b=1.0),
        schema=replace(few().schema, features=Features(("a", "b"), ("city",))),
    )
    assert inputs(wide, RULES).schema.features.columns() == ("a", "b")
    assert inputs(wide, RULES, blind=True).schema.features.columns() == ("b",)


def test_what_was_known_before_the_campaign_is_for_uplift_models_alone() -> None:
    rules = replace(RULES, before=("city",), audit=Condition("a", "at least", 3))
    assert inputs(few(), RULES, uplift=True).schema.features.columns() == ("a",)
    assert inputs(few(), rules, uplift=True).schema.features.columns() == ("city",)
    assert rules_from_dict(rules.to_dict()) == rules
    np.testing.assert_array_equal(rules.audited(few()), [0, 0, np.nan, 1, 1, 1])
    for wrong in ({"before": ("b",)}, {"before": ("a",), "control": Condition("a", "is", 1)}):
        with pytest.raises(ConfigError, match="known before the campaign"):
            replace(RULES, **wrong)


def test_everybody_is_reached_without_a_rule_and_who_is_unknown_is_in_no_arm() -> None:
    assert (RULES.arm(few()) == 1).all()
    control = replace(RULES, control=Condition("city", "is", "z"))
    np.testing.assert_array_equal(control.arm(few()), [1, 1, 0, 1, 1, np.nan])
    assert control.labels(few()).tolist() == ["low", "campaign", "organic", "campaign", "", "organic"]
    by_chance = replace(RULES, control=Condition("city", "is", "x"))
    assert by_chance.labels(few())[1] == "organic"  # a campaign brought nobody whom it did not reach


def test_who_may_still_come_is_not_low_yet() -> None:
    leads = replace(few(), schema=replace(few().schema, split=Split(maturity_days=1)))
    assert RULES.labels(leads).tolist() == ["", "campaign", "organic", "campaign", "", "organic"]


def test_first_guess_of_a_file_of_leads() -> None:
    leads = make_leads()
    source = np.resize(["paid_search", "organic", "social"], len(leads))
    leads = replace(
        leads,
        features=leads.features.assign(source=source),
        schema=replace(leads.schema, features=Features(("a",), ("city", "source"))),
    )
    rules = first_guess(leads)
    assert rules.engaged == (Condition("stage", "at least", "store_visit"),)
    assert rules.campaign == (Condition("source", "one of", ["paid_search", "social"]),)


def test_first_guess_of_an_e_mail_campaign() -> None:
    leads = make_leads(tiers=False)
    leads = replace(
        leads,
        roles=leads.roles.assign(stage=-1),
        features=leads.features.assign(mail_clicks=1.0),
        schema=replace(leads.schema, features=Features(("a", "mail_clicks"), ("city",)), funnel=Funnel()),
    )
    rules = first_guess(leads)
    assert rules.engaged == (Condition("converted", "is", 1),)
    assert rules.campaign == (Condition("mail_clicks", "at least", 1),)


def test_the_first_guess_of_the_simulated_customers_is_their_rule() -> None:
    guess = first_guess(make_world(500).leads)
    assert guess.campaign == RULES_OF_WORLD.campaign and guess.engaged == RULES_OF_WORLD.engaged


def test_where_nothing_tells_of_campaigns_the_user_must() -> None:
    with pytest.raises(SchemaError, match="write the rules yourself"):
        first_guess(make_leads())
