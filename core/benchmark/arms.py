"""What is compared: every way to rank leads, by key, with what a manager needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from core.errors import ConfigError
from core.funnel import Funnel

TEXT = "+text"
"""Keys of the arms that get the language model's embedding beside the fields end so."""


@dataclass(frozen=True)
class Arm:
    """One way to rank leads."""

    key: str
    title: str
    family: str
    """rule, words, tree, click, funnel, asllr, ablation or lora."""
    why: str
    """What it is and what it learns from, in one sentence."""
    reference: str = ""
    """The arm that it is a variant of, by key; "" where it stands alone."""

    @property
    def reads(self) -> bool:
        """Whether it learns from what the language model says of the talk."""
        return self.family in ("asllr", "ablation", "lora") or self.key.endswith(TEXT)

    @property
    def shares_states(self) -> bool:
        """Whether it learns from the states that all such arms share; LoRA changes the model, and reads by itself."""
        return self.reads and self.family != "lora"

    @property
    def seeded(self) -> bool:
        """Whether another seed can give another ranking."""
        return self.family not in ("rule", "words") or self.key == "two-stage"

    @property
    def baseline(self) -> bool:
        """Whether the language model has to beat it to be worth its cost."""
        return not self.reads


FAMILIES = {
    "rule": "Rules without learning",
    "words": "Linear models",
    "tree": "Boosted trees",
    "click": "Click-through networks",
    "funnel": "Multi-task funnel networks",
    "asllr": "Language model, frozen",
    "ablation": "Language model, one thing changed",
    "lora": "Language model, tuned with LoRA",
}
"""Every family in plain words, in the order of the tables."""

_CLICK = {
    "wide_deep": ("Wide & Deep", "a linear model beside a deep network"),
    "deepfm": ("DeepFM", "every pair of fields, beside a deep network"),
    "xdeepfm": ("xDeepFM", "products of fields of growing order, beside a deep network"),
    "dcn": ("DCN", "crosses of fields by a vector a layer, beside a deep network"),
    "dcn_v2": ("DCN-M (V2)", "crosses of fields by a matrix a layer, beside a deep network"),
    "autoint": ("AutoInt", "fields that attend to each other"),
}
_FIXED = (
    Arm("newest", "Newest first", "rule", "Calls the latest leads first, as most teams do; learns nothing."),
    Arm(
        "funnel-recency",
        "Funnel + recency",
        "rule",
        "Calls the leads first that have come furthest so far, the latest contact first among them; learns nothing.",
    ),
    Arm(
        "two-stage",
        "Two-stage: funnel group, then DeepFM",
        "rule",
        "Calls the leads first that have come furthest so far, in DeepFM's order among them.",
    ),
    Arm("logistic", "Logistic regression (fields)", "words", "A linear model of the fields."),
    Arm("tfidf", "TF-IDF + logistic regression (words)", "words", "A linear model of the words."),
    Arm(
        "tfidf-fields",
        "TF-IDF + logistic regression (words and fields)",
        "words",
        "A linear model of words and fields together.",
    ),
    Arm("lightgbm", "LightGBM (fields)", "tree", "Boosted trees on the fields, for orders alone."),
    Arm(
        "lightgbm+text",
        "LightGBM (fields + asLLR embedding)",
        "tree",
        "Boosted trees on the fields and on what the language model says of the talk.",
        "lightgbm",
    ),
    Arm(
        "lambdarank",
        "LightGBM lambdarank, usual gains",
        "tree",
        "Boosted trees that learn the order of the stages reached; each stage counts double the one before.",
    ),
    Arm(
        "lambdarank-steep",
        "LightGBM lambdarank, steep gains",
        "tree",
        "Boosted trees that learn the order of the stages reached, with orders counting far more than stages.",
    ),
    Arm(
        "chain", "LightGBM chain over the stages", "tree", "Boosted trees, one for each step of the funnel, multiplied."
    ),
)


