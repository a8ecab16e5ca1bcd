"""What would move a lead: changes of a field or a turn, each scored by the model, alone and a few together.

    every single change  ->  the strongest of each field and turn  ->  + a second one  ->  + a third one
                             (step 1)                                  (step 2)            (step 3)

Fields take values that leads of the same data have; a turn is left out, or a plain sentence is said at the end. It
tells what the model would say of such a lead, not what a customer would do. The steps are greedy, so a smaller set may
exist that is not found; and whether the values of a set ever occur together in the data is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain, zip_longest

import numpy as np

from core.data.changing import changed_lead, one_table, with_turn, without
from core.data.dialogue import Turn, parse_turns
from core.data.leads import Leads
from core.data.next_turns import next_turns
from core.data.plausible import Plausible
from core.scores import Attribution, Rescorer

MOST_READINGS = 8.0
"""What trying single changes may cost, in readings of the whole lead; what is left over is told. Fields that the
language model does not read cost nothing. With the lead itself and `STEP_READINGS` for each of two more steps, a search
costs 13 readings at most. Source: ours."""
STEP_READINGS = 2.0
WIDE = 12
"""Changes tried beside those of the step before: the strongest of as many other fields and turns. Source: ours."""
MOST_TOGETHER = 3
"""Changes of a set. More are no advice. Source: ours."""
LEAST_MOVE = 0.005
"""In points of the ranking score; what would read 0.00 is no move."""
LEAST_CHANCE = 0.0005
"""What would read 0.0% is no change of the chance."""
LEAST_WORDS = 3
"""Words of a turn from which leaving it out is tried: "Mm." is nobody's to leave out. Source: ours."""
WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")
"""Chinese is written without spaces: each of its characters counts as a word."""

MORE = "one turn more"
"""What a turn that is added is called."""


@dataclass(frozen=True)
class Change:
    """One field with another value, one turn left out, or one turn more."""

    kind: str
    """`field`, `turn` (left out) or `said` (one turn more, at the end)."""
    name: str
    """The field's column; `turn 3`; `MORE`."""
    value: float | str
    """The field's new value; the words of the turn."""
    before: float | str | None = None
    """The field's value now; None where it is not known, and for turns."""
    turn: int | None = None
    """0-based position in the whole dialogue, of a turn that is left out."""
    speaker: str = ""

    @property
    def unit(self) -> tuple[str, str]:
        """What it changes: of each unit a set holds one change."""
        return self.kind, self.name


@dataclass(frozen=True)
class Choice:
    """What may change, and which way the lead should go."""

    fixed: tuple[str, ...] = ()
    """Fields that stay as they are: what nobody can change."""
    fields: bool = True
    said: bool = True
    """Whether something more may be said."""
    left_out: bool = True
    """Whether a turn may be left out."""
    own: str = ""
    """A sentence of one's own that the customer could say."""
    up: bool = True


@dataclass(frozen=True)
class Move:
    """What the model says of the lead with these changes."""

    changes: tuple[Change, ...]
    score: float
    """How far the ranking score moves."""
    probability: float
    unmet: tuple[str, ...] = ()
    """Fields among them whose new value the model hardly met in training."""


@dataclass(frozen=True)
class Moves:
    """What was tried of one lead. `singles`, the strongest in the wanted direction first; `steps`: sets of 1, 2 and 3,
    each one change more than the one before; () where nothing moves it that way."""

    probability: float
    choice: Choice
    singles: tuple[Move, ...]
    steps: tuple[Move, ...]
    untried: int
    """Single changes that were left out since reading them would have cost too much."""
    readings: float
    """What it cost, in readings of the whole lead, beside the lead itself."""

    def best(self) -> list[Move]:
        """The strongest single change of each field and turn that moves the lead the wanted way."""
        found: dict[tuple[str, str], Move] = {}
        for move in self.singles:
            if self.gain(move) >= LEAST_MOVE:
                found.setdefault(move.changes[0].unit, move)
        return list(found.values())

    def chances(self, raised: bool) -> list[Move]:
        """The change of each field and turn that raises the chance most, or lowers it most; the largest first."""
        sign = 1 if raised else -1
        found: dict[tuple[str, str], Move] = {}
        for move in sorted(self.singles, key=lambda move: -sign * move.probability):
            if sign * (move.probability - self.probability) >= LEAST_CHANCE:
                found.setdefault(move.changes[0].unit, move)
        return list(found.values())

    def gain(self, move: Move) -> float:
        """How far the score moves the wanted way."""
        return move.score if self.choice.up else -move.score


def find_moves(
    rescorer: Rescorer, lead: Leads, plausible: Plausible, choice: Choice, reasons: Attribution | None = None
) -> Moves:
    """Try single changes, then the strongest ones together.

    Args:
        rescorer: of the lead.
        lead: the one lead as it may be shown: turns are told in its words. Turns are left out of the lead as the model
            reads it.
        plausible: by field; one without values stays as it is.
        choice: what may change.
        reasons: where they are known, the turns and fields that hold the lead back are tried first.
    """
    read = rescorer.lead
    score, probability = rescorer.score(read)[["score", "probability"]].to_numpy(dtype=float)[0].tolist()
    purse = _Purse(rescorer, score)
    asked = [(change,) for change in changes(lead, read, plausible, choice, reasons)]
    singles = purse.tried(asked, MOST_READINGS)
    found = Moves(probability, choice, (), (), len(asked) - len(singles), 0.0)
    found = replace(found, singles=tuple(sorted(singles, key=lambda move: -found.gain(move))))
    steps = _steps(found, purse)
    return replace(found, steps=steps, readings=purse.spent)


