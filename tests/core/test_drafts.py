"""Drafts in a workspace: taken in or refused without a trace, kept with each change, looked at before saving."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from core.data.drafting import Draft, draft_of, schema_of
from core.data.reading import read_table
from core.data.sketches import leaks_of, sketch
from core.data.validation import examine
from core.drafts import drop_draft, forget_draft, keep_draft, look, read_draft, take_in
from core.errors import LeadRankError, ReadError
from core.tiers import check_tiers
from core.workspace.store import open_workspace
from core.workspace.uploads import upload_path, uploads

SAMPLE = Path("sample_data/leads.csv")
LIMIT = 10 << 20


@pytest.fixture
def ws(tmp_path):
    return open_workspace(tmp_path / "kept")


def files(ws) -> list[str]:
    return [path.name for path in (ws.folder / "uploads").iterdir()]


def test_a_file_that_cannot_be_read_leaves_nothing_and_is_named_as_it_came(ws):
    with pytest.raises(ReadError, match=r"'April\.csv': it is a binary file"):
        take_in(ws, "April.csv", io.BytesIO(bytes(range(256)) * 40), by="x", limit_bytes=LIMIT)
    with pytest.raises(LeadRankError, match="at most"):
        take_in(ws, "big.csv", io.BytesIO(b"id,y\n" + b"1,2\n" * 1000), by="x", limit_bytes=100)
    assert uploads(ws) == [] and files(ws) == []


def test_a_draft_outlives_the_page_and_goes_with_its_upload(ws):
    upload = take_in(ws, "leads.csv", io.BytesIO(SAMPLE.read_bytes()), by="x", limit_bytes=LIMIT)
    first = sketch(upload_path(ws, upload.id))
    assert read_draft(ws, upload.id, first.names) is None
    draft = replace(draft_of(first.guess, first.names), known_before=("team_size",))
    keep_draft(ws, upload.id, draft)
    assert read_draft(ws, upload.id, first.names) == draft
    forget_draft(ws, upload.id)
    assert read_draft(ws, upload.id, first.names) is None
    keep_draft(ws, upload.id, draft)
    drop_draft(ws, upload.id, "x")
    assert files(ws) == []


@pytest.mark.parametrize("upload_id", ["../../etc/passwd", "", "a" * 31])
def test_an_id_from_an_address_leads_nowhere_else(ws, upload_id):
    with pytest.raises(LeadRankError, match="no such uploaded file"):
        keep_draft(ws, upload_id, Draft({}))


def test_pairs_are_counted_as_training_would_count_them():
    first = sketch(SAMPLE)
    schema = schema_of(draft_of(first.guess, first.names), leaks_of(first.frame, "converted", "call_seconds"))
    seen = look(first, schema)
    leads, _ = examine(read_table(SAMPLE), schema)
    assert leads is not None
    assert seen.tiers == check_tiers(leads)
    assert (seen.leads, seen.converted) == (4000, int((leads.converted == 1).sum()))


def test_errors_are_told_before_anything_is_saved():
    content = b"id,a,y\n" + b"".join(b"%d,%d,%d\n" % (n // 2, n, n % 2) for n in range(60))
    first = sketch(content)
    draft = replace(draft_of(first.guess, first.names), parts={"id": "lead_id", "a": "numeric", "y": "converted"})
    seen = look(first, schema_of(draft, {}))
    assert seen.tiers == ()
    assert [problem.column for problem in seen.errors] == ["id"]
