from datetime import timedelta

from core.disclosure.uses import download_words, uses_of
from core.workspace.actions import record_action
from core.workspace.audit import note_event
from core.workspace.people import set_role
from core.workspace.scorings import scoring_in_use
from tests.kept import keep_leads, keep_run, keep_scoring


def test_what_was_done_with_a_lead_is_counted_by_role(tmp_path) -> None:
    ws, dataset, leads = keep_leads(tmp_path)
    assert uses_of(ws, dataset.id, "L0003") == ()
    scoring = keep_scoring(ws, dataset, leads, keep_run(ws))
    set_role(ws, "boss@firm.example", "admin", "x")
    set_role(ws, "ana@firm.example", "manager", "x")
    for _ in range(2):
        note_event(ws, "Ana@firm.example", "names shown", "L0003", {"dataset": dataset.id})
    note_event(ws, "boss@firm.example", "names shown", "L0003", {"dataset": "another"})
    note_event(ws, "ana@firm.example", "names shown", "L0004", {"dataset": dataset.id})
    note_event(ws, "boss@firm.example", "download", f"5 leads of dataset {dataset.id} as CSV")
    note_event(ws, "gone@firm.example", "download", f"call plan of scoring {scoring.id} as CSV")
    note_event(ws, "gone@firm.example", "download", "5 leads of dataset another as CSV")
    note_event(ws, "ana@firm.example", "download", download_words("L0003", dataset.id, "PDF"))
    note_event(ws, "ana@firm.example", "download", download_words("L00030", dataset.id, "PDF"))
    record_action(ws, dataset.id, ["L0003", "L0004"], "called", by="local")
    found = {(use.what, use.by): use for use in uses_of(ws, dataset.id, "L0003")}
    assert {key: use.times for key, use in found.items()} == {
        ("Put your enquiry in the order of calls", "the program"): 1,
        ("Had names and numbers shown that are hidden at first", "sales managers"): 2,
        ("Took a file made from these enquiries; yours may be among them", "administrators"): 1,
        ("Took a file made from these enquiries; yours may be among them", "people or programs without a role now"): 1,
        ("Made a sheet like this one", "sales managers"): 1,
        ("Noted that you were called", "whoever uses this machine"): 1,
    }
    assert not any("firm.example" in text for key in found for text in key)
    made = scoring_in_use(ws, dataset.id)
    assert made is not None
    ranked = found["Put your enquiry in the order of calls", "the program"]
    assert ranked.first == ranked.last == made.made
    shown = found["Had names and numbers shown that are hidden at first", "sales managers"]
    assert timedelta(0) <= shown.last - shown.first < timedelta(minutes=1)
