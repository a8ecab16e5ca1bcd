"""Reasons on the Why page: first ones, their proofs, every word, and what is kept of them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core import trust
from core.attribution import to_dict
from core.data.dialogue import parse_turns
from core.data.masking import masked_leads
from core.errors import NotComputable
from core.faithfulness import Deleted
from core.jobs import processes, records
from core.jobs.rankings import explanation_key, read_explanation
from core.proofs import prove
from core.scores import Attribution, Contribution, Scores
from core.workspace.audit import audit_trail
from core.workspace.explanations import explanation_path
from core.workspace.people import set_role
from core.workspace.runs import run_folder
from core.workspace.tables import Run
from pages._reasons import reasons_with_proofs
from tests.core.test_faithfulness import TOLD
from tests.core.test_faithfulness import found as told_by
from tests.kept import fake_scores
from tests.why_page import ROOT, SECRETS, Fake, button, sound, why_page, words

SAID = SECRETS


def explanation(lead, **more) -> Attribution:
    """What the job would keep: of masked words, the customer's turn for the lead and `a` against it."""
    read = masked_leads(lead)
    turns = parse_turns(str(read.dialogue.iat[0]))
    whole = tuple(Contribution("turn", f"turn {i + 1}", t.words, 0.4 * i, i, t.speaker) for i, t in enumerate(turns))
    told = tuple(
        Contribution("word", w, f"turn {i + 1}", 0.4 * i / len(t.words.split()), i, t.speaker)
        for i, t in enumerate(turns)
        for w in t.words.split()
    )
    fields = (Contribution("field", "a", "0.126", -0.6), Contribution("field", "city", "x", 0.0))
    found = {"relative_error": 0.01, "converged": True, **more}
    return Attribution("another id", "pairwise", 1.0, 1.2, steps=32, fields=fields, turns=whole, words=told, **found)


def keep_explanation(kept, **more) -> None:
    ws, _, leads, run, _ = kept
    lead = leads.take(np.array([0]))
    path = explanation_path(ws, run.id, explanation_key(lead, "pairwise"))
    path.write_text(json.dumps(to_dict(explanation(lead, **more))), "utf-8")


def test_hostile_words_and_names_stay_text(kept):
    keep_explanation(kept)
    at = sound(why_page(lead="L0000"))
    html = " ".join(e.value for e in at.html)
    assert "<script" not in html and "&lt;script&gt;" in html and "**bold**" in html
    assert not any(e.allow_html for e in at.markdown)


def test_names_and_numbers_are_hidden_until_somebody_who_may_asks_which_is_recorded(kept):
    ws, _, _, _, _ = kept
    keep_explanation(kept)
    at = sound(why_page(lead="L0000"))
    assert "[name]" in words(at) and "Oskar" not in words(at) and "2345678" not in words(at)
    at.toggle[0].set_value(True).run()
    assert "Oskar" in words(sound(at)) and "2345678" in words(at)
    (event,) = audit_trail(ws, what="names shown")
    assert event.subject == "L0000"
    at.run()
    assert len(audit_trail(ws, what="names shown")) == 1


def test_the_full_explanation_is_read_from_where_it_is_kept(kept):
    keep_explanation(kept)
    at = sound(why_page(lead="L0000"))
    told = words(at)
    assert "Speaks for this lead" in told and "Speaks against it" in told and "−0.60" in told and "+0.40" in told
    assert not any(b.label == "Work out every word" for b in at.button)


def test_a_rough_explanation_is_marked(kept):
    keep_explanation(kept, converged=False, relative_error=0.3)
    assert "These figures are rough" in words(sound(why_page(lead="L0000")))


def test_an_explanation_is_made_by_a_job_once_it_is_asked_for(kept, monkeypatch):
    ws, dataset, _, run, _ = kept
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)  # no process: the row is what the page sees
    monkeypatch.setattr(records, "sweep", lambda ws: [])
    at = sound(why_page(lead="L0000"))
    assert "in the background" in words(at) and not records.jobs(ws, kind="explain")
    button(at, "Work out every word").click().run()
    (job,) = records.jobs(ws, kind="explain")
    assert job.request == {"run_id": run.id, "dataset_id": dataset.id, "lead_id": "L0000", "head": "pairwise"}
    assert sound(at).progress and "[name]" in words(at)


def plain(at: AppTest) -> str:
    """Its words without what keeps them from being read as Markdown."""
    return words(at).replace("\u2060", "").replace("\\", "")


