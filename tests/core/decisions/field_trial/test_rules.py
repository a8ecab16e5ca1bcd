import math

import pandas as pd
import pytest

from core.decisions.field_trial.rules import check_looks, check_settings, check_specialists
from core.decisions.field_trial.specialists import read_specialists
from core.errors import ConfigError, ValidationError

SOUND = {
    "name": "Spring",
    "made": "2026-02-20T09:00:00+00:00",
    "made_by": "li",
    "start": "2026-03-01",
    "days": 132,
    "maturity_days": 30.0,
    "headline": "adjusted",
    "looks": "fixed",
    "alpha": 0.05,
    "power": 0.8,
    "uplift": 0.095,
    "icc": 0.0,
    "leads_per_specialist": 200.0,
    "arms": {"treatment": "new", "control": "old"},
    "guardrails": (("complaints", "higher"),),
}


def people(arms: list[str]) -> pd.DataFrame:
    frame = read_specialists(pd.DataFrame({"specialist": [f"S{n}" for n in range(len(arms))]}))
    return frame.assign(stratum="1", arm=arms)


def test_sound_settings_pass() -> None:
    check_settings(SOUND)
    check_specialists(people(["treatment", "control"] * 2))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", " "),
        ("made", "in February"),
        ("made", None),
        ("made_by", ""),
        ("made_by", "  "),
        ("start", "1 March"),
        ("start", "9999-12-31"),
        ("start", "2026-02-30"),
        ("start", "20260301"),
        ("days", 0),
        ("days", 1.5),
        ("days", True),
        ("days", 3651),
        ("days", 10**400),
        ("maturity_days", 1e300),
        ("maturity_days", -1),
        ("maturity_days", math.nan),
        ("headline", "best of all"),
        ("looks", "daily"),
        ("alpha", 1),
        ("power", 0),
        ("uplift", 0),
        ("uplift", math.nan),
        ("uplift", 1e-300),
        ("uplift", 1e200),
        ("leads_per_specialist", 1e300),
        ("icc", 1),
        ("leads_per_specialist", 0),
        ("arms", {"treatment": "new"}),
        ("guardrails", (("complaints", "more"),)),
    ],
)
def test_a_setting_out_of_range_is_named(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"the protocol's {name} must .*, however: got="):
        check_settings(SOUND | {name: value})


@pytest.mark.parametrize("looks", ["obrien_fleming", "always_valid"])
def test_a_permutation_is_not_read_before_the_end(looks: str) -> None:
    with pytest.raises(ConfigError, match="headline permutation is read once, with the looks fixed, however: looks="):
        check_settings(SOUND | {"headline": "permutation", "looks": looks})
    check_settings(SOUND | {"headline": "permutation"})


@pytest.mark.parametrize("days", [(), (162,), (63, 162)])
def test_looks_belong_to_the_design_that_has_them(days: tuple[int, ...]) -> None:
    if days:
        check_looks("obrien_fleming", days, 132, 30)
        with pytest.raises(ConfigError, match="look_days belong to the looks obrien_fleming"):
            check_looks("fixed", days, 132, 30)
    else:
        check_looks("always_valid", days, 132, 30)


@pytest.mark.parametrize("days", [(), (30, 162), (63, 132), (96, 63, 162), (63, 63, 162), (63.5, 162)])
def test_looks_that_could_show_nothing_or_end_early_are_refused(days: tuple) -> None:
    with pytest.raises(ConfigError, match="must ascend from after maturity_days = 30 to 162"):
        check_looks("obrien_fleming", days, 132, 30)


def test_everybody_is_in_one_arm() -> None:
    with pytest.raises(ValidationError, match="control has 1 specialists"):
        check_specialists(people(["treatment", "treatment", "control"]))
    with pytest.raises(ValidationError, match=r"no arm, such as 'both' \(row 6\)"):
        check_specialists(people(["treatment", "control", "treatment", "control", "both"]))
    with pytest.raises(ValidationError, match="must have the columns arm; assign them"):
        check_specialists(people(["treatment", "control"]).drop(columns="arm"))