def _click() -> list[Arm]:
    arms = [Arm(key, title, "click", f"A network over the fields: {why}.") for key, (title, why) in _CLICK.items()]
    for key, (title, _) in _CLICK.items():
        why = f"{title} with what the language model says of the talk as one more field."
        arms.append(Arm(f"{key}+text", f"{title} + text", "click", why, key))
    direct = (
        "DeepFM with the funnel group at scoring time as one more field; where that column is among the features, "
        "DeepFM knows it already, and this only says it by group."
    )
    arms.append(Arm("direct", "DeepFM with the stage as input (Direct)", "click", direct, "deepfm"))
    return arms


def _funnel_networks() -> list[Arm]:
    told = {"esmm": ("ESMM", "their chances multiplied"), "aitm": ("AITM", "each step handing on what it learned")}
    arms = [
        Arm(k, t, "funnel", f"A network over the fields for all steps of the funnel, {w}.")
        for k, (t, w) in told.items()
    ]
    more = "{} with what the language model says of the talk as one more field."
    return arms + [Arm(f"{k}+text", f"{t} + text", "funnel", more.format(t), k) for k, (t, _) in told.items()]


def _asllr() -> list[Arm]:
    return [
        Arm("asllr-base", "asLLR base", "asllr", "Language model and fields; learns from orders alone."),
        Arm("asllr-semantic", "asLLR + semantic", "asllr", "Also learns to say Yes or No.", "asllr-base"),
        Arm(
            "hpro",
            "asLLR + HPRO",
            "asllr",
            "Also learns from pairs of leads that the funnel sets against each other, as the paper has it; held "
            "against asLLR + semantic (asLLR base where there are no words), so that the pairs alone differ.",
            "asllr-semantic",
        ),
        Arm(
            "hpro-funnel",
            "asLLR + HPRO, whole funnel",
            "asllr",
            "The same with a pair for every two stages, the deeper one preferred.",
            "asllr-semantic",
        ),
    ]


def _ablations(funnel: Funnel) -> list[Arm]:
    def of_hpro(key: str, what: str, why: str) -> Arm:
        return Arm(key, f"HPRO, {what}", "ablation", why, "hpro")

    tiers = [tier.name for tier in funnel.effective_tiers()]
    only = "Pairs of the tier {} and no others, without Yes or No."
    alone = [Arm(f"hpro-only-{n}", f"HPRO, tier {n} alone", "ablation", only.format(n), "asllr-base") for n in tiers]
    return [
        of_hpro("hpro-no-margin", "margins at zero", "Every pair wants the right order, by no margin."),
        of_hpro("hpro-weights", "weights for margins", "Each margin is a fixed weight of its pairs instead."),
        *(alone if len(tiers) > 1 else []),
        of_hpro("hpro-unstratified", "batches at random", "Batches in which rare stages may be missing."),
        of_hpro("hpro-pointwise", "probability ranks", "The same network, ranked by the pointwise head."),
        of_hpro("hpro-pairwise", "ranking score ranks", "The same network, ranked by the pairwise head."),
        of_hpro("hpro-blend", "both heads rank", "The same network, ranked by both heads together."),
        of_hpro("pair-bpr", "BPR in its place", "Pairs of orders over all others, without tiers or margins."),
        of_hpro("pair-lambdarank", "LambdaRank in its place", "Stage pairs weighed by what they change at the top."),
        of_hpro("pair-listmle", "ListMLE in its place", "The likelihood of a batch's whole order by stage."),
        of_hpro("pair-rcr", "RCR in its place", "One score for probability and rank (regression-compatible ranking)."),
        of_hpro(
            "pair-frozen",
            "ranking head frozen, plain BPR (margin 0)",
            "What the paper's published code does at heart: the ranking head stays as drawn, orders over all others "
            "are the only pairs, the terms weigh 64 : 16 : 1 (order, Yes or No, pairs), and the probability ranks. "
            "Unlike that code: states stay frozen, heads are linear over a trunk and begin fitted, fields "
            "stand beside the prompt, batches are 256 leads at random instead of one order and 31 others, and nothing "
            "is computed in bf16.",
        ),
    ]


