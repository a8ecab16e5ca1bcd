"""What a job does and how far it is, in plain words."""

from __future__ import annotations

from core.charts.style import counted

PHASES = {
    "wait for a turn": "Waiting until the jobs before it have ended",
    "read": "Reading the file",
    "save": "Saving",
    "unpack": "Unpacking the model",
    "check": "Checking the model",
    "load the model": "Opening the model",
    "mask names and numbers": "Masking names and numbers",
    "check the preference tiers": "Checking what pairs of leads would teach",
    "score leads": "Scoring",
    "write the queue": "Writing the queue",
    "probe": "Fitting the first version",
    "read leads": "Reading the leads with the language model",
    "pilot: dialogue alone": "Trying it out: the conversation alone",
    "pilot: fields in the prompt": "Trying it out: the fields as words",
    "pilot: compare": "Trying it out: which way is better",
    "read training leads": "Reading the leads to learn from",
    "read later slice": "Reading leads held back",
    "read training leads, in tokens": "Reading the leads to learn from",
    "read leads of the later slice, in tokens": "Reading leads held back",
    "read tested leads, in tokens": "Reading the tested leads",
    "read for scoring alone": "Reading the file once more, for scoring alone",
    "read columns to show": "Reading the columns for people",
    "fit heads": "Fitting the first version",
    "fit heads: whole funnel": "Trying it out: which leads to learn from in pairs",
    "tune network": "Trying settings of the simple models",
    "run frozen layers once": "Reading ahead what stays the same in every pass",
    "fine-tune": "Training",
    "validate": "Checking on leads held back",
    "baselines": "Training the simple models to compare with",
    "test": "Testing on the latest leads",
    "explain": "Working out the reasons",
    "explain many": "Working out the reasons, lead by lead",
    "read the talk": "Reading what was said",
    "sort the talk": "Sorting what was said",
    "compare": "Comparing the two leads",
    "rehearse": "Rehearsing the trial",
    "check reasons": "Checking the reasons on test leads",
    "stage 1": "Learning who comes at all",
    "stage 2": "Learning whom the campaign brought",
    "assign segments": "Assigning the segments",
    "hide and find": "Testing: hiding known labels and finding them again",
}
"""Phase names of core in plain words; one that is missing here is shown by its own name."""
UNITS = {
    ("lead", "leads"): (
        "mask names and numbers",
        "score leads",
        "read leads",
        "explain many",
        "read the talk",
        "check reasons",
        "assign segments",
    ),
    ("piece of text", "pieces of text"): (
        "pilot: dialogue alone",
        "pilot: fields in the prompt",
        "read training leads",
        "read later slice",
        "read training leads, in tokens",
        "read leads of the later slice, in tokens",
        "read tested leads, in tokens",
        "run frozen layers once",
        "validate",
    ),
    ("step", "steps"): ("fine-tune", "explain"),
    ("round", "rounds"): ("stage 1", "stage 2"),
    ("simple model", "simple models"): ("baselines",),
    ("rehearsal", "rehearsals"): ("rehearse",),
    ("test", "tests"): ("hide and find",),
    ("way", "ways"): ("pilot: compare",),
    ("setting", "settings"): ("tune network",),
}
"""What is counted, one and many, in which phases; how far any other is, is told in percent."""
_UNIT_OF = {phase: unit for unit, phases in UNITS.items() for phase in phases}


def how_far(phase: str, done: int, total: int) -> str:
    """In units of the phase, or a share where its unit would say nothing to people.

    >>> how_far("score leads", 8, 1000), how_far("validate", 1, 1), how_far("read", 8, 100)
    ('8 of 1,000 leads', '1 of 1 piece of text', '8%')
    """
    if phase not in _UNIT_OF:
        return f"{min(done / total, 1.0):.0%}"
    return f"{done:,} of {counted(total, *_UNIT_OF[phase])}"
