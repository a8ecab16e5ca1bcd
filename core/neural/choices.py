"""What a run decides on data rather than by setting: how fields enter, which pairs teach, and which head ranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core import metrics
from core.calibration import Platt, prior_shift
from core.data.pairs import Pairing
from core.errors import NotComputable
from core.funnel import whole_funnel
from core.neural.checkpoints import Ranking
from core.neural.material import Material
from core.neural.probe import Probe, ProbeData, fit_probe
from core.neural.scorer import Answers
from core.progress import Phase
from core.ranking import Ranking as RankedLeads
from core.resampling import paired_bootstrap

RESAMPLES = 1000
"""Bootstrap resamples by which kinds of pairs are compared. Source: ours."""
PILOT_LEADS = 300
"""Leads on which the ways of handing over fields are compared before all are read."""


def choose_fields(material: Material) -> tuple[str, str]:
    """`prompt`, `tower` or `both`, and why.

    The tower, whose prompts are the shortest, unless another way is better out of fold by more than its standard error.
    """
    wanted = material.config.fields
    if material.encoder.width == 0:
        return "prompt", "prompt: the schema names no numeric or categorical field that varies"
    if wanted != "auto":
        return wanted, f"{wanted}: set"
    rows = material.sample(PILOT_LEADS)
    plain = material.read(rows, "tower", "pilot: dialogue alone")
    told = material.read(rows, "both", "pilot: fields in the prompt")
    trials = {"tower": plain, "both": told, "prompt": told}
    phase = Phase("pilot: compare", material.watch)
    probes = {}
    for number, (mode, states) in enumerate(trials.items()):
        phase.at(number, len(trials))
        probes[mode] = fit_probe(material.probe_data(rows, states, mode), material.pairing, material.config)
    outcome = material.leads.converted[rows]
    chosen = "tower"
    for mode in ("both", "prompt"):
        theirs, ours = (probes[name].out_of_fold["pointwise"] for name in (mode, chosen))
        gain, _ = metrics.auc_difference(outcome, theirs, ours)
        if gain.value > (gain.high - gain.low) / (2 * 1.96):
            chosen = mode
    values = ", ".join(f"{mode} {probe.auc['pointwise']:.3f}" for mode, probe in probes.items())
    return chosen, f"{chosen}: out-of-fold AUC on {len(rows):,} training leads: {values}"


def choose_pairs(material: Material, data: ProbeData, probe: Probe) -> tuple[Probe, str]:
    """`probe` with the ranking head that the better pairs taught, and why; `material.pairing` becomes theirs.

    The tiers of the funnel, as the paper has it, unless its whole depth (`funnel.whole_funnel`) gives a higher average
    precision out of fold, which the top of the list needs, by more than chance: a paired bootstrap over customers.
    """
    config, stages = material.config, material.pairing.funnel.stages
    if config.pairs != "auto":
        return probe, f"{config.pairs}: set"
    if config.loss.pairwise == 0 or len(stages) < 2:
        return probe, "tiers: there is nothing to choose between"
    whole = Pairing(whole_funnel(stages), {})
    alone = replace(config, loss=replace(config.loss, pointwise=0.0, semantic=0.0))
    rival = fit_probe(data, whole, alone, phase=Phase("fit heads: whole funnel", material.watch))
    known = np.isfinite(data.converted)
    outcome, theirs, ours = (
        values[known] for values in (data.converted, rival.out_of_fold["pairwise"], probe.out_of_fold["pairwise"])
    )
    with_whole, with_tiers = (metrics.average_precision(outcome, said) for said in (theirs, ours))
    told = (
        f"average precision of the ranking head out of fold on {int(known.sum()):,} training leads: {with_whole:.4f} "
        f"with pairs over the whole funnel, {with_tiers:.4f} with the tiers"
    )
    try:
        gain, _ = paired_bootstrap(
            outcome, theirs, ours, RankedLeads.average_precision, RESAMPLES, config.seed, data.group[known]
        )
    except NotComputable as error:
        return probe, f"tiers: {told}; whether that is more than chance cannot be told ({error})"
    told += f", a difference of {gain.value:+.4f} (between {gain.low:+.4f} and {gain.high:+.4f})"
    if gain.low <= 0:
        return probe, f"tiers: {told}: not better by more than chance, so the paper's pairs stay"
    material.pairing = whole
    probe.heads.pairwise.load_state_dict(rival.heads.pairwise.state_dict())
    better = replace(
        probe,
        out_of_fold=probe.out_of_fold | rival.out_of_fold,
        auc=probe.auc | rival.auc,
        strengths=probe.strengths | rival.strengths,
        pair_accuracy=rival.pair_accuracy,
    )
    return better, f"funnel: {told}: more than chance"


def choose_ranking(
    material: Material,
    later: Answers,
    probe: Probe | None,
    *,
    sampled_rate: float,
    true_rate: float,
    fields: str,
) -> Ranking:
    """Which head ranks, by AUC on the later slice and, for a probe, out of fold; then Platt on the later slice."""
    outcome = material.leads.converted[material.later]
    said = [(outcome, later.logit, later.score)]
    if probe is not None and {"pointwise", "pairwise"} <= set(probe.out_of_fold):
        said.append((probe.converted, probe.out_of_fold["pointwise"], probe.out_of_fold["pairwise"]))
    measures: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "blend": lambda logit, score: z_score(logit) + z_score(score),
        "pairwise": lambda logit, score: score,
        "pointwise": lambda logit, score: logit,
    }
    wanted, untrained = material.config.rank_by, set()
    if material.config.loss.pairwise == 0:
        untrained = {"blend", "pairwise"}
    elif material.config.loss.pointwise == 0:
        untrained = {"blend", "pointwise"}
    values = {
        name: sum(y.sum() * metrics.auc(y, how(z, s)) for y, z, s in said)
        for name, how in measures.items()
        if name not in untrained
    }
    return Ranking(
        wanted if wanted in values else max(values, key=lambda name: values[name]),
        fields,
        material.reads(fields),
        sampled_rate,
        true_rate,
        Platt.fit(prior_shift(later.logit, sampled_rate, true_rate), outcome),
        float(later.logit.mean()),
        float(later.logit.std()) or 1.0,
        float(later.score.mean()),
        float(later.score.std()) or 1.0,
    )


def z_score(values: np.ndarray) -> np.ndarray:
    """Values less their mean, over their deviation; zeros where they do not vary."""
    return (values - values.mean()) / (values.std() or 1.0)
