"""Where explanations are kept."""

import pytest

from core.errors import LeadRankError
from core.workspace.explanations import explanation_path
from core.workspace.ids import new_id


def test_a_path_by_model_and_content(ws):
    run, key = new_id(), "a1" * 32
    path = explanation_path(ws, run, key)
    assert path == ws.folder / "explanations" / run / f"{key}.json" and path.parent.is_dir() and not path.exists()
    assert explanation_path(ws, run, key) == path


@pytest.mark.parametrize(("run", "key"), [("../x", "a1" * 32), ("0" * 32, "../../x"), ("0" * 32, "A1" * 32)])
def test_nothing_else_becomes_a_path(ws, run, key):
    with pytest.raises(LeadRankError):
        explanation_path(ws, run, key)
