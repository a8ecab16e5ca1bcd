"""What the charts of the model as a whole say, and that nothing of the leads is read as markup."""

from dataclasses import replace

import pytest

from core.charts import style
from core.charts.talk import curve_chart, fields_chart, groups_chart, kinds_chart, months_chart, outcomes_chart
from core.talk.looking import look
from tests.core.talk.talking import Ranker, Reasons, talking_leads

HOSTILE = "<b>x</b>"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    leads = talking_leads()
    return look(Ranker(leads.schema), leads, tmp_path_factory.mktemp("talk"), 120, model="m", reasons=Reasons())


def test_titles_tell_what_was_found(found):
    assert style.spoken(fields_chart(found)).startswith("“a” moves scores most of all fields")
    best = found.curves[found.curves["name"] == "a"]["value"].iat[-1]
    assert style.spoken(curve_chart(found, "a")) == f"a: best at {best}"
    assert "lifts the score by" in style.spoken(kinds_chart(found))
    assert style.spoken(months_chart(found, found.kinds["kind"].tolist()[:3])) == "None of these changed beyond chance"
    assert "beyond chance" in style.spoken(outcomes_chart(found))


def test_each_row_is_drawn_once_and_small_groups_say_so(found):
    drawn = sum(len(trace.y) for trace in kinds_chart(found).data)
    assert drawn == found.kinds["value"].notna().sum()
    few = found.groups.assign(mean=float("nan"), leads=4)
    figure = groups_chart(replace(found, groups=few), int(found.kinds["kind"].iat[0]), "city")
    assert "too few leads to tell" in style.spoken(figure)
    assert [note.text for note in figure.layout.annotations] == ["too few leads (4)"] * 3


def test_names_from_outside_are_no_markup(found):
    hostile = replace(
        found, kinds=found.kinds.assign(talk=HOSTILE), groups=found.groups.assign(value=HOSTILE, mean=1.0)
    )
    kind = int(found.kinds["kind"].iat[0])
    for figure in (
        kinds_chart(hostile),
        groups_chart(hostile, kind, "city"),
        outcomes_chart(hostile),
        months_chart(hostile, [kind]),
    ):
        assert "<b>x" not in figure.to_json().replace("\\u003c", "<")
