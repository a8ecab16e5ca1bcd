"""What people said of pairs and leads: whole, read back as written, and on the training part alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.pairs import Pairing
from core.data.reviews import FULL_WEIGHT, Review, apply_reviews, read_reviews, to_frame
from core.errors import LeadRankError
from core.exports import safe_csv
from tests.made import make_leads

LEADS = make_leads(60)
TRAIN = np.arange(40)
SAID = (
    Review("prefer", chosen="L0001", rejected="L0002", reason="talk", by="ana"),
    Review("skip_pair", chosen="L0003", rejected="L0004", by="bo"),
    Review("skip_lead", lead_id="L0005", by="ana"),
    Review("relabel", lead_id="L0006", stage="test_drive", converted=0, by="ana"),
)


def pairs_of(applied) -> set[tuple[str, int, int]]:
    leads = applied.leads.take(TRAIN)
    made = Pairing.fit(leads).pairs(
        leads.stage, leads.converted, leads.call_seconds, reviewed=applied.reviewed.among(TRAIN)
    )
    names = [made.tiers[number].name for number in made.tier]
    return set(zip(names, made.chosen.tolist(), made.rejected.tolist(), strict=True))


def test_each_kind_does_what_it_says() -> None:
    plain, said = apply_reviews(LEADS, TRAIN, ()), apply_reviews(LEADS, TRAIN, SAID)
    before, after = pairs_of(plain), pairs_of(said)
    assert ("reviewed", 1, 2) in after and not any(name == "reviewed" for name, _, _ in before)
    assert not any({c, r} == {1, 2} and c == 2 for _, c, r in after), "the reverse of a reviewed pair is not taught"
    assert not any({c, r} == {3, 4} or 5 in (c, r) for _, c, r in after)
    assert any(5 in (c, r) for _, c, r in before)
    assert said.leads.stage[6] == 3 and said.leads.converted[6] == 0
    assert LEADS.stage[6] == make_leads(60).stage[6], "the given leads are never changed"
    assert "1 pair, 2 exclusions, 1 relabel, by ana, bo." in said.summary


def test_leads_outside_the_training_part_are_left_out_and_counted() -> None:
    said = (
        Review("prefer", chosen="L0001", rejected="L0050"),
        Review("relabel", lead_id="L0055", converted=1),
        Review("skip_lead", lead_id="nobody"),
    )
    applied = apply_reviews(LEADS, TRAIN, said)
    assert (applied.outside, applied.unknown, applied.pairs, applied.relabels) == (2, 1, 0, 0)
    assert applied.leads is LEADS
    assert "2 with a lead outside the training part, 1 with a lead that is not in this file" in applied.summary


def test_of_two_about_the_same_the_later_holds() -> None:
    turned = Review("prefer", chosen="L0002", rejected="L0001")
    applied = apply_reviews(LEADS, TRAIN, (*SAID, turned, Review("relabel", lead_id="L0006", converted=1)))
    assert applied.pairs == 1 and (applied.reviewed.chosen[0], applied.reviewed.rejected[0]) == (2, 1)
    assert applied.leads.converted[6] == 1 and applied.leads.stage[6] == LEADS.stage[6]
    out = apply_reviews(LEADS, TRAIN, (SAID[0], Review("skip_lead", lead_id="L0002")))
    assert out.pairs == 0 and out.exclusions == 1


def test_few_pairs_weigh_less_than_a_tier() -> None:
    one = apply_reviews(LEADS, TRAIN, SAID[:1]).reviewed.tier
    many = [Review("prefer", chosen=f"L{i:04d}", rejected=f"L{j:04d}") for i in range(6) for j in range(10, 30)]
    assert one.weight == pytest.approx(1 / FULL_WEIGHT) and one.margin == 0.5
    assert apply_reviews(LEADS, TRAIN, many, margin=0.2, weight=2).reviewed.tier.weight == 2


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    odd = Review("skip_lead", lead_id="=1+1", reason='she said "no";\nthen yes', by="ana")
    path = tmp_path / "reviews.csv"
    path.write_bytes(safe_csv(to_frame((*SAID, odd)), "utf-8"))
    assert '"\'=1+1"' in path.read_text("utf-8")
    assert read_reviews(path) == (*SAID, odd)
    pd.read_csv(path, dtype=str).drop(columns="by").to_csv(path, index=False)
    assert read_reviews(path)[0].by == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("action,chosen\nprefer,A", "needs the columns action, chosen, rejected"),
        ("action,chosen,rejected,lead_id,stage,converted,reason\nadore,A,B,,,,", "row 2: action must be one of"),
        ("action,chosen,rejected,lead_id,stage,converted,reason\nprefer,A,A,,,,", "two different leads"),
        ("action,chosen,rejected,lead_id,stage,converted,reason\nrelabel,,,A,,,", "needs a stage or an outcome"),
        ("action,chosen,rejected,lead_id,stage,converted,reason\nrelabel,,,A,,maybe,", "converted must be 1, 0 or"),
        ("action,chosen,rejected,lead_id,stage,converted,reason\nskip_lead,,,,,,x", "needs a lead_id"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text + "\n")
    with pytest.raises(LeadRankError, match=said):
        read_reviews(path)


def test_an_unknown_stage_is_told() -> None:
    with pytest.raises(LeadRankError, match="names the stage 'moon'"):
        apply_reviews(LEADS, TRAIN, [Review("relabel", lead_id="L0001", stage="moon")])
