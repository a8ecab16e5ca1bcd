"""Why A above B, proved: each part left out of the lead that has it, or of both, and what then becomes of the order."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.comparing import as_text, from_dict, notes, sentences, shown, to_dict
from core.data.changing import Unit
from core.data.leads import Leads
from core.pair_proofs import pair_proof_of, prove_pair, proved
from core.pair_reasons import Compared, PairReasons
from core.scores import Contribution
from tests.core.test_pair_reasons import attribution
from tests.made import make_leads

SAID = {"a": "Customer: I sign\nCustomer: hm", "b": "Customer: too dear"}


class Read:
    """Scores 2 for a signature, -1 for a price that is too high, half of `a`; what is in between is worth nothing."""

    def __init__(self, name: str) -> None:
        one = make_leads(3).take(np.array([1]))
        roles = one.roles.assign(dialogue=SAID[name])
        self.lead = Leads(roles, one.features.assign(a=2.0 if name == "a" else 4.0, city="x"), one.schema)

    def score(self, changed: Leads) -> pd.DataFrame:
        said, a = changed.dialogue, changed.features["a"].fillna(0)
        return pd.DataFrame({"pairwise_score": 2.0 * said.str.contains("sign") - said.str.contains("dear") + 0.5 * a})

    def blanked(self, units: Sequence[Unit], text: str) -> pd.DataFrame:
        raise AssertionError("a comparison is proved by leaving out alone")

    def readings(self, changed: Leads) -> np.ndarray:
        return np.ones(len(changed))

    def unmet(self, changed: Leads) -> list[tuple[str, ...]]:
        return [()] * len(changed)


def compared() -> PairReasons:
    """A at 3, B at 1; the words of A's second turn are told to be worth a point, which they are not."""
    a = attribution("A", 3.0, 0.5, {"a": ("2", 1.0), "city": ("x", 0.0)}, ("I sign", 1.5), ("hm", 1.0))
    b = attribution("B", 1.0, 0.5, {"a": ("4", 2.0), "city": ("x", 0.0)}, ("too dear", -0.9))
    return PairReasons(a, b, 2.0, "pairwise")


def part(found: PairReasons, lead: str, name: str) -> Compared:
    return next(c for c in found.contributions if (c.lead, c.name) == (lead, name))


def test_each_part_is_left_out_of_the_lead_that_has_it() -> None:
    found = prove_pair(Read("a"), Read("b"), compared())
    without = {(p.lead, p.name): p.difference for p in found.proofs}
    assert without == {("a", "turn 1"): 0.0, ("a", "turn 2"): 2.0, ("b", "turn 1"): 1.0, ("both", "a"): 3.0}
    assert proved(found, part(found, "a", "turn 1")) and proved(found, part(found, "b", "turn 1"))
    assert proved(found, part(found, "both", "a"))  # speaks for B: without it A is further ahead
    assert proved(found, part(found, "a", "turn 2")) is False
    assert (
        proved(found, part(found, "both", "city")) is None
        and pair_proof_of(found, Compared("shape", "both", "", "", 1)) is None
    )


def test_what_does_not_hold_is_told_and_not_shown() -> None:
    found = prove_pair(Read("a"), Read("b"), compared())
    assert "hm" not in [c.text for c in shown(found, 9)] and "hm" not in sentences(found)[0]
    assert "I sign" in sentences(found)[0] and "too dear" in sentences(found)[0]
    assert "1 other looks like a reason and is not shown" in notes(found)[0]
    told = {(c["lead"], c["name"]): (c["proved"], c["difference_without"]) for c in to_dict(found)["contributions"]}
    assert told["a", "turn 2"] == (False, 2.0) and told["a", "turn 1"] == (True, 0.0)
    assert told["both", "city"] == (None, None)
    assert from_dict(to_dict(found)) == found and from_dict({**to_dict(compared()), "proofs": []}) == compared()


def test_the_report_tells_what_was_checked_and_why_the_figures_may_differ() -> None:
    told = as_text(prove_pair(Read("a"), Read("b"), replace(compared(), b=replace(compared().b, baseline_logit=0.2))))
    assert "; without it they are 1.00 apart, not 2.00" in told
    shape = next(line for line in told.splitlines() if line.endswith("what is not told; not checked"))
    assert shape.startswith("  +0.30")
    assert "so the two may differ" in told and "not checked;" not in told
    assert "may differ" not in as_text(compared()) and "; not checked" not in as_text(compared())


def test_turned_round_it_proves_the_same() -> None:
    found = prove_pair(Read("a"), Read("b"), compared())
    turned = found.turned()
    assert {(p.lead, p.difference) for p in turned.proofs} == {("b", 0.0), ("b", -2.0), ("a", -1.0), ("both", -3.0)}
    assert turned.turned() == found and sentences(turned) == sentences(found)
    assert {proved(turned, c) for c in turned.contributions} == {True, False, None}


def test_where_nothing_holds_it_says_so() -> None:
    idle = replace(compared(), a=attribution("A", 3.0, 1.0, {}, ("hm", 2.0)), b=attribution("B", 1.0, 1.0, {}))
    read = Read("a")
    read.lead = replace(read.lead, roles=read.lead.roles.assign(dialogue="Customer: hm"))
    read.lead = replace(read.lead, features=read.lead.features.assign(a=6.0))
    found = prove_pair(read, Read("b"), idle)
    assert sentences(found)[0] == "Lead A stands above lead B, but no field or turn could be proved to be why."
    assert isinstance(idle.a.turns[0], Contribution) and shown(found, 5) == []
