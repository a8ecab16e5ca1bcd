"""The benchmark of segments runs as its README says, and reads Hillstrom's test as it should."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.segments import HILLSTROM, LAPSED, read_hillstrom, write
from core.data.schema import load_schema
from core.data.segment_rules import load_rules
from core.data.validation import load_leads
from core.decisions.segments.arms import fit_effects
from core.decisions.segments.world import RULES
from core.neural.segments.material import Material
from tests.smoke import run

DATA = Path("../shared/data") / HILLSTROM


def test_every_world_and_method_is_told() -> None:
    rows = run("segments")["recovery"]
    assert {(row["world"], row["method"]) for row in rows} == {
        (world, method) for world in ("random", "selective", "blind") for method in ("hill", "bce")
    }
    assert all(0 <= row["recall"] <= 1 and row["recall_at_precision"] > 0 for row in rows)
    before = {row["world"]: row["missing_before"] for row in rows}
    assert before["random"] == 0 and before["selective"] > 0.15


@pytest.mark.skipif(not DATA.exists(), reason="Hillstrom's data is not at hand")
def test_uplift_models_may_know_how_long_ago_somebody_bought() -> None:
    material = Material.of(read_hillstrom(DATA).take(np.arange(8000)), LAPSED)
    effects, kept = fit_effects(material)
    assert "recency" in kept.encoder.fields and "segment" not in kept.encoder.fields
    assert "recency" not in material.encoder.fields
    recency = material.leads.features["recency"].to_numpy()
    came = kept.columns(material.leads)["anyway"]
    assert came[recency <= 3].mean() > came[recency >= 9].mean() and len(effects) == 3


def test_customers_are_written_as_the_command_line_reads_them(tmp_path: Path) -> None:
    write(tmp_path, 200)
    leads, _ = load_leads(tmp_path / "leads.parquet", load_schema(tmp_path / "schema.toml"))
    assert len(leads) == 200 and load_rules(tmp_path / "rules.toml") == RULES