def changes(
    lead: Leads, read: Leads, plausible: Plausible, choice: Choice, reasons: Attribution | None = None
) -> list[Change]:
    """All single changes, those that are worth a try first: sentences, then fields and turns in turn.

    Args as in `find_moves`; `read`: the lead as the model reads it.
    """
    turns = parse_turns(str(lead.dialogue.iat[0]))
    sign = 1 if choice.up else -1
    helps = {} if reasons is None else {(c.kind, c.name): c.value * sign for c in (*reasons.fields, *reasons.turns)}
    said = [Change("said", MORE, turn.words, speaker=turn.speaker) for turn in next_turns(turns, choice.own)]
    out = [
        Change("turn", f"turn {k + 1}", turn.words, turn=k, speaker=turn.speaker)
        for k, turn in enumerate(turns)
        if len(WORD.findall(turn.words)) >= LEAST_WORDS
    ]
    # The last turn is the cheapest to leave out: least has to be read again.
    out.sort(key=lambda change: (helps.get(change.unit, 0.0), -(change.turn or 0)))
    fields = _field_changes(read, plausible, choice.fixed, helps) if choice.fields else []
    by_turns = chain.from_iterable(zip_longest(fields, out if choice.left_out else []))
    return [*(said if choice.said else []), *(change for change in by_turns if change is not None)]


def applied(lead: Leads, made: Sequence[Change]) -> Leads:
    """A copy of the one lead in `lead` with all of the changes.

    Raises:
        LeadRankError: the lead has no such field or turn.
    """
    changed = changed_lead(lead, {change.name: change.value for change in made if change.kind == "field"})
    # From the end, since a turn's place counts those before it.
    out = sorted((change for change in made if change.kind == "turn"), key=lambda change: -(change.turn or 0))
    changed = reduce(without, out, changed)
    said = (Turn(change.speaker, str(change.value)) for change in made if change.kind == "said")
    return reduce(with_turn, said, changed)


def least(moves: Moves, place: Callable[[float], int], top: int) -> Move | None:
    """The smallest set found that lifts the lead among the first `top`; None where no set does.

    Args:
        place: The rank of the lead once its score moves so far.
    """
    return next((move for move in moves.steps if place(move.score) <= top), None)


def _field_changes(
    read: Leads, plausible: Plausible, fixed: Sequence[str], helps: Mapping[tuple[str, str], float]
) -> list[Change]:
    """One value of each field, then a second one of each, and so on; fields that hold the lead back first."""
    features = read.schema.features
    by_field = []
    for name in (*features.numeric, *features.categorical):
        if name in fixed or name not in plausible:
            continue
        now = read.features[name].tolist()[0]
        known = None if now == "" or now != now else now  # NaN is no number
        values = [other for other in plausible[name].worth_a_try if other != known]
        by_field.append([Change("field", name, other, known) for other in values])
    by_field.sort(key=lambda some: helps.get(some[0].unit, 0.0) if some else 0.0)
    return [change for level in zip_longest(*by_field) for change in level if change is not None]


def _steps(moves: Moves, purse: _Purse) -> tuple[Move, ...]:
    """The strongest single change, the best that goes with it, and the best that goes with both."""
    best = moves.best()
    steps = best[:1]
    while steps and len(steps) < MOST_TOGETHER:
        had = {change.unit for change in steps[-1].changes}
        others = [move.changes[0] for move in best if move.changes[0].unit not in had][:WIDE]
        found = purse.tried([(*steps[-1].changes, change) for change in others], STEP_READINGS)
        further = max(found, key=moves.gain, default=steps[-1])
        if moves.gain(further) < moves.gain(steps[-1]) + LEAST_MOVE:
            break
        steps.append(further)
    return tuple(steps)


@dataclass
class _Purse:
    """Asks the model, as long as there are readings to spend."""

    rescorer: Rescorer
    now: float
    """The lead's ranking score."""
    spent: float = 0.0

    def tried(self, sets: Sequence[tuple[Change, ...]], most: float) -> list[Move]:
        """What becomes of the lead with each set, in order; those that `most` readings do not cover are left out."""
        if not sets:
            return []
        leads = one_table([applied(self.rescorer.lead, made) for made in sets])
        rows, cost = [], 0.0
        for row, more in enumerate(self.rescorer.readings(leads).tolist()):
            if cost + more <= most:
                rows.append(row)
                cost += more
        self.spent += cost
        leads = leads.take(np.array(rows, dtype=np.int64))
        said, unmet = self.rescorer.score(leads), self.rescorer.unmet(leads)
        told = zip(rows, said["score"].tolist(), said["probability"].tolist(), unmet, strict=True)
        return [
            Move(sets[row], score - self.now, chance, tuple(c.name for c in sets[row] if c.name in strange))
            for row, score, chance, strange in told
        ]
