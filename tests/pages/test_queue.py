import pytest
from sqlalchemy import update

from core.data.leads import Leads
from core.jobs import ledger, processes, records
from core.queue.view import View
from core.workspace.scorings import scoring_path, scorings
from core.workspace.store import open_workspace
from core.workspace.tables import Scoring
from pages._scored import open_queue
from tests.kept import keep_leads, keep_run, keep_scoring
from tests.queue_page import button, queue_page, shown, sound, words


def test_the_best_lead_stands_first_and_nothing_hidden_is_sent(kept):
    _, _, leads, _, _ = kept
    at = sound(queue_page())
    table = shown(at)
    best = leads.lead_id[leads.features["a"].idxmax()]
    assert table["lead_id"].iat[0] == best and table["rank"].tolist() == list(range(1, 26))
    assert set(table.columns) == {
        *("rank", "lead_id", "call_today", "shown:Name", "probability", "score", "reasons", "owner", "stage"),
        *("status", "snapshot_time"),
    }
    assert str(table["reasons"].iat[0]).startswith("For: a ")
    assert at.metric[0].value == "40 of 60"


def test_capacity_marks_the_cut_alone_and_per_sales_person(kept):
    table = shown(sound(queue_page(capacity="3")))
    assert (table["call_today"] == "● Call").sum() == 3 and table["call_today"].tolist()[3] == ""
    table = shown(sound(queue_page(capacity="2", each="1")))
    assert table[table["call_today"] == "● Call"]["owner"].value_counts().to_dict() == {"Ann": 2, "Bo": 2}


def test_a_view_can_be_shared_by_its_address(kept):
    at = sound(queue_page(**{"only.owner": "Ann", "sort": "probability", "order": "descending", "capacity": "5"}))
    table = shown(at)
    assert set(table["owner"]) == {"Ann"} and table["probability"].is_monotonic_decreasing
    assert at.selectbox(key="queue_sort").value == "probability" and "Ann" in words(at)
    at.text_input(key="queue_search").set_value("Person 4").run()
    assert at.query_params["search"] == "Person 4" and at.query_params["only.owner"] == "Ann"
    assert shown(at)["shown:Name"].str.contains("Person 4").all()


def test_an_address_of_other_leads_or_nonsense_does_no_harm(kept):
    at = sound(
        queue_page(**{"only.field:shoe": "44", "sort": "size", "page": "9999999", "capacity": "-3", "scoring": "x"})
    )
    assert "left out" in words(at) and len(shown(at))
    at = queue_page(chance_from="2")
    assert not at.exception and len(shown(at)) and any("address" in str(w.proto.title) for w in at.warning)


def test_nothing_found_leads_back(kept):
    at = sound(queue_page(search="nobody is called so"))
    assert not at.dataframe and "No lead fits" in words(at)
    button(at, "Clear filters").click().run()
    assert len(shown(sound(at))) == 25 and "search" not in at.query_params


def test_turning_the_page_asks_for_the_next_rows(kept):
    table = shown(sound(queue_page(page="3")))
    assert table["rank"].tolist() == list(range(51, 61))


def test_filters_show_values_of_the_file_and_write_to_the_address(kept):
    at = queue_page()
    at.session_state["filters"] = True
    at.run()
    box = at.multiselect(key="filter_field:city")
    assert sorted(option[0] for option in box.options) == ["x", "y", "z"]
    box.select("x").run()
    assert at.query_params["only.field:city"] == "x"


def test_without_leads_the_way_leads_on(folder):
    open_workspace(folder)
    at = sound(queue_page())
    assert "No leads yet" in words(at) and button(at, "Bring in leads")


def test_unranked_leads_are_scored_by_a_job_that_is_watched(folder, monkeypatch):
    ws, dataset, _ = keep_leads(folder)
    at = sound(queue_page())
    assert "No model is in use" in words(at)
    run = keep_run(ws)
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)  # no process: the row is what the page sees
    monkeypatch.setattr(records, "sweep", lambda ws: [])
    at = sound(queue_page())
    button(at, "Score these leads").click().run()
    (job,) = records.jobs(ws, kind="score")
    assert job.request == {"run_id": run.id, "dataset_id": dataset.id, "part": "open", "reason": "first"}
    assert at.progress and not any(b.label == "Score these leads" for b in sound(at).button)


