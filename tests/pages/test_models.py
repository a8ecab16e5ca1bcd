import json
import shutil

import pytest
import streamlit as st
from sqlalchemy import update

from core.archives import pack_run, unpack_run
from core.data.schema import schema_to_dict
from core.workspace.audit import audit_trail
from core.workspace.people import people, set_role
from core.workspace.runs import add_run, archive_run, new_run_folder, run_in_use, runs, use_run
from core.workspace.scorings import scoring_in_use, scorings
from core.workspace.store import Workspace
from core.workspace.tables import Run, Scoring
from pages import _cards as cards
from tests.kept import keep_leads, keep_run, keep_scoring
from tests.made import make_leads
from tests.models_page import ROOT, click, labels, models

CARD = json.loads((ROOT / "sample_data" / "model" / "card.json").read_text("utf-8"))


def keep_card(ws: Workspace, card: dict, name: str = "Shipped") -> Run:
    id, folder = new_run_folder(ws)
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    (folder / "schema.json").write_text(json.dumps(schema_to_dict(make_leads(1).schema)), "utf-8")
    return add_run(ws, id, name=name, dataset_id=None, by="x")


def queue_of(ws: Workspace, dataset_id: str) -> str:
    used = scoring_in_use(ws, dataset_id)
    return used.id if used else ""


def test_without_models_it_leads_to_training_and_loading(ws):
    at = models()
    assert [s.value for s in at.subheader] == ["No models yet"]
    assert "Train a model" in labels(at) and "Load the file" in labels(at)


def test_the_list_tells_the_figures_of_the_cards(ws):
    use_run(ws, keep_card(ws, CARD).id, "x")
    at = models()
    (row,) = at.dataframe[0].value.to_dict("records")
    auc, precision = CARD["metrics"]["auc"], CARD["metrics"]["precision_at"]["0.05"]
    assert row["AUC (95% interval)"] == f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})"
    assert row["Orders in the top 5%"].startswith(f"{precision['value']:.0%} (")
    best = max(CARD["comparison"]["baselines"], key=lambda name: CARD["comparison"]["figures"][name]["auc"]["value"])
    gain = auc["value"] - CARD["comparison"]["figures"][best]["auc"]["value"]
    assert row["AUC against the best simple model"].startswith(f"{gain:+.3f} (")
    assert row["In use"] and row["Leads"] == "not in this workspace"
    assert not at.error


def test_the_card_is_shown_without_markdown_from_outside(ws):
    evil = "**x** <script>alert(1)</script> :red[y]"
    card = json.loads(json.dumps(CARD).replace("soft_signal", "EVIL"))
    card = json.loads(json.dumps(card).replace("EVIL", json.dumps(evil)[1:-1]))
    card["split"]["notes"].append(evil)
    keep_card(ws, card, evil)
    at = models()
    assert not at.error and not at.html
    for element in (*at.markdown, *at.caption, *at.subheader):
        assert evil not in element.value
    assert any(evil in t.value for t in at.text)


@pytest.mark.parametrize(
    "card", [{}, {"metrics": 3}, CARD | {"split": None}, CARD | {"tiers": [3]}, CARD | {"metrics": {"leads": "many"}}]
)
def test_a_spoilt_card_is_said_to_be_one_and_spoils_no_other(ws, card):
    keep_card(ws, CARD, "Sound")
    spoilt = keep_card(ws, card, "Spoilt")
    at = models()
    assert len(at.dataframe[0].value) == 2
    at.query_params["model"] = spoilt.id
    at.run()
    assert len(at.error) == 1 and "model card" in at.error[0].value
    assert "Load the file" in labels(at)


def test_another_model_is_put_in_use_and_ranks_once_asked(ws, folder):
    _, dataset, leads = keep_leads(folder)
    old = keep_run(ws, "Old")
    keep_scoring(ws, dataset, leads, old)
    new = keep_card(ws, CARD, "New")
    at = models()
    assert "Use this model" not in labels(at) and "Score the leads with it" not in labels(at)
    at.query_params["model"] = new.id
    at = click(at.run(), "Use this model")
    assert [each.name for each in runs(ws) if each.in_use] == ["New"]
    assert any("has not ranked these leads yet" in i.value for i in at.info)
    assert "Score the leads with it" in labels(at)


def test_a_ranking_that_the_new_model_made_already_is_offered_not_asked_for_again(ws, folder):
    _, dataset, leads = keep_leads(folder)
    new, old = keep_run(ws, "New"), keep_run(ws, "Old")
    made = keep_scoring(ws, dataset, leads, new, tilt=2.0)
    shown = keep_scoring(ws, dataset, leads, old)
    use_run(ws, new.id, "x")
    at = models()
    assert "Score the leads with it" not in labels(at) and not any("has not ranked" in i.value for i in at.info)
    assert any("New" in i.value and "The queue still shows that of Old" in i.value for i in at.info)
    assert queue_of(ws, dataset.id) == shown.id
    at = click(at, "Show its ranking in the queue")
    assert queue_of(ws, dataset.id) == made.id and len(scorings(ws, dataset.id)) == 2
    assert "Show its ranking in the queue" not in labels(at)


def test_of_rankings_with_equal_words_the_chosen_one_is_put_back(ws, folder):
    """Made in one minute by one model; a select box answers with the first of equal words."""
    _, dataset, leads = keep_leads(folder)
    run = keep_run(ws)
    made = [keep_scoring(ws, dataset, leads, run, tilt=float(tilt)) for tilt in range(3)]
    with ws.session() as session:
        session.execute(update(Scoring).values(made=made[0].made))
    at = models()
    box = next(box for box in at.selectbox if box.label == "Another ranking")
    assert len(set(box.options)) == 2
    first, second = (each.id for each in scorings(ws, dataset.id) if not each.in_use)
    box.set_value(second).run()
    click(at, "Put it in use")
    assert queue_of(ws, dataset.id) == second != first


