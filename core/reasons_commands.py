"""What the verbs that look into a model's reasons do: `compare`, why one lead stands above another; `talk`, what moves
scores over many leads; `faithfulness`, whether reasons are the model's; `moves`, what would move one lead."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from core import scoring, telling_moves, trust
from core.answers import Answer, as_json
from core.comparing import as_text, to_dict
from core.console import load, tell
from core.counterfactuals import Choice, find_moves
from core.data.changeable import changeable
from core.data.plausible import plausible_values
from core.errors import ConfigError
from core.pair_proofs import prove_pair
from core.places import places_among, places_drawn
from core.progress import Event
from core.scores import read_scores
from core.talk.collecting import SIZES
from core.talk.looking import look
from core.talk.sentences import headline, told


def compare(model: Path, leads: Path, lead_a: str, lead_b: str, device: str, backbone: str | None) -> Answer:
    """Why `lead_a` stands above `lead_b`, or below."""
    if lead_a == lead_b:
        raise ConfigError(f"--lead-a and --lead-b must be two leads, however: '{lead_a}' was given twice")
    found = load(leads, scoring.run_schema(model))
    both = found.take(np.array([found.row_of(each) for each in (lead_a, lead_b)]))
    scorer = scoring.load_scorer(model, device=device, backbone=backbone, tell=lambda text: tell(Event(text)))
    two = scoring.explain_pair(scorer, both, lead_a, lead_b, watch=tell)
    first, second = (scoring.rescorer(scorer, both.take(np.array([row]))) for row in (0, 1))
    two = prove_pair(first, second, two)
    caution = trust.caution(trust.read(model))
    return Answer({**to_dict(two), "caution": caution}, "\n".join(filter(None, [caution, as_text(two)])))


def talk(model: Path, leads: Path, sample: int, out: Path | None, device: str, backbone: str | None) -> Answer:
    """Which fields and which kinds of talk move scores, over a sample of leads; `out` keeps reasons as they come."""
    least, most = SIZES
    if not least <= sample <= most:
        raise ConfigError(f"--sample must lie between {least} and {most:,} leads, however: got={sample}")
    found = load(leads, scoring.run_schema(model))
    scorer = scoring.load_scorer(model, device=device, backbone=backbone, tell=lambda text: tell(Event(text)))
    mark = scoring.reasons_mark(scorer, model)
    with ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        result = look(scorer, found, folder, sample, model=mark, watch=tell)
    return Answer({"headline": headline(result), **result.to_dict()}, "\n".join(told(result)))


def faithfulness(
    model: Path,
    leads: Path,
    sample: int,
    draws: int,
    methods: list[str],
    head: str | None,
    device: str,
    backbone: str | None,
) -> Answer:
    """Check whether the model's reasons are its own, and write it into its card where enough was checked."""
    if draws < 1:
        raise ConfigError(f"--draws must be 1 or more, however: got={draws}")
    scoring.check_methods(methods)
    known = load(leads, scoring.run_schema(model))
    scorer = scoring.load_scorer(model, device=device, backbone=backbone, tell=lambda text: tell(Event(text)))
    found = scoring.check_reasons(
        scorer, model, known, sample=sample, methods=methods, draws=draws, head=head, watch=tell
    )
    table = trust.table(found).set_index("Method").T.to_string()
    kept = trust.too_little(found)
    text = "\n".join([trust.verdict(found), *filter(None, [kept]), "", *trust.sentences(found), "", table])
    passed = {one.name: one.passes_gate for one in found.methods}
    told = {"verdict": trust.verdict(found), "passed": found.passed, "gate": passed, "card_left_as_it_was": kept}
    return Answer(as_json(found) | told, text)


def moves(
    model: Path,
    leads: Path,
    lead_id: str,
    top: int,
    down: bool,
    keep: list[str],
    sentence: str,
    scores: Path | None,
    device: str,
    backbone: str | None,
) -> Answer:
    """What would move `lead_id` among the leads of the file, as the model sees it."""
    if top < 1:
        raise ConfigError(f"--top must be 1 or more leads, however: got={top}")
    kept = read_scores(scores) if scores else None
    found = load(leads, scoring.run_schema(model))
    features = found.schema.features
    fields = (*features.numeric, *features.categorical)
    if unknown := sorted(set(keep) - set(fields)):
        raise ConfigError(f"--keep takes numbers and categories of the model, {list(fields)}, however: got={unknown}")
    lead = found.take(np.array([found.row_of(lead_id)]))
    plausible = {name: plausible_values(found.features[name]) for name in fields}
    scorer = scoring.load_scorer(model, device=device, backbone=backbone, tell=lambda text: tell(Event(text)))
    ranks = places_among(kept, lead_id) if kept else places_drawn(scorer, found, lead_id, tell)
    rescorer = scoring.rescorer(scorer, lead)
    fixed = tuple(name for name in fields if name in keep or name not in changeable(found.schema))
    made = find_moves(rescorer, rescorer.lead, plausible, Choice(fixed=fixed, own=sentence, up=not down))
    about = {"lead_id": lead_id, "leads": ranks.leads, "ranked_beside": len(ranks.others), "fixed": fixed}
    told = telling_moves.to_dict(made, ranks.place, top)
    said = telling_moves.as_text(made, ranks.place, top)
    notes = [*told["notes"], *filter(None, [ranks.note])]
    return Answer(as_json(about | told | {"notes": notes}), "\n".join(filter(None, [said, ranks.note])))
