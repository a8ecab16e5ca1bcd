import numpy as np

from core.tiers import check_tiers
from tests.made import make_leads


def test_each_tier_is_judged_before_any_training():
    tiers = {tier.name: tier for tier in check_tiers(make_leads(400))}
    assert list(tiers) == ["global_dominance", "key_action", "soft_signal"]
    assert tiers["global_dominance"].pairs == (
        tiers["global_dominance"].chosen_leads * tiers["global_dominance"].rejected_leads
    )
    assert tiers["key_action"].agreeing > tiers["key_action"].contradicting


def test_a_tier_that_contradicts_the_sale_is_warned_of():
    leads = make_leads(400)
    stage = leads.stage.copy()
    # Those who bought never got beyond the store visit, those with a test drive never bought.
    stage[leads.converted == 1] = 2
    stage[(leads.converted == 0) & (np.arange(400) % 2 == 0)] = 3
    turned = type(leads)(leads.roles.assign(stage=stage), leads.features, leads.schema)
    key = {tier.name: tier for tier in check_tiers(turned)}["key_action"]
    assert key.contradicting > key.agreeing
    assert key.warning
