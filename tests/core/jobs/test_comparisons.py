"""Comparisons as jobs: kept by what both leads say and by which is which."""

import numpy as np
import pytest

from core.data.leads import Leads
from core.errors import LeadRankError
from core.jobs import records
from core.jobs.comparisons import comparison_key, read_comparison
from core.workspace.datasets import leads_of
from core.workspace.explanations import explanation_path
from tests.core.jobs.conftest import Trained
from tests.made import make_leads


def test_a_comparison_is_kept_by_both_contents_and_their_order() -> None:
    made = make_leads(3)
    one, other = (made.take(np.array([row])) for row in (0, 1))
    changed = Leads(one.roles.assign(dialogue="Customer: Yes"), one.features, one.schema)
    pairs = ((one, other), (other, one), (changed, other), (make_leads(3).take(np.array([0])), other))
    keys = [comparison_key(*pair) for pair in pairs]
    assert keys[0] == keys[-1] and len(set(keys)) == 3


@pytest.mark.slow
def test_a_comparison_is_found_once_and_read_back(trained: Trained) -> None:
    ws, data = trained.ws, trained.data
    leads = leads_of(ws, data.id)
    a, b = (leads.take(np.array([row])) for row in (-1, -2))
    ids = {"lead_a": str(a.lead_id.iat[0]), "lead_b": str(b.lead_id.iat[0])}
    request = {"run_id": trained.run_id, "dataset_id": data.id, **ids}
    assert read_comparison(ws, trained.run_id, a, b) is None
    job = records.run_here(ws, "compare", request, by="ann", label="Compare")
    assert job.state == "done" and job.result is not None, job.message
    found = read_comparison(ws, trained.run_id, a, b)
    assert found is not None and [found.a.lead_id, found.b.lead_id] == list(ids.values())
    assert found.converged and found.tiers and not found.tiers_sum  # it was fine-tuned
    assert read_comparison(ws, trained.run_id, b, a) == found.turned()
    path = explanation_path(ws, trained.run_id, job.result["key"])
    before = path.stat().st_mtime_ns
    again = records.run_here(ws, "compare", request, by="bob", label="Compare")
    assert again.state == "done" and path.stat().st_mtime_ns == before
    back = records.run_here(
        ws, "compare", {**request, "lead_a": ids["lead_b"], "lead_b": ids["lead_a"]}, by="bob", label="Compare"
    )
    assert back.result is not None and not explanation_path(ws, trained.run_id, back.result["key"]).exists()
    twice = records.run_here(ws, "compare", {**request, "lead_b": ids["lead_a"]}, by="bob", label="Compare")
    assert twice.state == "failed" and "given twice" in twice.message
    path.write_text("{", "utf-8")
    with pytest.raises(LeadRankError, match="damaged"):
        read_comparison(ws, trained.run_id, a, b)
    path.unlink()
