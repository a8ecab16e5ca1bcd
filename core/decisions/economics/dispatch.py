"""Who calls which lead when: the dispatch of the most value, and two simple ones beside it.

A lead is worth its value (expected, in money) times the person's factor for the skill that it needs, less the cost of
the call, which is the same whoever makes it; nobody makes more calls than their capacity, and nobody calls where they
may not (`people.py`). Leads that are worth nothing with anybody are not called.

Fairness f asks that a call of each person is worth at least (1 - f) times a call of the team in the mean: people with
half the capacity need half the value. Parts of leads can keep to that, whole leads not quite: leads are rounded so that
the total does not fall below that of the parts, and a person is short of the promise by two leads' worth at most.

Source: Shmoys & Tardos 1993, An approximation algorithm for the generalized assignment problem (the rounding).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.answers import as_json
from core.decisions.economics.call_list import read_leads
from core.decisions.economics.people import factors, read_people
from core.decisions.economics.rounding import dealt, whole_leads
from core.decisions.economics.shares import best_shares
from core.errors import ConfigError, NotComputable

HOW = {
    "best": "The sum of value x factor - cost over all calls is as large as capacities, regions and skills allow: a "
    "linear programme, solved until its bound is reached.",
    "greedy": "Leads in order of value - cost, each to who makes most of it and still has a call left.",
    "round robin": "People in turn, each taking the lead that is worth most with them.",
}


@dataclass(frozen=True)
class Dispatch:
    """Which person calls which lead in which place."""

    frame: pd.DataFrame
    """One row a call: lead_id, person, slot (1 = the person's first call), value (with that person, less cost). By
    person in the given order, each person's best lead first."""
    by_person: pd.DataFrame
    """One row a person: person, capacity, leads, value, value_per_call (value / capacity, NaN without capacity)."""
    unassigned: int
    """Leads that nobody calls."""
    kind: str
    """best, greedy or round robin."""
    bound: float | None = None
    """No dispatch that keeps to all rules is worth more; None where it was not asked for."""

    @property
    def total(self) -> float:
        """Expected value of all calls."""
        return float(self.frame["value"].sum())

    @property
    def gap(self) -> float | None:
        """Share of the bound that is missing, 0 where the dispatch reaches it."""
        return None if self.bound is None else max(0.0, 1 - self.total / self.bound) if self.bound else 0.0

    @property
    def evenness(self) -> float:
        """Value of a call of the person with the least, over the team's mean: 1 is quite even; NaN without value."""
        called = self.by_person[self.by_person["capacity"] > 0]
        mean = called["value"].sum() / max(called["capacity"].sum(), 1)
        return float(called["value_per_call"].min() / mean) if mean > 0 else float("nan")

    @property
    def how(self) -> str:
        """The computation in a sentence."""
        return HOW[self.kind]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        figures = {name: getattr(self, name) for name in ("kind", "total", "bound", "gap", "unassigned", "how")}
        even = None if np.isnan(self.evenness) else self.evenness
        return figures | {"evenness": even, "by_person": as_json(self.by_person), "calls": as_json(self.frame)}


@dataclass(frozen=True)
class _Task:
    """Leads and people as arrays; leads are those that have value."""

    lead_id: np.ndarray
    value: np.ndarray
    group: np.ndarray
    """Region, skill and cost as one class."""
    cost: np.ndarray
    """(classes,)."""
    factor: np.ndarray
    """(people, classes)."""
    people: pd.DataFrame
    given: int
    """Leads with value or not."""

    def worth(self, person: np.ndarray, lead: np.ndarray) -> np.ndarray:
        return self.value[lead] * self.factor[person, self.group[lead]] - self.cost[self.group[lead]]

    def able(self) -> np.ndarray:
        """Who can make anything of the best lead of each class, (people, classes) bool."""
        best = np.zeros(len(self.cost))
        np.maximum.at(best, self.group, self.value)
        return best * self.factor > self.cost


def dispatch(leads: pd.DataFrame, people: pd.DataFrame, fairness: float | None = None) -> Dispatch:
    """The dispatch of the most value.

    Shape: leads (n, >= 2) with lead_id, value and, where they matter, region, skill and cost (of a call, 0 at least;
    value then is before that cost); people (m, >= 2) as `read_people` reads them. `fairness` in [0, 1): by how much a
    call of a person may be worth less than the mean.

    Raises:
        ValidationError: every problem of the two tables, with rows.
        ConfigError: fairness outside [0, 1).
        NotComputable: fairness is asked for and somebody may take no lead of any value.
    """
    if fairness is not None and not 0 <= fairness < 1:
        raise ConfigError(f"fairness must lie in [0, 1), however: got={fairness!r}; 0.2 lets a call be worth 20% less")
    task = _task(leads, people)
    capacity = task.people["capacity"].to_numpy()
    busy = np.flatnonzero(capacity)
    if fairness is not None:
        _check_reach(task, busy)
    if not task.able()[busy].any():
        return replace(_result(task, np.zeros(0, int), np.zeros(0, int), "best"), bound=0.0)
    kinds, kind = np.unique(task.factor[busy], axis=0, return_inverse=True)
    room = np.bincount(kind, weights=capacity[busy])
    shares = best_shares(task.value, task.group, kinds, room, fairness, task.cost)
    worth = task.value[shares.lead] * kinds[shares.kind, task.group[shares.lead]] - task.cost[task.group[shares.lead]]
    some = worth > 0  # a band may be worth its calls where its last lead is not
    lead, of = whole_leads(shares.lead[some], shares.kind[some], shares.part[some], worth[some])
    order = np.argsort(task.cost[task.group[lead]] - task.value[lead] * kinds[of, task.group[lead]], kind="stable")
    lead, of = lead[order], of[order]
    person = busy[dealt(of, kind, capacity[busy])]
    return replace(_result(task, person, lead, "best"), bound=shares.bound)


def greedy(leads: pd.DataFrame, people: pd.DataFrame) -> Dispatch:
    """Leads in order of value - cost, each to who makes most of it, then to who has most calls left. As `dispatch`."""
    task = _task(leads, people)
    left = task.people["capacity"].to_numpy().copy()
    person = np.full(len(task.value), -1)
    by_class = [np.flatnonzero(factor > 0) for factor in task.factor.T]
    for lead in np.argsort(task.cost[task.group] - task.value, kind="stable"):
        able = by_class[task.group[lead]]
        able = able[left[able] > 0]
        if len(able):
            factor = task.factor[able, task.group[lead]]
            if task.value[lead] * factor.max() <= task.cost[task.group[lead]]:
                continue
            best = able[factor == factor.max()]
            person[lead] = best[left[best].argmax()]
            left[person[lead]] -= 1
    called = np.flatnonzero(person >= 0)
    return _result(task, person[called], called, "greedy")


def round_robin(leads: pd.DataFrame, people: pd.DataFrame) -> Dispatch:
    """People in turn, each taking the lead that is worth most with them, until calls or leads are used up."""
    task = _task(leads, people)
    queues = [np.flatnonzero(task.group == group) for group in range(task.factor.shape[1])]
    queues = [queue[np.argsort(-task.value[queue], kind="stable")] for queue in queues]
    heads = np.array([task.value[queue[0]] if len(queue) else 0.0 for queue in queues])
    taken, calls = np.zeros(len(queues), dtype=np.int64), []
    capacity = task.people["capacity"].to_numpy()
    for turn in range(min(capacity.max(initial=0), len(task.value))):
        for person in np.flatnonzero(capacity > turn):
            offers = heads * task.factor[person] - task.cost
            if not len(offers) or offers.max() <= 0:
                continue
            group = int(offers.argmax())
            calls.append((person, queues[group][taken[group]]))
            taken[group] += 1
            rest = queues[group][taken[group] :]
            heads[group] = task.value[rest[0]] if len(rest) else 0.0
    pairs = np.array(calls, dtype=np.int64).reshape(-1, 2)
    return _result(task, pairs[:, 0], pairs[:, 1], "round robin")


def _task(leads: pd.DataFrame, people: pd.DataFrame) -> _Task:
    read = read_leads(leads)
    team = read_people(people)
    valued = read[read["value"] > 0]
    kinds = valued[["region", "skill", "cost"]].drop_duplicates(ignore_index=True)
    group = valued.groupby(["region", "skill", "cost"], sort=False).ngroup().to_numpy()
    return _Task(
        valued["lead_id"].to_numpy(dtype=object),
        valued["value"].to_numpy(dtype=np.float64),
        group,
        kinds["cost"].to_numpy(dtype=np.float64),
        factors(team, kinds),
        team,
        len(read),
    )


def _check_reach(task: _Task, busy: np.ndarray) -> None:
    """Raises NotComputable where somebody would get nothing, and so, to be fair, nobody anything."""
    able = task.able()[busy].any(axis=1)
    if not able.all():
        names = task.people["person"].to_numpy()[busy[~able]]
        more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
        raise NotComputable(
            "a fair dispatch needs a lead of some value for everybody, however: no lead is in the regions and skills "
            f"of {', '.join(names[:5])}{more}; widen these, set the capacity to 0, or ask for no fairness"
        )


def _result(task: _Task, person: np.ndarray, lead: np.ndarray, kind: str) -> Dispatch:
    names = task.people["person"].to_numpy(dtype=object)
    worth = task.worth(person, lead)
    order = np.lexsort((-worth, person))
    person, lead, worth = person[order], lead[order], worth[order]
    count = np.bincount(person, minlength=len(names))
    slot = np.arange(len(person)) - np.repeat(count.cumsum() - count, count) + 1
    calls = pd.DataFrame({"lead_id": task.lead_id[lead], "person": names[person], "slot": slot, "value": worth})
    team = task.people[["person", "capacity"]].assign(
        leads=count, value=np.bincount(person, weights=worth, minlength=len(names))
    )
    team["value_per_call"] = team["value"] / team["capacity"].where(team["capacity"] > 0)
    return Dispatch(calls, team, task.given - len(person), kind)
