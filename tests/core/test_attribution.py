import json
from dataclasses import replace

import pandas as pd
import pytest

from core.attribution import as_text, from_dict, in_clear, notes, reasons, strongest, to_dict, unexplained
from core.data.dialogue import parse_turns
from core.data.leads import Leads
from core.data.masking import masked_leads
from core.data.schema import Features, Roles, Schema
from core.errors import LeadRankError
from core.scores import Attribution, Contribution
from tests.made import make_leads

LONG = "Well, you know how it is these days, one has to think about everything, and at the end of it I sign tomorrow"
FIELDS = (
    Contribution("field", "days_since_last_call", "2", 0.41),
    Contribution("field", "budget", "", -0.3),
    Contribution("field", "city", "Ulm", 0.004),
)
TURNS = (
    Contribution("turn", "turn 3", "No thanks.", -0.22, 2, "Customer"),
    Contribution("turn", "turn 4", LONG, 0.6, 3, ""),
)
WORDS = (
    Contribution("word", "thanks.", "turn 3", -0.22, 2, "Customer"),
    Contribution("word", "think", "turn 4", -0.4, 3, ""),
    Contribution("word", "tomorrow", "turn 4", 1.0, 3, ""),
)
FOUND = Attribution("L7", "pairwise", 1.0, 0.5, 0.01, True, 32, FIELDS, TURNS, WORDS, 0)


def test_reasons_are_sentences_strongest_first() -> None:
    assert reasons(FOUND) == [
        f'somebody said "{LONG[:78]}…" — speaks for this lead (+0.60), above all "tomorrow"',
        "days since last call: 2 — speaks for this lead (+0.41)",
        "budget: not known — speaks against this lead (-0.30)",
        'Customer said "No thanks." — speaks against this lead (-0.22)',
    ]
    assert reasons(FOUND, top=1) == reasons(FOUND)[:1]
    assert [c.name for c in strongest(WORDS, 2)] == ["tomorrow", "think"]


def test_notes_say_what_limits_the_reasons() -> None:
    assert notes(FOUND) == []
    limited = replace(FOUND, converged=False, relative_error=0.12, steps=512, truncated_turns=3)
    assert "off by 12% after 512 steps" in notes(limited)[0]
    assert notes(limited)[1].startswith("The 3 oldest turns did not fit")
    assert notes(replace(FOUND, truncated_turns=1))[0].startswith("The oldest turn did not fit")
    assert as_text(limited).splitlines()[-2:] == notes(limited)


def test_a_program_gets_plain_values() -> None:
    document = json.loads(json.dumps(to_dict(FOUND, top=2), allow_nan=False))
    assert document["fields"][0]["name"] == "days_since_last_call" and document["fields"][0]["value"] == 0.41
    assert [word["turn"] for word in document["words"]] == [2, 3, 3]
    assert document["reasons"] == reasons(FOUND, 2)
    assert abs(document["unexplained"] - (0.5 - 0.494)) < 1e-12
    assert unexplained(replace(FOUND, logit=0.994)) < 1e-12


def test_the_report_names_lead_score_and_words() -> None:
    lines = as_text(FOUND).splitlines()
    assert lines[0] == "Why lead L7 has the pairwise score +1.00 (+0.50 for a lead that says nothing):"
    assert lines[-1] == 'Words that moved it most: "tomorrow" +1.00, "think" -0.40, "thanks" -0.22'
    silent = replace(FOUND, fields=(), turns=(), words=())
    assert "nothing in it moves the score" in as_text(silent)


def test_an_attribution_is_read_back_as_it_was() -> None:
    assert from_dict(json.loads(json.dumps(to_dict(FOUND)))) == FOUND
    for broken in ({}, {**to_dict(FOUND), "words": [{"kind": "word"}]}, {**to_dict(FOUND), "fields": None}):
        with pytest.raises(LeadRankError, match="explain again"):
            from_dict(broken)


SAID = (
    "Anna Schmidt: Hi, it's Anna again.\nCustomer: Right.\nAnna Schmidt: Write to a.s@mail.example.com, Tom here says."
)


def masked_reasons(leads: Leads) -> Attribution:
    """As a run that reads masked text explains: every turn and word of the lead."""
    masked = masked_leads(leads)
    turns, words = [], []
    for number, turn in enumerate(parse_turns(masked.dialogue[0])):
        turns.append(Contribution("turn", f"turn {number + 1}", turn.words, 0.1, number, turn.speaker))
        words += [Contribution("word", w, turns[-1].name, 0.1, number, turn.speaker) for w in turn.words.split()]
    title = masked.features["title"][0]
    words += [Contribution("word", word, "title", 0.1) for word in title.split()]
    return replace(
        FOUND, lead_id="L0000", fields=(Contribution("field", "title", title, 1.0),), turns=(*turns,), words=(*words,)
    )


def with_title(dialogue: str = SAID) -> Leads:
    leads = make_leads(1)
    return Leads(
        leads.roles.assign(dialogue=pd.Series([dialogue], dtype="str")),
        leads.features.assign(title=pd.Series(["Mrs Lind,  0171 2345678"], dtype="str")),
        Schema(Roles("lead_id", dialogue=("dialogue",)), Features(("a",), ("city",), ("title",))),
    )


def test_reasons_are_shown_in_clear_to_who_may_read_them() -> None:
    leads = with_title()
    found = masked_reasons(leads)
    assert found.turns[0].speaker == "[name]" and found.turns[0].text == "Hi, it's [name] again."
    clear = in_clear(found, leads)
    assert clear.fields[0].text == "Mrs Lind, 0171 2345678"
    assert [(c.speaker, c.text) for c in clear.turns] == [(t.speaker, t.words) for t in parse_turns(SAID)]
    assert [c.name for c in clear.words[:4]] == ["Hi,", "it's", "Anna", "again."]
    assert [c.name for c in clear.words[-2:]] == ["Lind,", "0171 2345678"]
    assert clear.words[0].speaker == "Anna Schmidt"
    # Later turns without the oldest ones, as a token limit leaves them, find their own words.
    short = replace(found, turns=found.turns[2:], words=tuple(c for c in found.words if c.turn == 2))
    assert in_clear(short, leads).turns == clear.turns[2:]


def test_reasons_read_in_clear_stay_and_another_lead_is_refused() -> None:
    leads = with_title()
    plain = replace(FOUND, lead_id="L0000")
    assert in_clear(plain, leads) is plain
    with pytest.raises(LeadRankError, match="says something else now"):
        in_clear(masked_reasons(leads), with_title("Customer: Hi, this is Tom at Orin."))