def test_of_archived_models_with_equal_names_the_chosen_one_is_brought_back(ws):
    for _ in range(2):
        archive_run(ws, keep_card(ws, CARD, "Twin").id, "x")
    at = models()
    box = at.selectbox(key="archived_model")
    assert sorted(box.options) == ["Twin", "Twin (2)"]
    second = [each.id for each in runs(ws, archived=True)][1]
    box.set_value(second).run()
    click(at, "Bring it back")
    assert [each.id for each in runs(ws)] == [second]


def test_an_earlier_ranking_is_put_back(ws, folder):
    _, dataset, leads = keep_leads(folder)
    run = keep_run(ws)
    first = keep_scoring(ws, dataset, leads, run)
    second = keep_scoring(ws, dataset, leads, run, tilt=2.0)
    assert [each.id for each in scorings(ws, dataset.id) if each.in_use] == [second.id]
    click(models(), "Put it in use")
    assert [each.id for each in scorings(ws, dataset.id) if each.in_use] == [first.id]


def test_a_model_is_renamed_and_archived_and_brought_back(ws):
    run = keep_card(ws, CARD, "Draft")
    at = models()
    at.text_input(key=f"name_{run.id}").set_value("North region")
    at = click(at, "Save the name")
    assert [each.name for each in runs(ws)] == ["North region"]
    at = click(at, "Archive")
    assert not runs(ws) and [s.value for s in at.subheader] == ["No models yet"]
    click(at, "Bring it back")
    assert len(runs(ws)) == 1


def test_an_analyst_archives_nothing_and_sees_no_people(ws):
    keep_card(ws, CARD)
    at = models("analyst")
    assert "Archive" not in labels(at) and "Give the role" not in labels(at) and "Use this model" in labels(at)


def test_a_right_that_was_taken_away_meanwhile_stops_the_act(ws):
    keep_card(ws, CARD)
    at = models("analyst")
    set_role(ws, "ana@example.com", "viewer", "x")
    at = click(at, "Use this model")
    assert run_in_use(ws) is None and "You are signed in as viewer" in at.error[0].value


def test_who_downloads_a_model_is_noted_with_its_name(ws, monkeypatch):
    made = {}
    drawn = st.download_button

    def noticed(label, data, *args, **kwargs):
        made[label] = data
        return drawn(label, data, *args, **kwargs)

    monkeypatch.setattr(st, "download_button", noticed)
    id, folder = new_run_folder(ws)
    shutil.copytree(ROOT / "sample_data" / "model", folder, dirs_exist_ok=True)
    run = add_run(ws, id, name="North", dataset_id=None, by="x")
    models()
    assert made["Download"]()[:2] == b"PK"
    (event,) = audit_trail(ws, what="download")
    assert event.subject == f"model {run.id} 'North'"


def test_what_is_downloaded_can_be_loaded_again(tmp_path):
    source = tmp_path / "run"
    shutil.copytree(ROOT / "sample_data" / "model", source)
    (source / ".work").mkdir()
    (source / ".work" / "secret.txt").write_text("not of the run", "utf-8")
    archive, out = tmp_path / "a.zip", tmp_path / "out"
    archive.write_bytes(pack_run(source))
    out.mkdir()
    unpack_run(archive, out)
    shutil.rmtree(source / ".work")
    for file in (path for path in source.rglob("*") if path.is_file()):
        assert (out / file.relative_to(source)).read_bytes() == file.read_bytes()
    assert not (out / ".work").exists()


def test_an_admin_gives_and_takes_roles_and_reads_the_trail(ws):
    at = models()
    at.text_input(key="role_email").set_value("Bo@Example.com")
    at.selectbox(key="role_role").set_value("manager")
    at = click(at, "Give the role")
    assert [(each.email, each.role) for each in people(ws)] == [("bo@example.com", "manager")]
    at.selectbox(key="role_gone").set_value("bo@example.com").run()
    at = click(at, "Take the access away")
    assert people(ws) == []
    assert not any("What" in d.value.columns for d in at.dataframe)  # folded: not even read
    at.session_state["trail"] = True
    at.run()
    (trail,) = [d.value for d in at.dataframe if "What" in d.value.columns]
    assert trail["What"].tolist() == [event.what for event in audit_trail(ws)]


def test_a_wrong_address_is_said_to_be_wrong(ws):
    at = models()
    at.text_input(key="role_email").set_value("nobody")
    at = click(at, "Give the role")
    assert "address" in at.error[0].value and people(ws) == []


def test_a_worse_model_is_called_worse():
    worse = json.loads(json.dumps(CARD))
    best = worse["comparison"]["differences"]["TF-IDF + logistic regression (words and fields)"]["auc"]
    best |= {"value": 0.05, "low": 0.02, "high": 0.08, "p_holm": 0.001}
    assert cards.against_best(worse) == "-0.050 (-0.080 to -0.020), worse"
    assert cards.against_best(CARD).endswith("no clear difference")


def test_an_archived_model_is_out_of_the_list(ws):
    archive_run(ws, keep_card(ws, CARD, "Gone").id, "x")
    keep_card(ws, CARD, "Here")
    assert models().dataframe[0].value["Model"].tolist() == ["Here"]
