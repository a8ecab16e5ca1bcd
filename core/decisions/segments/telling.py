"""A segmentation in plain words: what its segments, methods and columns are called, and what its card says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

TWO_STAGE = "two-stage segments"
"""How tables and charts name the segmentation beside uplift models."""
UPLIFT = "X-learner"
"""The uplift model that plans are made by where a control arm exists: what it says of each lead is kept."""
SEGMENT_WORDS = {"campaign": "Because of the campaign", "organic": "Would come anyway", "low": "Unlikely to come"}
OBSERVED_WORDS = {
    "campaign": "Came, campaign known",
    "organic": "Came, no campaign known",
    "low": "Did not come",
    "": "Not known yet",
}
METHOD_WORDS = {
    "splc": "Self-paced (SPLC)",
    "hill": "Hill",
    "corrected-bce": "Corrected labels, no focus",
    "weighted-bce": "Classes weighted",
    "bce": "Labels as they are",
    "nnpu": "Positive-unlabelled (nnPU)",
}
"""Ways to fill in missing labels, the losses of stage 2."""
MODEL_WORDS = {
    TWO_STAGE: "These segments",
    "T-learner": "Uplift model (T-learner)",
    UPLIFT: "Uplift model (X-learner)",
    "response model": "Who answers when reached",
}
COLUMNS = {
    "lead_id": "the lead",
    "observed": "what the rules say: campaign, organic, low; empty where the response is not known",
    "segment": "campaign (came, or would come, because of it), organic (anyway), low (unlikely to come)",
    "corrected": "whether a missing campaign label was filled in",
    "by": "what decided the segment: rules (what is known of the lead), or model (a label filled in, or its chances)",
    "p_campaign": "chance that the campaign makes the lead come, 0..1; this and those below do not know its response",
    "p_organic": "chance that it comes anyway, 0..1",
    "p_low": "chance that it does not come, 0..1",
    "p_campaign_if_engaged": "chance that the campaign brought it, if it came, 0..1",
    "answer": "what missing labels are filled in by, higher first; without unit",
    "uplift": "how much the campaign raises its chance to come, by an uplift model; only with a control arm",
    "anyway": "chance that it comes without the campaign, 0..1, by the uplift model; only with a control arm",
}
"""What each column of the assigned leads says."""

HEADS = {
    "lead_id": "Lead",
    "observed": "What the rules say",
    "segment": "Segment",
    "corrected": "Label filled in",
    "by": "Decided by",
    "p_campaign": "Chance that the campaign makes it come",
    "p_organic": "Chance that it comes anyway",
    "p_low": "Chance that it does not come",
    "p_campaign_if_engaged": "Chance that the campaign brought it, if it came",
    "answer": "What labels are filled in by (no unit)",
    "uplift": "What the campaign adds to its chance (uplift model)",
    "anyway": "Chance that it comes anyway (uplift model)",
}
"""The same columns as a person reads them."""


def readable(assigned: pd.DataFrame) -> pd.DataFrame:
    """Assigned leads for people: columns and segments in words."""
    made = assigned.assign(
        observed=assigned["observed"].map(OBSERVED_WORDS),
        segment=assigned["segment"].map(SEGMENT_WORDS),
        corrected=assigned["corrected"].map({True: "yes", False: "no"}),
    )
    return made.rename(columns=HEADS)


def segment_words(assigned: pd.DataFrame) -> pd.Series:
    """The segment of each lead in words, by its id."""
    return assigned["segment"].map(SEGMENT_WORDS).set_axis(assigned["lead_id"].astype(object))


WAYS = {"segments": ("p_campaign", "p_organic"), "uplift": ("uplift", "anyway")}
"""Columns of the assigned leads that a campaign is planned by: the chance that it makes them come, and that they come
anyway."""


def headline(card: Mapping[str, Any]) -> list[str]:
    """Sizes, promise and proof, a sentence each."""
    return [_sizes(card), _promise(card), _proof(card)]


def plan_by(card: Mapping[str, Any]) -> str:
    """What a campaign is planned by unless it is said otherwise: the uplift model where it was shown to be better."""
    rows = {row["name"]: row for row in (card["arms"] or {"rows": ()})["rows"]}
    return "uplift" if card["uplift_kept"] and UPLIFT in rows and rows[UPLIFT]["against"][1] > 0 else "segments"


def notes(card: Mapping[str, Any]) -> list[str]:
    """What else is to be known of the proof, a sentence each: stage 1, labels taken back, what was not tested."""
    told = [_chances(card)]
    if corrected := [entry for entry in card["log"] if entry["corrected"]]:
        last = corrected[-1]
        told.append(
            f"While it learned, {last['corrected']:,.0f} missing labels were filled in and decided anew in each round; "
            f"in the last one {100 * last['reverted'] / last['corrected']:.1f} of 100 were taken back, in the worst "
            f"{max(100 * entry['reverted'] / entry['corrected'] for entry in corrected):.1f}."
        )
    told += [
        f"{100 * float(share):.0f}% hidden was not tested: {why}." for share, why in card["recovery_skipped"].items()
    ]
    if card["recovery"]:
        told.append(f"The test by hiding took {card['recovery_leads']:,} leads who came.")
    return told


def sizes(card: Mapping[str, Any]) -> dict[str, int]:
    """Leads of each segment, by its name.

    Example:
        >>> entries = [{"observed": "organic", "segment": "campaign", "leads": 3}]
        >>> sizes({"counts": entries})
        {'campaign': 3, 'organic': 0, 'low': 0}
    """
    return {name: sum(e["leads"] for e in card["counts"] if e["segment"] == name) for name in SEGMENT_WORDS}


def proof_row(card: Mapping[str, Any], hidden: float = 0.4) -> Mapping[str, Any] | None:
    """The figures of the method in use at the share hidden that is nearest to `hidden`; None without a proof."""
    own = [row for row in card["recovery"] or () if row["method"] == card["settings"]["loss"]]
    return min(own, key=lambda row: abs(row["hidden"] - hidden), default=None)


def arms_sentence(card: Mapping[str, Any]) -> str:
    """Whether the segments fall short of an uplift model, or why that cannot be told."""
    if not card["arms"]:
        return f"Whether the campaign moved them cannot be proved: {card['arms_why']}."
    rows = {row["name"]: row for row in card["arms"]["rows"]}
    own, other = rows[TWO_STAGE], rows[UPLIFT]
    gap, low, high = other["against"]
    gained = f"{own['qini'][0]:.1f} customers per 1,000 of the campaign over a random order, on average over all depths"
    begins = (
        f"Held against customers left out by chance, these segments gain {gained} (likely {own['qini'][1]:.1f} to "
        f"{own['qini'][2]:.1f}), the uplift model {other['qini'][0]:.1f}"
    )
    if low > 0:
        short = f"the segments fall short by {gap:.1f} (likely {low:.1f} to {high:.1f})"
        return f"{begins}: {short}. Plan by the uplift model."
    if high < 0:
        return f"{begins}: the segments do better by {-gap:.1f} (likely {-high:.1f} to {-low:.1f})."
    return f"{begins}: no difference that this test can show (likely {low:+.1f} to {high:+.1f})".replace("-", "−") + "."


def hidden_among(share: float, hidden: float) -> float:
    """Of the campaign customers without a label, the share that was hidden; the others had none to begin with.

    Args:
        share: Of all campaign customers, those who carry a label.
        hidden: Of the labels, those that were hidden.

    Example:
        >>> hidden_among(1.0, 0.4), round(hidden_among(0.5, 0.4), 2)
        (1.0, 0.29)
    """
    return hidden * share / (1 - share + hidden * share)


def of_hundred(row: Mapping[str, Any], figure: str) -> str:
    """A share as customers of 100, with its likely range where there is one.

    Example:
        >>> of_hundred({"recall": 0.71, "recall_low": 0.64, "recall_high": 0.78}, "recall")
        '71 (likely 64 to 78)'
    """
    value, low, high = (row[name] for name in (figure, f"{figure}_low", f"{figure}_high"))
    return f"{100 * value:.0f}" + ("" if low is None else f" (likely {100 * low:.0f} to {100 * high:.0f})")


def _sizes(card: Mapping[str, Any]) -> str:
    unknown = sum(entry["leads"] for entry in card["counts"] if not entry["observed"])

    def told(name: str) -> str:
        known, guessed = (
            sum(e["leads"] for e in card["counts"] if (e["observed"], e["segment"]) == (observed, name))
            for observed in (name, "")
        )
        parts = [f"{known:,} known"]
        parts += [f"{card['corrected']:,} filled in"] if name == "campaign" else []
        parts += [f"{guessed:,} by their chances"] if unknown else []
        return f"({', '.join(parts)})"

    found = {name: f"{count:,}" for name, count in sizes(card).items()}
    line = (
        f"Of {card['leads']:,} leads {found['campaign']} belong to the campaign {told('campaign')}, {found['organic']} "
        f"came or would come anyway {told('organic')}, {found['low']} did not or hardly would {told('low')}."
    )
    return line + (f" The response of {unknown:,} is not known yet: they go by their chances." if unknown else "")


def _chances(card: Mapping[str, Any]) -> str:
    found = card["engaged"]
    if not found:
        return f"Whether the chances to come at all come true could not be tested: {card['engaged_why']}."
    least, most = found["groups"][0], found["groups"][-1]
    return (
        f"The chances to come at all, on {found['leads']:,} later leads: {100 * least['promised']:.0f} of 100 promised "
        f"and {100 * least['came']:.0f} came in the lowest tenth, {100 * most['promised']:.0f} and "
        f"{100 * most['came']:.0f} in the highest; off by {100 * found['error']:.1f} of 100 on average, where chance "
        f"alone would show {100 * found['by_chance']:.1f}."
    )


def _promise(card: Mapping[str, Any]) -> str:
    line, wanted = card["line"], card["settings"]["precision"]
    if not card["share"]["telling"]:
        return "No missing label is filled in: nothing shows that any is missing" + (
            ", by those looked up."
            if card["audited"]
            else "; who carries one can hardly be told from the fields, or all seem to."
        )
    share = f"{100 * card['share']['value']:.0f} of 100 campaign customers seem to carry their label"
    if card["audited"]:
        share = f"{100 * card['share']['value']:.0f} of 100 looked up carry their label"
    if line["threshold"] is None:
        return f"No missing label is filled in: {share}, and of no other is it sure enough ({100 * wanted:.0f} of 100)."
    return f"Of 100 labels filled in about {100 * line['precision']:.0f} should be right; {share}."


def _proof(card: Mapping[str, Any]) -> str:
    row = proof_row(card)
    if row is None:
        why = card["recovery_why"] or "the method in use was not among those tested"
        return f"That could not be tested: {why}."
    hidden, wanted = row["hidden"], card["settings"]["precision"]
    begins = f"Tested by hiding {100 * hidden:.0f}% of the known ones"
    if row["precision"] is None:
        return f"{begins}: none was sure enough to be filled in, so none was found."
    told = (
        f"{begins}: of 100 hidden ones {of_hundred(row, 'recall')} were found, and of 100 filled in "
        f"{of_hundred(row, 'precision')} were hidden ones"
    )
    expected = hidden_among(card["share"]["value"] if card["share"]["telling"] else 1.0, hidden)
    if expected > 0.99:
        return f"{told}: so many were right."
    return (
        f"{told}. Others among those filled in had no label before: were {100 * wanted:.0f} of 100 right, "
        f"about {100 * wanted * expected:.0f} would be hidden ones."
    )