@pytest.fixture
def opened(kept, monkeypatch):
    """How often the model was opened and asked for first reasons: those of `explanation`, as a quick look."""
    _, _, leads, _, _ = kept
    seen = {"opened": 0, "asked": 0}

    def load(run: Path) -> Fake:
        seen["opened"] += 1
        return Fake(leads.schema)

    def first_reasons(scorer, lead, lead_id, *, head):
        seen["asked"] += 1
        turns = (Contribution("turn", "turn 1", "Hi", 0.3, 0, "Specialist", second=0.2),)
        fields = (Contribution("field", "a", "0.126", float(lead.features["a"].iat[0]), second=-0.1),)
        return Attribution(lead_id, head, 1.0, 1.2, 0.4, False, 1, fields, turns, ())

    monkeypatch.setattr("core.scoring.load_scorer", load)
    monkeypatch.setattr("core.scoring.first_reasons", first_reasons)
    return seen


def test_first_reasons_come_at_once_with_their_proofs_and_are_kept(kept, opened):
    ws, _, leads, run, _ = kept
    order = fake_scores(leads).frame["lead_id"].tolist()
    lead = leads.take(np.array([leads.row_of(order[0])]))
    at = sound(why_page(lead=order[0]))
    told = words(at)
    assert "the lead would fall from rank 1 to" in told and "Unsure" in told and not at.warning
    # The turn moves nothing at this model.
    assert "1 other looks like a reason and is not shown" in told and "(+0.30)" not in plain(at)
    assert opened == {"opened": 1, "asked": 1} and button(at, "Work out every word")
    found = read_explanation(ws, run.id, lead, "pairwise", first=True)
    assert found is not None and len(found.proofs) == 2 and found.unchanged is not None
    assert read_explanation(ws, run.id, lead, "pairwise") is None
    assert "rank 1 to" in words(sound(why_page(lead=order[0]))) and opened["asked"] == 1


def test_first_reasons_are_drawn_before_they_are_checked(kept, opened, monkeypatch):
    _, _, leads, _, _ = kept
    lead_id = fake_scores(leads).frame["lead_id"].iat[0]
    drawn = []

    def draw(told, queue, row, *, checking, **more):
        drawn.append((told.unchanged is not None, checking))
        reasons_with_proofs(told, queue, row, checking=checking, **more)

    def prove_seeing(rescorer, found):
        assert drawn == [(False, True)]
        return prove(rescorer, found)

    monkeypatch.setattr("pages._explained.reasons_with_proofs", draw)
    monkeypatch.setattr("pages._explained.prove", prove_seeing)
    at = sound(why_page(lead=lead_id))
    assert drawn == [(False, True), (True, False)] and "Being checked" not in words(at)
    assert [e.value for e in at.subheader].count("Speaks for this lead") == 1
    assert "(+0.30)" not in plain(at) and "checked: no reason" in words(at)


def test_first_reasons_that_cannot_be_checked_stay_and_say_so(kept, opened, monkeypatch):
    ws, _, leads, run, _ = kept
    order = fake_scores(leads).frame["lead_id"].tolist()

    def fail(self, leads, watch=None):
        raise NotComputable("no room")

    monkeypatch.setattr(Fake, "score", fail)
    at = sound(why_page(lead=order[0]))
    assert "no room" in at.warning[0].value and "Not checked" in words(at) and "(+0.30)" in plain(at)
    lead = leads.take(np.array([leads.row_of(order[0])]))
    found = read_explanation(ws, run.id, lead, "pairwise", first=True)
    assert found is not None and found.unchanged is None  # kept, to be checked at the next look


