import json
from dataclasses import replace

from core.attribution import as_text, notes, reasons, strongest, to_dict, unexplained
from core.scores import Attribution, Contribution

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
    assert lines[-1] == "Words that moved it most: tomorrow +1.00, think -0.40, thanks. -0.22"
    silent = replace(FOUND, fields=(), turns=(), words=())
    assert "nothing in it moves the score" in as_text(silent)
