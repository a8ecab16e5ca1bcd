"""Why one lead stands above another, on the Why page: chosen, made by a job, told, and without names."""

import json

import numpy as np
from streamlit.testing.v1 import AppTest

from core.answers import as_json
from core.comparing import to_dict
from core.data.dialogue import parse_turns
from core.data.masking import masked_leads
from core.jobs import processes, records
from core.jobs.comparisons import comparison_key
from core.pair_reasons import PairReasons, TierPart
from core.queue.view import View
from core.scores import Attribution, Contribution
from core.workspace.audit import audit_trail
from core.workspace.explanations import explanation_path
from pages._actions import table_key
from tests.kept import fake_scores
from tests.queue_page import pick, queue_page, shown
from tests.why_page import button, sound, why_page, words

SAID = (
    "Specialist: Hi, this is Oskar at Orin.\n"
    "Customer: Thanks <script>alert(1)</script> **bold**, call me on 0171 2345678."
)
TAB = "Beside another lead"


def explained(lead, logit: float) -> Attribution:
    """What the model would say of masked words: the customer's turn for the lead."""
    turns = parse_turns(str(masked_leads(lead).dialogue.iat[0]))
    told = tuple(Contribution("turn", f"turn {i + 1}", t.words, 0.6 * i, i, t.speaker) for i, t in enumerate(turns))
    fields = (Contribution("field", "a", "0.126", logit - 0.6), Contribution("field", "city", "x", 0.0))
    return Attribution("any", "pairwise", logit, 0.0, 0.01, True, 32, fields, told, ())


def keep_comparison(kept, a: int, b: int, **more) -> None:
    ws, _, leads, run, _ = kept
    one, other = (leads.take(np.array([row])) for row in (a, b))
    tiers = (TierPart("global_dominance", "lock in over lost", 1.2), TierPart("(rest)", "", -0.1))
    given = {"queue_difference": 1.0, "rank_by": "blend", "tiers": tiers, **more}
    found = PairReasons(explained(one, 1.0), explained(other, -0.1), **given)
    path = explanation_path(ws, run.id, comparison_key(one, other))
    path.write_text(json.dumps(as_json(to_dict(found))), "utf-8")


def beside(at: AppTest | None = None, **query: str) -> AppTest:
    return sound(why_page(TAB, at, **query))


def html(at: AppTest) -> str:
    return " ".join(e.value for e in at.html)


def test_the_next_lead_in_rank_is_beside_it_and_any_other_is_found(kept):
    _, _, leads, _, _ = kept
    order = fake_scores(leads).frame["lead_id"].tolist()
    at = beside(lead=order[3])
    assert f"{order[4]} · Person" in words(at) and "rank 5 of 60" in words(at)
    at.text_input(key="beside_search").set_value("person 17").run()
    at.selectbox(key="beside_found").set_value("L0017").run()
    assert "L0017 · Person 17" in words(sound(at)) and at.query_params["beside"] == "L0017"
    button(at, "Open this lead").click().run()
    assert sound(at).header[0].value.startswith("L0017") and f"{order[3]} · Person" in words(at)
    assert f"{order[58]} · Person" in words(beside(lead=order[59]))


def test_an_address_with_beside_opens_the_tab_and_tells_who_is_not_there(kept):
    at = sound(why_page(lead="L0003", beside="nobody"))
    assert "Lead nobody is not in this ranking" in words(at).replace("\\", "")
    assert button(at, "Compare the two leads")


def test_a_kept_comparison_is_told_in_sentences_bars_and_conversations(kept):
    keep_comparison(kept, 0, 5)
    at = beside(lead="L0000", beside="L0005")
    told = words(at).replace("\\", "").replace("\u2060", "")
    assert "Lead L0000 stands above lead L0005 mainly because of" in told
    assert "better lead at 75%, a figure that was not checked" in told
    assert "taught mainly by pairs of past leads: lock in over lost" in told
    assert at.metric[3].label.replace("\\", "") == "L0000 before L0005" and at.metric[3].value == "75%"
    drawn = html(at)
    assert "Customer of this lead" in drawn and "Customer of the other lead" in drawn and "−0.60" in drawn
    assert not any(b.label == "Compare the two leads" for b in at.button)


def test_what_contradicts_the_queue_is_said(kept):
    keep_comparison(kept, 0, 5, queue_difference=-0.2)
    at = beside(lead="L0000", beside="L0005")
    assert "The queue has lead L0005 above the other all the same" in words(at).replace("\\", "")


def test_names_and_numbers_of_either_lead_stay_hidden_until_asked_for(kept):
    ws, *_ = kept
    keep_comparison(kept, 5, 0)
    at = beside(lead="L0005", beside="L0000")
    assert "[name]" in words(at) and "Oskar" not in words(at) and "2345678" not in words(at)
    assert "<script" not in html(at) and "&lt;script&gt;" in html(at) and not any(e.allow_html for e in at.markdown)
    at.toggle[1].set_value(True).run()
    assert "Oskar" in words(sound(at)) and "2345678" in words(at)
    assert [event.subject for event in audit_trail(ws, what="names shown")] == ["L0000"]


def test_names_are_hidden_of_a_model_that_reads_them(kept):
    ws, _, leads, run, _ = kept
    keep_comparison(kept, 0, 5)
    one, other = (leads.take(np.array([row])) for row in (0, 5))
    path = explanation_path(ws, run.id, comparison_key(one, other))
    found = json.loads(path.read_text("utf-8"))
    bare = parse_turns(str(one.dialogue.iat[0]))
    for entry, turn in zip(found["explained"]["a"]["turns"], bare, strict=True):
        entry["text"] = turn.words
    path.write_text(json.dumps(found), "utf-8")
    at = beside(lead="L0000", beside="L0005")
    assert "[name]" in words(at) and "Oskar" not in words(at) and "2345678" not in words(at)


def test_a_comparison_is_made_by_a_job_once_it_is_asked_for(kept, monkeypatch):
    ws, dataset, _, run, _ = kept
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)  # no process: the row is what the page sees
    monkeypatch.setattr(records, "sweep", lambda ws: [])
    at = beside(lead="L0000", beside="L0005")
    assert "[name]" in words(at) and not records.jobs(ws, kind="compare")
    button(at, "Compare the two leads").click().run()
    (job,) = records.jobs(ws, kind="compare")
    wanted = {"run_id": run.id, "dataset_id": dataset.id, "lead_a": "L0000", "lead_b": "L0005"}
    assert job.request == wanted and sound(at).progress
    assert beside(lead="L0000", beside="L0005").progress  # found again after a refresh


def test_two_ticked_leads_of_the_queue_are_compared(kept):
    scoring = kept[-1]
    at = sound(queue_page())
    ids = shown(at)["lead_id"].tolist()
    key = table_key(scoring, View(), 1, ids)
    assert not any(b.label == "Compare the two" for b in pick(queue_page(), key, 0, 1, 2).button)
    button(pick(at, key, 2, 0), "Compare the two").click().run()
    assert sound(at).header[0].value.startswith(ids[0]) and f"{ids[2]} · Person" in words(at)


def test_a_damaged_comparison_is_told_in_plain_words(kept):
    ws, _, leads, run, _ = kept
    one, other = (leads.take(np.array([row])) for row in (0, 5))
    explanation_path(ws, run.id, comparison_key(one, other)).write_text("{}", "utf-8")
    at = why_page(TAB, lead="L0000", beside="L0005")
    assert not at.exception and "compare again" in at.error[0].value
