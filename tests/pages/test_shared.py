import datetime
import doctest
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import LeadRankError
from core.jobs import ledger
from core.workspace.audit import audit_trail
from core.workspace.datasets import add_dataset
from core.workspace.people import remove_person, set_role
from core.workspace.store import open_workspace
from core.workspace.tables import Job, Run
from pages import _cards, _jobs, _phases, _shared, _text
from tests.kept import keep_leads, keep_run


def run(script, **kwargs) -> AppTest:
    return AppTest.from_function(script, default_timeout=60, kwargs=kwargs).run()


@pytest.mark.parametrize("module", [_text, _cards, _phases])
def test_examples_in_the_words_of_pages(module):
    failed, tried = doctest.testmod(module)
    assert tried and not failed


def guarded(kind):
    import streamlit as st

    from core.errors import LeadRankError
    from pages import _shared as shared

    with shared.guard():
        if kind == "ours":
            raise LeadRankError("cannot read '/srv/secret/place/may.csv': column **x** :red[y]; give another")
        if kind == "bug":
            raise KeyError("/srv/secret/place")
        if kind == "stop":
            st.stop()
        if kind == "again" and "again" not in st.session_state:
            st.session_state["again"] = True
            st.rerun()
        st.text("inside")
    st.text("after")


def test_an_error_of_the_input_is_said_as_it_was_written_without_folders(folder):
    at = run(guarded, kind="ours")
    assert [e.value for e in at.error] == [
        _text.literal("cannot read 'may.csv': column **x** :red[y]; give another"),
    ]
    assert [t.value for t in at.text] == ["after"]


def test_a_bug_shows_a_reference_and_nothing_else_and_the_log_has_all(folder, caplog):
    at = run(guarded, kind="bug")
    (said,) = [e.value for e in at.error]
    assert "secret" not in said and "KeyError" not in said and not at.exception
    (logged,) = [r for r in caplog.records if r.name == "leadrank.app"]
    assert logged.args[0] in said and logged.exc_info[0] is KeyError


def test_stop_and_rerun_are_no_errors(folder):
    assert [t.value for t in run(guarded, kind="stop").text] == []
    again = run(guarded, kind="again")
    assert [t.value for t in again.text] == ["inside", "after"] and not again.error


@pytest.mark.parametrize("mark", "\\`*_{}[]()#+-.!<>|~$:&\"'@=^%/;?,")
def test_every_mark_is_escaped(mark):
    assert f"\\{mark}" in _text.literal(f"a{mark}b")


def test_literal_text_is_what_was_written_once_read():
    text = "Ana :smile: -> www.example.com $x$ <b>"
    read = _text.literal(text).replace("\u2060", "").replace("\\", "")
    assert read == text
    assert _text.literal("a\nb\t c") == "a  \nb c"


def picking(key):
    import streamlit as st

    from pages import _shared as shared

    found = shared.pick_dataset(key)
    st.text(found.id if found else "none")


def test_a_dataset_is_chosen_by_the_address_then_by_the_last_choice(folder):
    at = run(picking, key="dataset")
    assert at.text[0].value == "none" and not at.selectbox
    ws, old, leads = keep_leads(folder)
    new = add_dataset(ws, name="**June**", source_name="x", leads=leads, report=old_report(len(leads)), by="x")
    at = run(picking, key="other")
    assert at.text[0].value == new.id  # none is ranked: the newest
    at.selectbox[0].select_index(1).run()
    assert at.text[0].value == old.id and at.query_params["dataset"] == old.id
    del at.query_params["dataset"]
    assert at.run().text[0].value == old.id
    at.query_params["dataset"] = new.id
    assert at.run().text[0].value == new.id
    at.query_params["dataset"] = "../../etc"
    assert at.run().text[0].value == new.id and at.warning


def old_report(leads):
    from core.data.problems import Report

    return Report(leads, (), ())


def picking_run():
    import streamlit as st

    from pages import _shared as shared

    found = shared.pick_run()
    st.text(found.id if found else "none")


def test_the_model_in_use_is_chosen_until_another_is(folder):
    ws = open_workspace(folder)
    first = keep_run(ws, "One")
    second = keep_run(ws, "Two")
    at = run(picking_run)
    assert at.text[0].value == second.id
    assert set(at.selectbox[0].options) == {"One", "Two (in use)"}
    at.query_params["model"] = first.id
    assert at.run().text[0].value == first.id


def test_a_file_that_is_taken_is_noted_by_the_server(folder, monkeypatch):
    ws = open_workspace(folder)
    make = _shared.noted(lambda: b"made", "ana@example.com", "queue of May, 3 leads", "manager")
    assert [e.what for e in audit_trail(ws)] == []
    assert make() == b"made"
    (event,) = audit_trail(ws)
    assert (event.who, event.what, event.subject) == ("ana@example.com", "download", "queue of May, 3 leads")


def test_a_file_asked_for_after_the_role_is_gone_is_refused_and_that_is_noted(folder, monkeypatch):
    ws = open_workspace(folder)
    monkeypatch.setattr("pages._deferred.sign_in_on", lambda: True)
    set_role(ws, "ana@example.com", "manager", by="x")
    make = _shared.noted(lambda: b"made", "ana@example.com", "queue of May", "manager")
    assert make() == b"made"
    for take in (
        lambda: set_role(ws, "ana@example.com", "viewer", by="x"),
        lambda: remove_person(ws, "ana@example.com", by="x"),
    ):
        take()
        with pytest.raises(LeadRankError, match="for sales managers"):
            make()
        refused = audit_trail(ws, what="refused")[0]
        assert (refused.who, refused.subject) == ("ana@example.com", "manager")
        assert refused.details == {"download": "queue of May"}
    assert len(audit_trail(ws, what="refused")) == 2 and len(audit_trail(ws, what="download")) == 1