@pytest.mark.parametrize(
    "rank_by, heads, told",
    [
        ("pointwise", [], "that of the lead's own chance"),
        ("blend", ["pairwise", "pointwise"], "a mix of the two"),
    ],
)
def test_what_orders_the_queue_is_explained_as_its_place(kept, monkeypatch, rank_by, heads, told):
    ws, _, leads, run, _ = kept
    with ws.session() as session:
        session.execute(update(Run).where(Run.id == run.id).values(card={"decisions": {"rank_by": rank_by}}))
    asked = []

    def first_reasons(scorer, lead, lead_id, *, head):
        asked.append(head)
        fields = (Contribution("field", "a", "0.126", float(lead.features["a"].iat[0])),)
        return Attribution(lead_id, head, 1.0, 1.2, 0.4, False, 1, fields, (), ())

    def score(self, leads, watch=None):
        known = replace(leads, features=leads.features.assign(a=leads.features["a"].fillna(0.0)))
        frame = fake_scores(known).frame
        return Scores(frame.assign(pairwise_score=frame["score"], pointwise_logit=frame["score"]))

    monkeypatch.setattr("core.scoring.load_scorer", lambda run: Fake(leads.schema))
    monkeypatch.setattr("core.scoring.first_reasons", first_reasons)
    monkeypatch.setattr(Fake, "score", score)
    lead_id = fake_scores(leads).frame["lead_id"].iat[0]
    at = sound(why_page(lead=lead_id))
    assert asked == [{"pointwise": "pointwise", "blend": "pairwise"}[rank_by]] and told in words(at)
    assert "the lead would fall from rank 1 to" in words(at) and not at.warning
    (control,) = [c for c in at.button_group if c.key == "why_head"] if heads else [None]
    if control is None:
        assert not any(c.key == "why_head" for c in at.button_group)
        return
    control.set_value("pointwise").run()
    assert asked[-1] == "pointwise" and "its chance would" in words(sound(at)) and "rank 1 to" not in words(at)


def test_an_explanation_of_an_older_version_is_proved_once(kept, opened):
    ws, _, leads, run, _ = kept
    keep_explanation(kept)
    path = explanation_path(ws, run.id, explanation_key(leads.take(np.array([0])), "pairwise"))
    old = {k: v for k, v in json.loads(path.read_text("utf-8")).items() if k not in ("proofs", "unchanged", "method")}
    path.write_text(json.dumps(old), "utf-8")
    at = sound(why_page(lead="L0000"))
    assert opened["asked"] == 0 and "not shown" in words(at) and "Oskar" not in words(at)
    found = read_explanation(ws, run.id, leads.take(np.array([0])), "pairwise")
    assert found is not None and found.unchanged is not None and found.steps == 32
    opened["opened"] = 0
    sound(why_page(lead="L0000"))
    assert opened["opened"] == 0


def test_without_its_model_the_conversation_is_there_and_says_why_no_reasons(kept):
    at = sound(why_page(lead="L0000"))
    assert "could not be checked" in at.warning[0].value and "[name]" in words(at)
    assert button(at, "Work out every word")


@pytest.mark.parametrize("content", ["{}", '{"fields": [', ""])
def test_a_damaged_explanation_is_told_in_plain_words(kept, content):
    ws, _, leads, run, _ = kept
    path = explanation_path(ws, run.id, explanation_key(leads.take(np.array([0])), "pairwise"))
    path.write_text(content, "utf-8")
    at = why_page(lead="L0000")
    assert not at.exception and "explain again" in at.error[0].value


def test_a_viewer_cannot_show_names(kept):
    ws, *_ = kept
    set_role(ws, "vi@example.com", "viewer", by="x")
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.secrets["auth"] = {"redirect_uri": "x", "cookie_secret": "x", "client_id": "x", "client_secret": "x"}
    at.user = {"is_logged_in": True, "email": "vi@example.com", "name": "Vi"}
    at = sound(why_page(at=at, lead="L0000"))
    assert not at.toggle and "Oskar" not in words(at) and not any(b.label == "Called" for b in at.button)


def test_a_failed_check_of_the_reasons_leaves_what_was_proved_alone(kept, opened):
    ws, _, leads, run, _ = kept
    folder = run_folder(ws, run.id)
    lead_id = fake_scores(leads).frame["lead_id"].tolist()[0]
    assert "not checked yet" in words(sound(why_page(lead=lead_id)))
    failed = told_by(*[replace(TOLD, deleted=Deleted(0.1, 0.4, 0.5, 1.0))] * 2)
    (folder / trust.FILE).write_text(trust.documents(failed, "")[trust.FILE], "utf-8")
    at = sound(why_page(lead=lead_id))
    assert [e.value.replace("\\", "").replace("\u2060", "") for e in at.warning] == [trust.caution(failed)]
    assert "Without this the model rates it lower" in words(at) and "Speaks for this lead" not in words(at)
    assert "Fields" not in [e.value for e in at.subheader]
    (folder / trust.FILE).write_text(trust.documents(told_by(TOLD, TOLD), "")[trust.FILE], "utf-8")
    passed = sound(why_page(lead=lead_id))
    assert not passed.warning and "Speaks for this lead" in words(passed) and "not checked yet" not in words(passed)
