"""What `sheet` does: what the person concerned may be told about one lead, as a file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from core import scoring
from core.answers import Answer, as_json
from core.console import load, tell
from core.data.leads import Leads
from core.disclosure.collecting import made_sheet, model_of
from core.disclosure.files import html_sheet, pdf_sheet
from core.disclosure.sections import sections
from core.disclosure.sheet import Source, Standing
from core.errors import ConfigError
from core.places import places_among
from core.progress import Event
from core.proofs import prove
from core.scores import Scorer, Scores, read_scores


def sheet(
    model: Path,
    leads: Path,
    lead_id: str,
    out: Path,
    scores: Path | None,
    contact: str,
    no_reasons: bool,
    device: str,
    backbone: str | None,
) -> Answer:
    """What the person concerned may be told about one lead, as a file."""
    if out.suffix not in (".html", ".pdf"):
        raise ConfigError(f"--out must end in .html or .pdf, however: got='{out.name}'")
    if not out.parent.is_dir():
        raise ConfigError(f"--out must lie in a folder that exists, however: there is no '{out.parent}'; make it first")
    ranked = read_scores(scores) if scores else None
    found = load(leads, scoring.run_schema(model))
    lead = found.take(np.array([found.row_of(lead_id)]))
    scorer = scoring.load_scorer(model, device=device, backbone=backbone, tell=lambda text: tell(Event(text)))
    about = model_of(model, hashlib.sha256((model / "manifest.json").read_bytes()).hexdigest())
    standing, place_of = _standing(scorer, lead, ranked)
    contact = contact or os.environ.get("LEADRANK_CONTACT", "")
    if not contact:
        tell(Event("note: neither --contact nor LEADRANK_CONTACT is set, so the sheet says ____ for whom to turn to"))
    reasons = None
    if not no_reasons:
        first = scoring.first_reasons(scorer, lead, lead_id, head=about.head)
        reasons = prove(scoring.rescorer(scorer, lead), first)
    made = made_sheet(
        lead,
        Source(leads.name, leads=len(found)),
        standing,
        about,
        reasons,
        place_of=place_of,
        contact=contact,
    )
    out.write_bytes(html_sheet(made).encode() if out.suffix == ".html" else pdf_sheet(made))
    told = [
        {"heading": s.heading, "sentences": s.sentences, "rows": s.table.rows if s.table else ()}
        for s in sections(made)
    ]
    return Answer({"out": str(out), "sections": as_json(told)}, f"The sheet is in {out}. Look it through first.")


def _standing(scorer: Scorer, lead: Leads, ranked: Scores | None) -> tuple[Standing, Callable[[float], int] | None]:
    """Where the lead stands among the ranked; without them its chance alone. And the place that it would have."""
    if ranked is None:
        return Standing(_chance(scorer.score(lead).frame["probability"])), None
    places = places_among(ranked, str(lead.lead_id.iat[0]))
    chance = _chance(ranked.aligned(lead.lead_id)["probability"])
    return Standing(chance, places.rank, places.leads), places.place


def _chance(column: pd.Series) -> float | None:
    value = column.to_numpy(dtype=float)[0]
    return float(value) if np.isfinite(value) else None
