import numpy as np
import pytest

from core.decisions.economics.rounding import dealt, whole_leads


@pytest.mark.parametrize("seed", range(12))
def test_whole_leads_are_worth_no_less_and_no_kind_loses_more_than_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    leads, kinds = 40, 4
    part = rng.dirichlet(np.ones(kinds + 1), leads)[:, :kinds] * (rng.random((leads, kinds)) < 0.6)
    worth = rng.lognormal(2, 1, (leads, kinds))
    lead, kind = np.nonzero(part)
    chosen, of = whole_leads(lead, kind, part[lead, kind], worth[lead, kind])
    assert len(set(chosen.tolist())) == len(chosen)
    assert (part[chosen, of] > 0).all()
    assert worth[chosen, of].sum() >= (worth * part).sum() - 1e-6
    for one in range(kinds):
        own = worth[chosen[of == one], one]
        assert len(own) <= np.ceil(part[:, one].sum() - 1e-6)
        assert own.sum() >= (worth * part)[:, one].sum() - worth[part[:, one] > 0, one].max() - 1e-6


def test_what_is_whole_stays() -> None:
    lead, kind = np.array([3, 1]), np.array([0, 0])
    for given, made in zip((lead, kind), whole_leads(lead, kind, np.ones(2), np.ones(2)), strict=True):
        assert given is made


@pytest.mark.parametrize("leads", [0, 1, 7, 30])
def test_alike_people_get_their_share_in_time(leads: int) -> None:
    capacity, alike = np.array([3, 10, 5, 7, 5]), np.array([1, 1, 0, 1, 0])
    kind = np.repeat([0, 1], [min(leads, 10), min(leads, 20)])
    person = dealt(kind, alike, capacity)
    assert (alike[person] == kind).all()
    for one in range(2):
        mine = person[kind == one]
        for who in np.flatnonzero(alike == one):
            due = np.floor(np.arange(1, len(mine) + 1) * capacity[who] / capacity[alike == one].sum() + 1e-9)
            assert ((mine == who).cumsum() >= due).all()
            assert (mine == who).sum() <= capacity[who]