def watching(job_id):
    import streamlit as st

    from pages import _shared as shared

    job = shared.watch_job(job_id, "The leads are scored.", role="manager")
    st.text(job.state)


@pytest.fixture
def job(folder):
    """A job that is running in this process, as its row tells it."""
    ws = open_workspace(folder)
    made = ledger.insert(ws, "score", {"dataset_id": "x"}, "ana", "Score **May**")
    ledger.claim(ws, made.id)
    return ws, made.id


def test_a_running_job_tells_how_far_it_is_and_can_be_cancelled(job):
    ws, id = job
    ledger.beat(ws, id, 1, {"phase": "read leads", "done": 40, "total": 200, "seconds_left": 180.0})
    at = run(watching, job_id=id)
    (bar,) = at.progress
    assert bar.value == 20
    assert bar.text == _text.literal("Reading the leads with the language model: 40 of 200 leads, about 3 minutes left")
    assert [b.label for b in at.button] == ["Cancel"]
    at.button[0].click().run()
    assert ledger_row(ws, id).cancel_requested
    assert not at.button and [c.value for c in at.caption] == ["Stopping at the next safe point."]


def ledger_row(ws, id) -> Job:
    with ws.session(reading=True) as session:
        return session.get(Job, id)


def test_a_job_that_ends_says_so_and_how_to_go_on(job):
    ws, id = job
    ledger.end(ws, id, "interrupted", "The computer was **switched off**.")
    at = run(watching, job_id=id)
    assert [w.value for w in at.warning] == [_text.literal("The computer was **switched off**.")]
    assert [b.label for b in at.button] == ["Resume"]


def test_what_a_job_says_names_no_folder_of_the_server(job):
    ws, id = job
    ledger.end(ws, id, "failed", "cannot read '/srv/my data/models/q/config.json' or file:/srv/x/y")
    said = _text.literal("cannot read 'config.json' or y")
    assert [w.value for w in run(watching, job_id=id).warning] == [said]


def test_a_job_that_is_done_says_so(job):
    ws, id = job
    ledger.end(ws, id, "done", "", result={})
    at = run(watching, job_id=id)
    assert [s.value for s in at.success] == ["The leads are scored."] and not at.button


def test_whoever_may_not_gets_no_buttons_and_the_act_itself_refuses(job):
    _, id = job
    at = AppTest.from_function(watching, default_timeout=60, kwargs={"job_id": id})
    at.secrets["auth"] = {"x": "y"}
    at.secrets["roles"] = {"default": "viewer"}
    at.user = {"is_logged_in": True, "email": "ana@example.com"}
    assert not at.run().button and at.progress


def needing(role):
    import streamlit as st

    from pages import _shared as shared

    st.text(shared.need(role).email)


def test_need_stops_whoever_is_below_and_notes_it(folder):
    assert [t.value for t in run(needing, role="admin").text] == ["local"]
    at = AppTest.from_function(needing, default_timeout=60, kwargs={"role": "manager"})
    at.secrets["auth"] = {"x": "y"}
    at.secrets["roles"] = {"ana@example.com": "viewer"}
    at.user = {"is_logged_in": True, "email": "ana@example.com"}
    at.run()
    assert not at.text and "You are signed in as viewer" in at.error[0].value
    (event,) = [e for e in audit_trail(open_workspace(folder)) if e.what == "refused"]
    assert event.who == "ana@example.com"


def drawn(figure):
    import pandas as pd
    import plotly.graph_objects as go

    from pages import _shared as shared

    shared.chart(go.Figure(), pd.DataFrame({"stage": ["=cmd|x"], "leads": [1]}), "stages", "Leads by stage")


def test_a_chart_has_its_figures_beside_it(folder):
    at = run(drawn, figure=None)
    assert len(at.get("plotly_chart")) == 1 and at.get("plotly_chart")[0].proto.alt == "Leads by stage"
    assert [b.proto.label for b in at.get("download_button")] == ["Download data"]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("2026-11-20T12:00:00+02:00", datetime.datetime(2026, 11, 20, 10)),
        ("2026-11-20T12:00:00", datetime.datetime(2026, 11, 20, 12)),
        ("nonsense", datetime.datetime(2026, 1, 1)),
        (None, datetime.datetime(2026, 1, 1)),
    ],
)
def test_when_a_model_was_trained_is_told_by_its_card(made, expected):
    assert _shared.trained(Run(made=datetime.datetime(2026, 1, 1), card={"made": made})) == expected


def test_phases_that_nobody_named_are_shown_by_their_own_name():
    job = Job(state="running", phase="a new phase", done=0, total=0, label="x")
    assert _jobs.progress_words(job) == "A new phase"
    job.done, job.total = 8, 400
    assert _jobs.progress_words(job) == "A new phase: 2%"
    assert _jobs.progress_words(Job(state="queued", label="Score", phase="")) == "Score: waiting to start"


def test_how_far_a_job_is_has_a_unit():
    job = Job(state="running", phase="score leads", done=8, total=100, seconds_left=150.0, label="x")
    assert _jobs.progress_words(job) == "Scoring: 8 of 100 leads, about 3 minutes left"
    assert set().union(*_phases.UNITS.values()) <= set(_phases.PHASES)


def test_every_phase_that_core_counts_in_has_plain_words():
    core = Path(_phases.__file__).parent.parent / "core"
    named = {name for file in core.rglob("*.py") for name in re.findall(r'Phase\("([^"]+)"', file.read_text("utf-8"))}
    assert len(named) > 15 and named - {"simulate leads"} <= set(_phases.PHASES), "but for the command line's own"
