"""A setting is checked against its own bounds when it is made."""

from dataclasses import dataclass

import pytest

from core.bounds import Checked, setting
from core.errors import ConfigError


@dataclass(frozen=True)
class Oven(Checked):
    heat: float = setting(200.0, "Degrees Celsius.", low=50, high=300)
    mode: str = setting("air", "How the heat moves.", choices=("air", "grill"))
    trays: tuple[int, ...] = setting((1, 2), "Levels in use.", low=1)
    name: str = "plain fields have no bounds"


def test_bounds_are_inclusive() -> None:
    assert Oven(heat=50).heat == 50
    assert Oven(heat=300, trays=(1, 9)).trays == (1, 9)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"heat": 49.9}, "heat must be at least 50, however: got=49.9"),
        ({"heat": 301}, "heat must be at most 300"),
        ({"mode": "steam"}, "mode must be one of air, grill, however: got='steam'"),
        ({"trays": (2, 0)}, "trays must be at least 1"),
    ],
)
def test_outside_its_bounds_a_setting_is_refused(wrong: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Oven(**wrong)