def _lora() -> list[Arm]:
    tuned = "The language model itself is tuned with LoRA; "
    return [
        Arm("lora-base", "asLLR base, LoRA", "lora", tuned + "learns from orders alone.", "asllr-base"),
        Arm("lora-semantic", "asLLR + semantic, LoRA", "lora", tuned + "also learns to say Yes or No.", "lora-base"),
        Arm("lora-hpro", "asLLR + HPRO, LoRA", "lora", tuned + "also learns from the funnel's pairs.", "lora-semantic"),
        Arm(
            "lora-frozen",
            "ranking head frozen, plain BPR (margin 0), LoRA",
            "lora",
            tuned + "the ranking head stays as drawn, orders over all others are the only pairs, the terms weigh "
            "64 : 16 : 1, fields stand in the prompt, its last token is read and the probability ranks, as in the "
            "paper's published code. Unlike that code: 32 leads at random instead of one order and 31 others, no "
            "warm-up over 4,000 steps, its own wording of the prompt, and the epoch that the later slice prefers.",
            "lora-hpro",
        ),
    ]


def catalogue(funnel: Funnel) -> dict[str, Arm]:
    """Every arm that can be run on leads of this funnel, by key, in the order of the tables."""
    found = [*_FIXED, *_click(), *_funnel_networks(), *_asllr(), *_ablations(funnel), *_lora()]
    order = list(FAMILIES)
    return {arm.key: arm for arm in sorted(found, key=lambda arm: order.index(arm.family))}


def held_against(arms: Mapping[str, Arm], *, words: bool, whole: bool) -> dict[str, Arm]:
    """The arms, each with a reference from which it differs in what its name says alone.

    Without `words` no arm learns to say Yes or No, so asLLR base stands for asLLR + semantic. Unless the language model
    reads the `whole` training part, an arm with its text has none: it learns from fewer leads than the same without.

    Example:
        >>> held_against(choose(["hpro"], Funnel()), words=False, whole=True)["hpro"].reference
        'asllr-base'
    """

    def fair(arm: Arm) -> str:
        if arm.key.endswith(TEXT) and not whole:
            return ""
        return "asllr-base" if arm.reference == "asllr-semantic" and not words else arm.reference

    return {key: replace(arm, reference=fair(arm)) for key, arm in arms.items()}


def choose(wanted: Sequence[str], funnel: Funnel) -> dict[str, Arm]:
    """The arms of these keys, families, `default` (all but ablations and LoRA) or `all`, in the order of the tables.

    Raises:
        ConfigError: something else is asked for.

    Example:
        >>> list(choose(["hpro", "rule"], Funnel()))
        ['newest', 'funnel-recency', 'two-stage', 'hpro']
    """
    known = catalogue(funnel)
    groups = {family: {arm.key for arm in known.values() if arm.family == family} for family in FAMILIES}
    groups |= {"all": set(known), "default": set(known) - groups["ablation"] - groups["lora"]}
    # A tier, and so the key of its arm, may have blanks in its name.
    names = [name for text in wanted for name in ([text] if text in known else text.replace(",", " ").split())]
    unknown = [name for name in names if name not in known and name not in groups]
    if unknown or not names:
        close = [near for name in unknown for near in get_close_matches(name, [*groups, *known], n=1)]
        meant = f"; did you mean {', '.join(close)}?" if close else ""
        raise ConfigError(
            f"--arms takes {', '.join(groups)} or any of {', '.join(known)}, however: got={unknown or 'nothing'}{meant}"
        )
    chosen = {key for name in names for key in groups.get(name, {name})}
    return {key: arm for key, arm in known.items() if key in chosen}
