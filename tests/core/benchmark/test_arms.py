"""What can be compared on a funnel, and how somebody asks for it."""

import pytest

from core.benchmark.arms import FAMILIES, TEXT, catalogue, choose, held_against
from core.benchmark.recipes import variant_of
from core.errors import ConfigError
from core.funnel import PRESETS, Funnel, Tier
from core.neural.ctr.models import CTR

CAR = PRESETS["automotive"]


@pytest.mark.parametrize("funnel", [Funnel(), *PRESETS.values()])
def test_every_arm_can_be_told_and_stands_with_its_family(funnel: Funnel) -> None:
    known = catalogue(funnel)
    assert all(key == arm.key and arm.title and arm.why.endswith(".") for key, arm in known.items())
    assert len({arm.title for arm in known.values()}) == len(known)
    order = [list(FAMILIES).index(arm.family) for arm in known.values()]
    assert order == sorted(order) and set(order) == set(range(len(FAMILIES)))
    assert all(arm.reference in known for arm in known.values() if arm.reference)
    # A family asked for by its name is no arm.
    assert not known.keys() & {*FAMILIES, "default", "all"}


def test_what_reads_the_talk_with_the_language_model_is_no_baseline_for_it() -> None:
    with_it = {key for key, arm in catalogue(CAR).items() if not arm.baseline}
    assert {
        "asllr-base",
        "hpro",
        "hpro-no-margin",
        "pair-frozen",
        "lora-hpro",
        "deepfm+text",
        "lightgbm+text",
    } <= with_it
    assert not with_it & {"newest", "logistic", "tfidf", "lightgbm", "deepfm", "direct", "aitm", "two-stage"}


def test_every_network_of_the_paper_is_there_with_and_without_words() -> None:
    known = catalogue(CAR)
    for key in (*CTR, "esmm", "aitm", "lightgbm"):
        assert known[f"{key}+text"].reference == key and known[f"{key}+text"].family == known[key].family


def test_each_tier_alone_is_an_arm_where_there_are_several() -> None:
    alone = {key for key in catalogue(CAR) if key.startswith("hpro-only-")}
    assert alone == {f"hpro-only-{tier.name}" for tier in CAR.tiers} and len(alone) == 3
    assert not any(key.startswith("hpro-only-") for key in catalogue(Funnel()))
    assert [variant_of(f"hpro-only-{tier.name}").tiers for tier in CAR.tiers] == [(tier.name,) for tier in CAR.tiers]


def test_every_form_of_the_language_model_has_its_own_recipe() -> None:
    forms = [key for key, arm in catalogue(CAR).items() if arm.family in ("asllr", "ablation")]
    assert len({variant_of(key) for key in forms}) == len(forms)


def test_default_leaves_out_what_takes_long_or_explains() -> None:
    known = catalogue(CAR)
    families = {arm.family for arm in choose(["default"], CAR).values()}
    assert families == set(FAMILIES) - {"ablation", "lora"}
    assert choose(["all"], CAR) == known


def test_names_and_families_mix_in_the_order_of_the_tables() -> None:
    chosen = choose(["hpro,deepfm", "tree", "deepfm newest"], CAR)
    tree = [key for key, arm in catalogue(CAR).items() if arm.family == "tree"]
    assert list(chosen) == ["newest", *tree, "deepfm", "hpro"]


def test_a_tier_with_a_name_of_several_words_can_be_asked_for() -> None:
    tiers = (Tier("sold, or not", 1.0), Tier("came / called", 0.5, chosen=("came",), rejected=("called",)))
    key = "hpro-only-sold, or not"
    assert list(choose([key, "newest"], Funnel(("called", "came"), tiers))) == ["newest", key]


@pytest.mark.parametrize("wanted", [["deepfm", "deepfn"], ["hpro-only-nothing"], ["Newest"]])
def test_an_unknown_arm_is_refused_by_its_name(wanted: list[str]) -> None:
    with pytest.raises(ConfigError, match=rf"--arms takes rule, .*lightgbm.* however: got=\['{wanted[-1]}'\]"):
        choose(wanted, CAR)


@pytest.mark.parametrize("wanted", [[], [""], [", ,"]])
def test_nothing_is_refused(wanted: list[str]) -> None:
    with pytest.raises(ConfigError, match="got=nothing"):
        choose(wanted, CAR)


def test_what_chance_has_no_part_in_is_trained_once_and_what_tunes_reads_by_itself() -> None:
    known = catalogue(CAR)
    once = {key for key, arm in known.items() if not arm.seeded}
    assert once == {"newest", "funnel-recency", "logistic", "tfidf", "tfidf-fields"}
    alone = {arm.family for arm in known.values() if arm.reads and not arm.shares_states}
    assert alone == {"lora"} and not known["deepfm"].shares_states and known["deepfm+text"].shares_states


def test_arms_are_held_against_what_differs_in_their_name_alone() -> None:
    known = catalogue(CAR)
    assert held_against(known, words=True, whole=True) == known
    assert known["hpro"].reference == "asllr-semantic"
    fields = held_against(known, words=False, whole=True)
    changed = {key for key, arm in fields.items() if arm.reference != known[key].reference}
    assert changed == {"hpro", "hpro-funnel"} and {fields[key].reference for key in changed} == {"asllr-base"}
    sampled = held_against(known, words=True, whole=False)
    changed = {key for key, arm in sampled.items() if arm.reference != known[key].reference}
    assert changed == {key for key in known if key.endswith(TEXT)} and sampled["deepfm+text"].reference == ""


def test_variants_learn_from_all_that_their_reference_learns_from() -> None:
    """All that the weights may differ in is the pairs; the frozen head, which has the published ones, aside."""
    for key, arm in catalogue(CAR).items():
        if arm.family in ("asllr", "ablation") and arm.reference not in ("", "asllr-base") and key != "pair-frozen":
            ours, theirs = variant_of(key).weights, variant_of(arm.reference).weights
            assert (ours.pointwise, ours.semantic) == (theirs.pointwise, theirs.semantic), key


def test_only_what_hangs_on_chance_has_seeds() -> None:
    once = {key for key, arm in catalogue(CAR).items() if not arm.seeded}
    assert once == {"newest", "funnel-recency", "logistic", "tfidf", "tfidf-fields"}
