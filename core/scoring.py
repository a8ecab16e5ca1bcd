"""The door: everything that scores leads is got here, by name; torch comes in only when a neural model is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core import ordering, trust
from core.data import prompts
from core.data.changing import Unit, one_table
from core.data.leads import Leads
from core.data.schema import Schema, schema_from_dict
from core.engine import Engine
from core.errors import LeadRankError, NotComputable, RunError, SchemaError
from core.faithfulness import Faithfulness
from core.pair_reasons import PairReasons
from core.progress import Watch, nobody
from core.removals import pick
from core.scores import Attribution, Rescorer, Scorer, Scores

if TYPE_CHECKING:
    from core.neural.scorer import NeuralScorer

READING = 2
"""Raised where the code comes to say something else of a lead by the same run: scores kept before are then not used."""


def load_scorer(
    run: Path,
    *,
    device: str = "auto",
    backbone: str | None = None,
    engine: Engine | None = None,
    tell: Callable[[str], None] | None = None,
) -> Scorer:
    """The trained model in the run folder `run`; `backbone` says where its language model lies, if it has moved, and
    `engine` how that is computed (None: as in training).

    Raises:
        RunError: no run there, or an incomplete or altered one.
        BackboneError: its language model cannot be had.
    """
    if not run.is_dir():
        raise RunError(f"expected a run folder, however: '{run.name}' is none; `train` makes one")
    from core.neural.scorer import NeuralScorer

    return NeuralScorer.load(run, device=device, backbone=backbone, engine=engine, tell=tell)


def run_schema(run: Path) -> Schema:
    """What leads the run in the folder `run` reads, told at once: its model is not opened.

    Raises:
        RunError: no run there, or its schema cannot be read.
    """
    try:
        return schema_from_dict(json.loads((run / "schema.json").read_text("utf-8")))
    except (OSError, ValueError, SchemaError) as error:
        raise RunError(
            f"expected a run folder with its schema.json, however: '{run.name}' is none, or it is damaged; `train` "
            "makes one"
        ) from error


def check_methods(names: Sequence[str]) -> None:
    """Whether there are such ways to give reasons.

    Raises:
        ConfigError: there are not.
    """
    from core.neural.methods import need_methods

    need_methods(names)


@dataclass(frozen=True)
class Reading:
    """What can be told of a run without its language model."""

    schema: Schema
    """Of the leads that it reads."""
    device: str
    """`cpu` or `cuda`: where it runs, decided for all workers alike."""
    engine: Engine | None
    """How the language model is computed, its precision decided for all workers alike; None: fields alone are read."""
    weights: int
    """Bytes of the language model in fp32, which each process that scores holds; 0 where fields alone are read."""
    mark: str
    """sha256: scores that other runs, kinds of devices, arithmetic or code that reads give have another."""


def reading_of(run: Path, *, device: str = "auto", backbone: str | None = None, parts: bool = False) -> Reading:
    """What `load_scorer` would load, and that it can: of the language model one layer is read.

    Raises:
        RunError, BackboneError: the run, or its language model, cannot be had, or is altered.
        LeadRankError: there is no such device.
    """
    from core.neural.backbones import weight_bytes
    from core.neural.checkpoints import computing, load_run
    from core.neural.plans import arithmetic
    from core.neural.scorer import pick_device

    place, loaded, engine, weights = pick_device(device), load_run(run), None, 0
    if loaded.ranking.reads and loaded.identity:
        weights = weight_bytes(loaded.identity, name=backbone)
        in_two_bytes = arithmetic(loaded.config.engine, place).itemsize == 2
        engine = replace(loaded.config.engine, precision="bf16" if in_two_bytes else "fp32")
    code = (READING, prompts.INSTRUCTION, prompts.FIELDS_TITLE, prompts.DIALOGUE_TITLE, prompts.QUESTION)
    mark = repr((computing(run), place.type, engine and engine.precision, parts, code))
    return Reading(loaded.schema, place.type, engine, weights, hashlib.sha256(mark.encode()).hexdigest())


def score(leads: Leads, scorer: Scorer, watch: Watch = nobody, *, parts: bool = False) -> Scores:
    """One ranked row per lead.

    With `parts`, a trained run adds what its score is the sum of, at no cost worth naming: `part:<field>` for each
    number and category that varies, and `part:dialogue` for all that is read as text, text fields included. Each is
    exact, in units of the score, and relative to the average lead (the training mean of a field; for the text the mean
    score of the leads that calibrated the run), so a lead's parts sum to its score less the average lead's.

    Where the text that is read tells the fields as well (setting fields=both), it is `part:what the text says`, and a
    field's part is what it adds beside the text. There are no such columns where a score is no sum of parts: two-layer
    heads, fields that only the language model reads (fields=prompt), or a baseline.
    """
    if not parts:
        return scorer.score(leads, watch)
    from core.neural.scorer import NeuralScorer

    return scorer.score(leads, watch, parts=True) if isinstance(scorer, NeuralScorer) else scorer.score(leads, watch)


def explain(
    scorer: Scorer, leads: Leads, lead_id: str, *, head: str | None = None, watch: Watch = nobody
) -> Attribution:
    """Which fields, turns and words moved one lead's `head`, `pairwise` (ranking score) or `pointwise` (probability).

    Args:
        head: None: `queue_head`.

    Raises:
        LeadRankError: there is no lead of this id.
        ConfigError: an unknown head.
        NotComputable: the scorer is not a trained run.
    """
    from core.neural.gradients import explain as explain_lead

    trained = _trained(scorer)
    return explain_lead(trained, leads, lead_id, head=head or queue_head(trained), watch=watch)


def explain_pair(scorer: Scorer, leads: Leads, a: str, b: str, *, watch: Watch = nobody) -> PairReasons:
    """Why lead `a` stands above lead `b`, or below: the difference of their ranking scores, over what both hold.

    Raises:
        LeadRankError: there is no lead of either id, or it is the same one twice.
        NotComputable: the scorer is not a trained run.
    """
    from core.neural.comparing import explain_pair as explain_two

    return explain_two(_trained(scorer), leads, a, b, watch=watch)


def first_reasons(scorer: Scorer, leads: Leads, lead_id: str, *, head: str | None = None) -> Attribution:
    """What `explain` tells, after a single backward pass: within the time of six readings of the lead, and rougher.

    `Attribution.method` says how it was reckoned.

    Raises:
        LeadRankError: there is no lead of this id.
        ConfigError: an unknown head.
        NotComputable: the scorer is not a trained run.
    """
    from core.neural.one_pass import first_reasons as first_of_lead

    trained = _trained(scorer)
    return first_of_lead(trained, leads, lead_id, head=head or queue_head(trained))


def reasons_mark(scorer: Scorer, run: Path) -> str:
    """What tells the first reasons of a run from those of another run or by another method: a sha256.

    Args:
        scorer: what `load_scorer` made of `run`.

    Raises:
        RunError: the folder was altered since.
        NotComputable: the scorer is not a trained run.
    """
    from core.neural.checkpoints import computing
    from core.neural.one_pass import first_method

    trained = _trained(scorer)
    marks = (first_method(trained.model), queue_head(trained), computing(run))
    return hashlib.sha256("\0".join(marks).encode()).hexdigest()


def queue_head(scorer: Scorer) -> str:
    """The head that is explained unless another is asked for: see `core.ordering.queue_head`.

    Raises:
        NotComputable: the scorer is not a trained run.
    """
    return ordering.queue_head(_trained(scorer).run.ranking.rank_by)


def check_reasons(
    scorer: Scorer,
    run: Path,
    leads: Leads,
    *,
    sample: int = 20,
    methods: Sequence[str] = (),
    draws: int = 20,
    head: str | None = None,
    watch: Watch = nobody,
) -> Faithfulness:
    """Measure on test leads of a run whether its reasons are its own, and write it into the run's card.

    A check that is too small for that leaves the card as it was; `core.trust.too_little` tells why. Where the run does
    not know yet which tier teaches what, and `leads` are those that it was trained on, it learns that first.

    Args:
        scorer: what `load_scorer` made of `run`.
        run: the run's folder.
        leads: with test leads of the run among them; others are not looked at.
        sample: test leads, half of them from the top twentieth.
        methods: ways to give reasons; () = those that the app shows, and gradient x input.
        draws: random orders of each lead's fields and turns.

    Raises:
        RunError: the folder was altered since.
        ConfigError: an unknown method or head, or too few draws.
        NotComputable: the scorer is no trained run, or fewer than two of the leads are test leads of it.
    """
    from core.neural.checkpoints import TEACHING, amend_run, teaching_bytes
    from core.neural.faithfulness import measure
    from core.neural.teaching import pushes_of

    trained = _trained(scorer)
    head = head or queue_head(trained)
    tested = pd.read_parquet(run / "test_scores.parquet")
    lead_ids, tops = pick(tested, tested["lead_id"].isin(leads.lead_id), head, sample)
    if not trained.run.teaching and (pushes := pushes_of(trained, leads, watch)):
        amend_run(run, {TEACHING: teaching_bytes(pushes)})
    found = measure(trained, leads, lead_ids, tops=tops, methods=methods, head=head, draws=draws, watch=watch)
    if not trust.too_little(found):
        amend_run(run, trust.documents(found, (run / "README.md").read_text("utf-8")))
    return found


def rescorer(scorer: Scorer, lead: Leads) -> Rescorer:
    """Scores changed copies of the one lead in `lead`, which a language model reads once, at the first call.

    Raises:
        LeadRankError: `lead` holds another number of leads than one.
    """
    if len(lead) != 1:
        raise LeadRankError(f"changes are tried on one lead at a time, however: got {len(lead)} leads")
    from core.neural.rereading import NeuralRescorer
    from core.neural.scorer import NeuralScorer

    return NeuralRescorer(scorer, lead) if isinstance(scorer, NeuralScorer) else _Afresh(scorer, lead)


def _trained(scorer: Scorer) -> NeuralScorer:
    """The scorer as the trained run that it is. Raises NotComputable where it is none."""
    from core.neural.scorer import NeuralScorer

    if isinstance(scorer, NeuralScorer):
        return scorer
    raise NotComputable(f"only a trained run explains its scores, however: got='{scorer.name}'; give a run folder")


@dataclass(frozen=True)
class _Afresh:
    """Scores every changed lead as a lead of its own: where no language model reads, nothing is worth keeping."""

    scorer: Scorer
    lead: Leads

    def score(self, changed: Leads) -> pd.DataFrame:
        several = one_table([changed])
        return self.scorer.score(several).aligned(several.lead_id).drop(columns=["lead_id", "rank"])

    def blanked(self, units: Sequence[Unit], text: str) -> pd.DataFrame:
        raise NotComputable(f"only a trained run reads a lead that says nothing, however: got='{self.scorer.name}'")

    def readings(self, changed: Leads) -> np.ndarray:
        return np.zeros(len(changed))

    def unmet(self, changed: Leads) -> list[tuple[str, ...]]:
        return [()] * len(changed)
