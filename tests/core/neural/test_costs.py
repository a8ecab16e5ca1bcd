"""Whoever uses a thing pays for it in full, once, whether it was there already or not."""

import time

import pytest

from core.neural.costs import Costs

NAP = 0.02


def nap(times: int = 1) -> int:
    time.sleep(times * NAP)
    return times


def test_a_thing_is_made_once_and_every_user_pays_for_it() -> None:
    costs, made = Costs(), []

    def make() -> str:
        made.append(nap())
        return "heads"

    def arm() -> str:
        nap()
        return costs.once("heads", make) + costs.once("heads", make)

    for _ in range(2):
        found, seconds = costs.alone(arm)
        # The second use within one arm is free, and so is none of the first.
        assert found == "headsheads" and 2 * NAP <= seconds < 3 * NAP
    assert len(made) == 1


def test_what_a_thing_is_made_of_is_paid_with_it_and_not_twice() -> None:
    costs = Costs()

    def network() -> int:
        return costs.once("heads", nap) + nap(2)

    def both() -> int:
        return costs.once("network", network) + costs.once("heads", nap)

    _, heads = costs.alone(lambda: costs.once("heads", nap))
    assert NAP <= heads < 2 * NAP
    for arm in (lambda: costs.once("network", network), both, both):
        assert 3 * NAP <= costs.alone(arm)[1] < 4 * NAP


def test_what_is_free_costs_nobody_anything_but_what_it_is_made_of() -> None:
    costs = Costs()
    for _ in range(2):
        _, seconds = costs.alone(lambda: costs.once("reading", lambda: costs.once("fields", nap) + nap(5), free=True))
        assert NAP <= seconds < 3 * NAP


def test_time_that_something_else_spared_is_charged() -> None:
    costs = Costs()

    def make() -> None:
        costs.charge(10.0)

    assert costs.alone(make)[1] == pytest.approx(10, abs=NAP)
    assert costs.alone(lambda: costs.once("states", make))[1] == pytest.approx(10, abs=NAP)
    assert costs.alone(lambda: costs.once("states", make))[1] == pytest.approx(10, abs=NAP)
    assert costs.alone(nap)[1] < 1  # nothing of it sticks to the next one


def test_what_could_not_be_made_is_tried_again_and_charged_to_nobody() -> None:
    costs = Costs()

    def fails() -> None:
        nap(3)
        raise ValueError

    def arm() -> int:
        with pytest.raises(ValueError):
            costs.once("thing", fails)
        return costs.once("thing", nap)

    assert costs.alone(arm)[1] < 3 * NAP
