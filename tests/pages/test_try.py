"""Try a change on the Why page: boxes, what the changed lead would get, and that nothing is kept."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.jobs import records
from core.workspace.actions import lead_status
from core.workspace.audit import audit_trail
from tests.why_page import SECRETS, Fake, button, sound, why_page, words

SAID = SECRETS


def test_a_change_is_tried_and_keeps_nothing(kept, monkeypatch):
    ws, dataset, leads, _, _ = kept
    loaded: list[Path] = []

    def load(run: Path) -> Fake:
        loaded.append(run)
        return Fake(leads.schema)

    monkeypatch.setattr("core.scoring.load_scorer", load)
    at = sound(why_page("Try a change", lead="L0004"))
    assert not loaded
    next(n for n in at.number_input if n.label == "A").set_value(9.0)
    button(at, "See what changes").click().run()
    shown = {m.label: (m.value, m.delta) for m in sound(at).metric[3:]}
    assert shown["Rank"][0] == "1" and shown["Rank score"][0].startswith(("9", "10")) and "places" in shown["Rank"][1]
    assert shown["Chance"][1].startswith("+") and len(loaded) == 1
    assert not len(lead_status(ws, dataset.id)) and not records.jobs(ws)
    next(n for n in at.number_input if n.label == "A").set_value(-9.0)
    button(at, "See what changes").click().run()
    assert {m.label: m.value for m in sound(at).metric[3:]}["Rank"] == "60" and len(loaded) == 1


def test_boxes_of_a_change_hold_names_only_while_they_are_shown(kept, monkeypatch):
    ws, _, leads, _, _ = kept
    monkeypatch.setattr("core.scoring.load_scorer", lambda run: Fake(leads.schema))

    def held(at: AppTest) -> str:
        return " ".join(str(box.value) for kind in (at.text_area, at.text_input) for box in kind)

    at = sound(why_page("Try a change", lead="L0000"))
    assert "[name]" in held(at) and "Oskar" not in held(at)
    for shown in (True, False, True, False):
        at.toggle[0].set_value(shown).run()
        assert ("Oskar" in held(sound(at)), "2345678" in held(at)) == (shown, shown)
    button(at, "See what changes").click().run()
    assert "Nothing was changed yet" in words(sound(at))
    assert [event.subject for event in audit_trail(ws, what="names shown")] == ["L0000"] * 2


def test_nothing_changed_is_said(kept, monkeypatch):
    _, _, leads, _, _ = kept
    monkeypatch.setattr("core.scoring.load_scorer", lambda run: Fake(leads.schema))
    at = why_page("Try a change", lead="L0004")
    button(at, "See what changes").click().run()
    assert "Nothing was changed yet" in words(sound(at))
