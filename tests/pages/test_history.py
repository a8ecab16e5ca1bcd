import numpy as np
import pandas as pd

from core.workspace.scorings import scoring_path
from tests.kept import keep_scoring
from tests.why_page import button, sound, why_page, words


def test_history_of_scores_and_actions(kept):
    ws, dataset, leads, run, _ = kept
    keep_scoring(ws, dataset, leads, run, tilt=2.0)
    at = sound(why_page(lead="L0005"))
    button(at, "Called").click().run()
    at.session_state["why_section"] = "History"
    sound(at.run())
    assert at.get("plotly_chart") and at.dataframe[0].value["What"].tolist() == ["Called"]


def test_a_history_without_chances_is_not_drawn(kept):
    ws, dataset, leads, run, _ = kept
    for scoring in (kept[4], keep_scoring(ws, dataset, leads, run)):
        table = pd.read_parquet(scoring_path(ws, scoring.id))
        table.assign(probability=np.nan).to_parquet(scoring_path(ws, scoring.id))
    at = sound(why_page("History", lead="L0005"))
    assert not at.get("plotly_chart") and "Fewer than two of its scorings gave a chance" in words(at)
