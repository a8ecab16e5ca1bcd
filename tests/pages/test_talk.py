"""What matters: the way to it, what was found, what cannot be told, and who may see it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import processes, records
from core.jobs.talks import findings_file
from core.talk.findings import write_findings
from core.talk.looking import look
from core.workspace.people import set_role
from tests.core.talk.talking import Ranker, Reasons, talking_leads, with_dialogues
from tests.seen import button, sound, words

APP = Path(__file__).resolve().parents[2] / "app.py"


def opened(section: str | None = None, email: str | None = None) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120)
    if email:
        at.secrets["auth"] = {"x": "y"}
        at.user = {"is_logged_in": True, "email": email}
    at.run().switch_page("pages/talk.py")
    if section:
        at.session_state["talk_section"] = section
    return at.run()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    leads = talking_leads()
    talked = look(Ranker(leads.schema), leads, tmp_path_factory.mktemp("a"), 120, model="m", reasons=Reasons())
    silent = with_dialogues(leads, [""] * len(leads))
    mute = look(Ranker(leads.schema), silent, tmp_path_factory.mktemp("b"), 60, model="m", reasons=Reasons())
    return talked, mute


def keep(kept, found) -> None:
    ws, dataset, _, run, _ = kept
    write_findings(found, findings_file(ws, run.id, dataset.id))


def test_where_nobody_has_looked_yet_one_button_has_it_done(kept, monkeypatch):
    ws, dataset, _, run, _ = kept
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    at = sound(opened())
    assert "Nobody has looked at many leads yet" in words(at)
    sound(button(at, "Look at 60 leads").click().run())
    (job,) = records.jobs(ws, kind="talk")
    assert job.request == {"run_id": run.id, "dataset_id": dataset.id, "sample": 200}
    assert "Cancel" in [b.label for b in at.button] and "Look at 60 leads" not in [b.label for b in at.button]


def test_what_was_found_is_told_in_sentences_and_charts(kept, results):
    keep(kept, results[0])
    at = sound(opened())
    assert "lifts the score by" in words(at) and "the higher, the better" in words(at)
    assert "From the reasons of 120 leads, chosen from 240" in words(at)
    assert at.selectbox(key="talk_field").value == "a"
    at = sound(opened("What is said"))
    assert "How it sounds" in words(at) and "test drive" in " ".join(text.value for text in at.text)
    other = at.selectbox(key="talk_kind").options
    sound(at.selectbox(key="talk_kind").select_index(1).run())
    assert len(other) == len(results[0].kinds)
    assert "won and" in words(sound(opened("Won and lost")))
    assert "No kind of talk changed beyond chance" in words(sound(opened("Month by month")))


def test_what_cannot_be_told_is_said_in_words(kept, results):
    keep(kept, results[1])
    for section in ("What is said", "Won and lost", "Month by month"):
        assert "no lead has a conversation" in words(sound(opened(section)))
    assert "moves scores by" in words(sound(opened("Fields")))


def test_viewers_are_told_that_it_is_not_for_them(kept, results):
    keep(kept, results[0])
    set_role(kept[0], "boss@example.com", "admin", "x")
    set_role(kept[0], "vi@example.com", "viewer", "x")
    at = opened(email="vi@example.com")
    assert not at.exception and "lifts the score" not in words(at) and not at.selectbox
