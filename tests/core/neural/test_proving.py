"""Reasons of a trained run, held against what it says once they are gone: planted turn and field, and what it costs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core import scoring
from core.attribution import in_clear
from core.data.changing import changed_lead, without
from core.data.dialogue import Turn, parse_turns
from core.data.leads import Leads
from core.neural.scorer import NeuralScorer
from core.neural.trainer import Trained, train_run
from core.progress import nobody
from core.proofs import consequence, proof_of, prove
from core.retelling import reasons_apart, without_names
from core.scores import Attribution, Contribution
from tests.core.neural.test_rereading import counted
from tests.made import make_leads, tiny_config

FILLERS = [
    "well maybe some other week then",
    "hello there fine",
    "the weather is nice today",
    "let me see what they say",
]
PLANTED = "zigzag zigzag zigzag"


def planted_leads(n: int, seed: int) -> Leads:
    """Leads whose order follows one turn, which stands anywhere in the talk, and the field `a`."""
    rng = np.random.default_rng(seed)
    leads = make_leads(n, seed)
    said = rng.random(n) < 0.5
    won = rng.random(n) < 1 / (1 + np.exp(-(1.5 * leads.features["a"] + 5 * (said - 0.5))))
    talks = []
    for planted in said:
        turns = [f"{'Customer' if i % 2 else 'Agent'}: {rng.choice(FILLERS)}" for i in range(rng.integers(2, 5))]
        if planted:
            turns.insert(rng.integers(len(turns) + 1), f"Customer: {PLANTED}")
        talks.append("\n".join(turns))
    outcome = {"converted": won.astype(float), "stage": np.where(won, 4, 0).astype(np.int64)}
    roles = leads.roles.assign(dialogue=pd.Series(talks, dtype=leads.dialogue.dtype), **outcome)
    return replace(leads, roles=roles)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    work = tmp_path_factory.mktemp("planted")
    return train_run(planted_leads(160, 0), np.arange(120), np.arange(120, 160), tiny_config(), work, nobody)


NEW = planted_leads(40, 9)
ONE = NEW.take(np.array([0]))


def leads_with_all() -> list[Leads]:
    """Leads of which the planted turn is said and whose `a` is far from the average."""
    fits = NEW.dialogue.str.contains(PLANTED, regex=False) & (NEW.features["a"].abs() > 0.8)
    return [NEW.take(np.array([row])) for row in np.flatnonzero(fits)[:3]]


def proved(run: Trained, lead: Leads, head: str = "pairwise", quick: bool = True) -> Attribution:
    lead_id = str(lead.lead_id.iat[0])
    explain = scoring.first_reasons if quick else scoring.explain
    return prove(scoring.rescorer(run.scorer, lead), explain(run.scorer, lead, lead_id, head=head))


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("head", ["pairwise", "pointwise"])
def test_the_planted_turn_and_field_win_and_move_the_score_as_said(run: Trained, head: str, quick: bool) -> None:
    for lead in leads_with_all():
        found = proved(run, lead, head, quick)
        told = [reason.unit for side in reasons_apart(found) for reason in side]
        said = max((c for c in told if c.kind == "turn"), key=lambda c: abs(c.value))
        field = next(c for c in told if c.name == "a")
        assert said.text == PLANTED and said.value > 0
        assert (field.value > 0) == (lead.features["a"].to_numpy(dtype=float)[0] > 0)
        for unit in (said, field):
            assert consequence(found, unit)
            # Against the run itself, which scores the lead without it as a lead of its own.
            gone = run.scorer.score(without(lead, unit)).frame.iloc[0]
            proof = proof_of(found, unit)
            assert proof is not None and proof.score == pytest.approx(gone["score"], rel=1e-5, abs=1e-5)
            whole = run.scorer.score(lead).frame.iloc[0]
            column = {"pairwise": "pairwise_score", "pointwise": "pointwise_logit"}[head]
            assert (whole[column] - gone[column]) * unit.value > 0


def test_proofs_share_what_stands_before(run: Trained) -> None:
    reader, writer = run.scorer.model.reader, run.scorer.writer
    assert reader is not None and writer is not None
    talk = [Turn("Customer" if n % 2 else "Specialist", f"{PLANTED} Number {n} of ten.") for n in range(10)]
    lead = changed_lead(ONE, {}, talk)
    whole = len(writer.write(lead)[0])
    found = scoring.first_reasons(run.scorer, lead, str(lead.lead_id.iat[0]))
    rescorer = scoring.rescorer(run.scorer, lead)
    with counted(reader) as seen:
        rescorer.score(lead)
    assert seen == [whole]
    with counted(reader) as seen:
        tried = prove(rescorer, found)
    # Two passes each, several of them read in one; without what they share each would cost the whole lead, or nearly.
    assert len(tried.proofs) >= 5 and sum(seen) < 2 * 0.8 * len(tried.proofs) * whole


def test_first_reasons_and_their_proofs_cost_what_was_promised(run: Trained) -> None:
    """First reasons within six readings, the proofs within twelve more; a backward pass counts as two."""
    reader, writer = run.scorer.model.reader, run.scorer.writer
    assert reader is not None and writer is not None
    lead = leads_with_all()[0]
    whole = len(writer.write(lead)[0])
    with counted(reader) as seen:
        scoring.first_reasons(run.scorer, lead, str(lead.lead_id.iat[0]))
    assert sum(seen) + 2 * whole <= 6 * whole
    found = scoring.first_reasons(run.scorer, lead, str(lead.lead_id.iat[0]))
    with counted(reader) as seen:
        prove(scoring.rescorer(run.scorer, lead), found)
    assert 0 < sum(seen) <= 12 * whole


@pytest.mark.parametrize("fields", ["tower", "both"])
def test_nothing_older_comes_in_for_what_is_taken_out(run: Trained, fields: str) -> None:
    """The token limit leaves out the oldest turns; without a unit there is room for one of them."""
    reader, writer = run.scorer.model.reader, run.scorer.writer
    assert reader is not None and writer is not None
    talk = [Turn("Customer" if n % 2 else "Specialist", f"{PLANTED} Number {n} of ten.") for n in range(10)]
    lead = changed_lead(ONE, {"city": "Ulm"}, talk)
    tight = replace(writer, max_tokens=len(writer.write(lead)[0]) * 3 // 4, include_fields=fields == "both")
    scorer = NeuralScorer(run.scorer.run, run.scorer.model, tight, run.scorer.device, "tight")
    (held,) = tight.write(lead)
    unread = held.dropped_turns
    turns = tuple(Contribution("turn", f"turn {n + 1}", "", 1.0, n) for n in range(unread, 10))
    units = (*turns, Contribution("field", "city", "Ulm", 1.0))
    told = Attribution("L", "pairwise", 0, 0, 0, True, 1, units[-1:], turns, (), truncated_turns=unread)
    assert 0 < unread < 8 and tight.write(without(lead, turns[-1]))[0].dropped_turns < unread
    rescorer = scoring.rescorer(scorer, lead)
    with counted(reader) as seen:
        found = prove(rescorer, told, top=len(units))
    # Each shares the start with the lead as it was read; several are read in one pass.
    assert seen[0] == len(held) and sum(seen[1:]) < 2 * 0.8 * len(turns) * len(held)
    assert {p.name for p in found.proofs} == {unit.name for unit in units}
    for unit in turns:
        kept = changed_lead(lead, {}, [turn for n, turn in enumerate(talk) if n >= unread and n != unit.turn])
        proof = proof_of(found, unit)
        assert proof is not None
        assert proof.score == pytest.approx(scorer.score(kept).frame["score"].iat[0], rel=1e-5, abs=1e-5)


def test_names_are_in_no_reason_and_in_no_proof(run: Trained) -> None:
    talk = [
        Turn("Specialist", "Hello, my name is Oskar Brandt."),
        Turn("Customer", f"My name is Anna Schmidt, call me on 0171 2345678. {PLANTED}"),
        Turn("Customer", "I said zigzag."),
    ]
    lead = changed_lead(ONE, {}, talk)
    found = proved(run, lead)
    hidden = without_names(found, lead)
    assert hidden.proofs == found.proofs and hidden.proofs
    told = repr((hidden, [consequence(hidden, c) for c in hidden.turns]))
    assert not [name for name in ("Oskar", "Brandt", "Anna", "Schmidt", "2345678") if name in told]
    clear = in_clear(found, lead)
    assert clear.proofs == found.proofs and "Anna Schmidt" in repr(clear.turns)


def test_chinese_talk_is_proved_turn_by_turn(run: Trained) -> None:
    said = "专家: 您好，请问现在方便吗？\n客户：我想这个月就订车，很急。\n客户: 能便宜一点吗？"
    lead = changed_lead(ONE, {}, parse_turns(said))
    found = proved(run, lead)
    assert [c.speaker for c in found.turns] == ["专家", "客户", "客户"]
    told = [reason for side in reasons_apart(found) for reason in side if reason.unit.kind == "turn"]
    assert told and all(reason.words.startswith(("专家 said", "客户 said")) for reason in told)
    assert all(consequence(found, reason.unit).startswith("Without this turn") for reason in told)
