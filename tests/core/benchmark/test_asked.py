"""What can be asked, and which columns may be named."""

from dataclasses import replace

import pytest

from core.benchmark.asked import Asked, check_columns, identity
from core.errors import ConfigError
from tests.made import make_leads, tiny_config


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(known_stage="stage"), r"--known-stage takes a feature .* one of a, city, however: got='stage'"),
        (Asked(recency="city"), r"--recency takes a feature .* one of a, however: got='city'"),
        (Asked(allowed=("a", "paid", "told")), r"--allow takes features, of a, city, however: got=\['paid', 'told'\]"),
    ],
)
def test_only_features_can_be_named(asked: Asked, told: str) -> None:
    schema = make_leads().schema
    with pytest.raises(ConfigError, match=told):
        check_columns(schema, asked)
    check_columns(schema, Asked(known_stage="city", recency="a", allowed=("city",)))


def test_more_arms_and_seeds_are_the_same_question_and_more_tries_are_not() -> None:
    leads, config, asked = make_leads(), tiny_config(), Asked()
    first = identity(leads, config, asked)
    assert identity(leads, config, replace(asked, arms=("hpro",), seeds=9, capacity=0.5)) == first
    for other in (replace(asked, trials=2), replace(asked, recency="a"), replace(asked, allowed=("a",))):
        assert identity(leads, config, other) != first
    assert identity(make_leads(seed=1), config, asked) != first != identity(leads, tiny_config("seed=1"), asked)
