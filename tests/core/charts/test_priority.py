"""Charts of priorities: the parts of many leads, the answers of one."""

import numpy as np
import pandas as pd
import pytest

from core.charts import style
from core.charts.priority import parts_chart, profile_chart
from core.decisions.economics.profile import Question, priority, profile

NAMES = {"p": "chance", "d": "<i>days</i>"}
LEADS = pd.DataFrame(
    {"p": [0.1, 0.9, 0.5], "p_low": [0.1, 0.5, 0.5], "p_high": [0.9, 0.9, 0.9], "d": [1.0, 9.0, np.nan]}
)
ANSWERS = profile(LEADS, (Question("p", "p"), Question("d", "d", more_is_better=False)))


def test_profile_shows_each_answer_with_its_range_and_says_what_is_not_known() -> None:
    figure = profile_chart(ANSWERS.iloc[1], NAMES, "<b>L2</b>")
    assert style.spoken(figure) == "Lead <b>L2</b> is strongest in chance: 83 of 100"
    bars = figure.data[0]
    assert list(bars.x) == pytest.approx([100 * 5 / 6, 25])
    assert list(bars.error_x.arrayminus) == pytest.approx([100 * (5 / 6 - 0.5), 0]), "0.5 ranks in the middle"
    assert figure.layout.yaxis.ticktext == ("chance", "&lt;i&gt;days&lt;/i&gt;")
    half = profile_chart(ANSWERS.iloc[2], NAMES, "L3")
    assert len(half.data[0].x) == 1 and half.layout.annotations[0].text == "not known"
    assert style.spoken(profile_chart(ANSWERS.iloc[2] * np.nan, NAMES, "L3")) == "Nothing of lead L3 is known"


def test_parts_add_up_to_the_priority() -> None:
    frame = priority(ANSWERS, {"p": 3, "d": 1}).frame.assign(lead_id=["a", "<b>b</b>", "c"])
    frame = frame.sort_values("priority", ascending=False, ignore_index=True)
    figure = parts_chart(frame, NAMES)
    assert style.spoken(figure).startswith("<b>b</b> comes first: a priority of 69 of 100")
    drawn = np.sum([trace.x for trace in figure.data], axis=0)
    assert drawn == pytest.approx(100 * frame["priority"].to_numpy()) and figure.layout.barmode == "stack"
    assert {trace.name for trace in figure.data} == {"chance", "&lt;i&gt;days&lt;/i&gt;"}
    shapes = {trace.marker.pattern.shape for trace in figure.data}
    assert len(shapes) == 2, "told apart without colour too"
    assert "<b>" not in "".join(text for trace in figure.data for text in trace.hovertext)