def test_a_scoring_that_was_interrupted_is_told_and_can_go_on(kept, monkeypatch):
    ws, data, leads, run, _ = kept
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    job = records.submit(ws, "score", {"run_id": run.id, "dataset_id": data.id}, by="ana", label="Score")
    ledger.end(ws, job.id, "interrupted", "The machine was shut down.", expected=("queued",))
    at = sound(queue_page())
    assert any("The machine was shut down" in warning.value for warning in at.warning)
    button(at, "Resume").click().run()
    assert (records.job(ws, job.id).state, records.job(ws, job.id).attempt) == ("queued", 2)
    ledger.end(ws, job.id, "interrupted", "The machine was shut down.", expected=("queued",))
    keep_scoring(ws, data, leads, run)
    assert "Resume" not in [each.label for each in sound(queue_page()).button], "scored since, by somebody else"


def test_a_scoring_that_failed_after_a_later_one_succeeded_is_told(kept, monkeypatch):
    ws, data, leads, run, _ = kept
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    first, second = (
        records.submit(ws, "score", {"run_id": run.id, "dataset_id": data.id, "part": part}, by="ana", label="Score")
        for part in ("open", "all")
    )
    ledger.end(ws, first.id, "interrupted", "The machine was shut down.", expected=("queued",))
    keep_scoring(ws, data, leads, run)
    ledger.end(ws, second.id, "done", "", expected=("queued",))
    assert "Resume" not in [each.label for each in sound(queue_page()).button]
    records.resume(ws, first.id, by="ana")
    ledger.end(ws, first.id, "failed", "The disk is full.", expected=("queued",))
    at = sound(queue_page())
    assert any("The disk is full" in each.value for each in [*at.warning, *at.error])
    assert button(at, "Resume")


def test_a_damaged_ranking_is_told_in_plain_words(kept):
    ws, _, _, _, scoring = kept
    scoring_path(ws, scoring.id).write_bytes(b"PAR1 not really")
    at = queue_page()
    assert not at.exception and "score the leads again" in at.error[0].value and str(ws.folder) not in at.error[0].value


def test_a_new_ranking_is_shown_at_once(kept):
    """Nothing is cached by the dataset or by a frame, of which Streamlit hashes a sample."""
    ws, dataset, leads, run, _ = kept
    at = queue_page()
    before = shown(at)["lead_id"].tolist()
    second = keep_scoring(ws, dataset, leads, run, tilt=5.0)
    after = shown(sound(at.run()))
    assert after["lead_id"].tolist() != before
    with_scores = open_queue(ws, second).page(View(), 1, 25)
    assert after["lead_id"].tolist() == with_scores["lead_id"].tolist() and set(after["trend"]) <= {
        "↗ improving",
        "↘ declining",
        "→ steady",
    }


def test_earlier_scorings_can_be_looked_at_and_put_back(kept):
    ws, dataset, leads, run, first = kept
    keep_scoring(ws, dataset, leads, run, tilt=5.0)
    at = sound(queue_page(scoring=first.id))
    assert shown(at)["lead_id"].iat[0] == leads.lead_id[leads.features["a"].idxmax()]
    assert "earlier scoring" in words(at)
    button(at, "Put it in use").click().run()
    assert "scoring" not in at.query_params and "earlier scoring" not in words(sound(at))


def test_equal_words_in_the_box_of_scorings_are_told_apart(kept):
    ws, dataset, leads, run, first = kept
    keep_scoring(ws, dataset, leads, run, tilt=5.0)
    third = keep_scoring(ws, dataset, leads, run, tilt=9.0)
    with ws.session() as session:
        session.execute(update(Scoring).values(made=first.made))
    at = queue_page()
    wanted = [each.id for each in scorings(ws, dataset.id) if each.id != third.id][1]
    assert len(set(at.selectbox(key="scoring_box").options)) == 3
    at.selectbox(key="scoring_box").set_value(wanted).run()
    assert at.query_params["scoring"] in (wanted, [wanted])


def test_a_value_that_reads_like_another_is_chosen_for_itself(kept):
    ws, dataset, leads, run, _ = kept
    odd = leads.features.assign(city=["(none)", ""] * 30)
    keep_scoring(ws, dataset, Leads(leads.roles, odd, leads.schema), run)
    at = queue_page()
    at.session_state["filters"] = True
    at.run()
    box = at.multiselect(key="filter_field:city")
    assert len(set(box.options)) == 2


@pytest.mark.parametrize("query", [{"capacity": "²"}, {"capacity": "9" * 5000}, {"only.status": "won"}])
def test_odd_addresses_do_not_block_the_queue(kept, query):
    assert len(shown(sound(queue_page(**query)))) == 25
