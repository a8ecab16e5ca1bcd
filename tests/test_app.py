import ast
import re
import tomllib
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from core.workspace.audit import audit_trail
from core.workspace.people import people, remove_person, role_of, set_role
from core.workspace.store import open_workspace
from tests.running import as_if_running

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app.py"
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "x" * 40,
    "client_id": "x",
    "client_secret": "x",
    "server_metadata_url": "https://id.example.com/.well-known/openid-configuration",
}
ANA = {"is_logged_in": True, "email": "Ana@Example.com", "name": "Ana *A*"}


def menu() -> dict[str, str]:
    """Page -> lowest role, as app.py has it."""
    tree = ast.parse(APP.read_text("utf-8"))
    table = next(n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "MENU")
    return {entry[0]: entry[3] for entries in ast.literal_eval(table.value).values() for entry in entries}


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    as_if_running(monkeypatch)
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(tmp_path / "kept"))
    monkeypatch.delenv("LEADRANK_DATABASE", raising=False)
    monkeypatch.setattr("pages._entry.bring_in_sample", lambda ws: [])
    return open_workspace(tmp_path / "kept")


def opened(user: dict | None = None, roles: dict | None = None) -> AppTest:
    """The app, with sign-in on where there is a user."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    if user is not None:
        at.secrets["auth"] = AUTH
        at.secrets["roles"] = roles or {}
        at.user = user
    at.run()
    assert not at.exception, [e.message for e in at.exception]
    return at


def titles(at: AppTest) -> list[str]:
    return [t.value for t in at.title]


def test_an_empty_workspace_opens_on_today_and_says_what_to_do(workspace):
    at = opened()
    assert titles(at) == ["Today"]
    assert [b.label for b in at.button] == ["Bring in leads"]


def test_the_first_visit_of_a_process_finds_the_menu_not_the_files_of_the_folder(workspace, monkeypatch):
    monkeypatch.undo()  # a new process: Streamlit takes the folder called pages for the menu
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(workspace.folder))
    monkeypatch.setattr("pages._entry.bring_in_sample", lambda ws: [])
    ran = []
    begin = PagesManager.__init__

    def begun(self, *arguments, **more):
        begin(self, *arguments, **more)
        ran.append(PagesManager.uses_pages_directory)

    monkeypatch.setattr(PagesManager, "__init__", begun)
    assert titles(opened()) == ["Today"]
    assert ran == [True] and PagesManager.uses_pages_directory is False


def test_every_page_opens_in_an_empty_workspace(workspace):
    at = opened()
    for page in menu():
        at.switch_page(f"pages/{page}.py").run()
        assert len(titles(at)) == 1 and not at.error and not at.exception, page


def test_no_page_without_signing_in(workspace):
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.secrets["auth"] = AUTH
    at.user = {"is_logged_in": False}
    at.run()
    assert titles(at) == ["Leads to call"]
    assert [b.label for b in at.button] == ["Sign in"]
    with pytest.raises(ValueError):  # not even known
        at.switch_page("pages/models.py")


def test_each_identity_provider_has_a_button(workspace):
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.secrets["auth"] = {**AUTH, "google": {"client_id": "x"}, "okta": {"client_id": "y"}}
    at.user = {"is_logged_in": False}
    at.run()
    assert [b.label for b in at.button] == ["Sign in with google", "Sign in with okta"]


def test_somebody_unknown_is_not_let_in(workspace):
    at = opened(ANA, roles={"bo@example.com": "admin"})
    assert at.warning and titles(at) == ["Leads to call"]
    assert role_of(workspace, "ana@example.com") is None


def test_the_first_sign_in_takes_the_role_of_the_secrets_and_keeps_it(workspace):
    assert titles(opened(ANA, roles={"ana@example.com": "manager", "default": "viewer"})) == ["Today"]
    assert role_of(workspace, "ana@example.com") == "manager"
    opened(ANA, roles={"ana@example.com": "admin"})
    assert role_of(workspace, "ana@example.com") == "manager"
    opened(ANA | {"email": "new@example.com"}, roles={"default": "viewer"})
    assert role_of(workspace, "new@example.com") == "viewer"


def test_a_role_that_does_not_exist_lets_nobody_in(workspace):
    assert titles(opened(ANA, roles={"default": "boss"})) == ["Leads to call"]


def test_an_address_that_is_not_verified_is_nobodys(workspace):
    set_role(workspace, "ana@example.com", "admin", "x")
    assert titles(opened(ANA | {"email_verified": False})) == ["Leads to call"]


def test_a_role_opens_its_pages_and_the_others_answer_in_words(workspace):
    set_role(workspace, "ana@example.com", "viewer", "x")
    refused = {}
    at = opened(ANA)
    for page in menu():
        at.switch_page(f"pages/{page}.py").run()
        refused[page] = any("You are signed in as viewer" in e.value for e in at.error)
        assert len(at.button) == 1 if refused[page] else titles(at), page  # what is left is the way out
    assert refused == {page: role != "viewer" for page, role in menu().items()}
    assert [e.subject for e in audit_trail(workspace) if e.what == "refused"] == [
        role for role in reversed(menu().values()) if role != "viewer"
    ]


@pytest.mark.parametrize("roles", [{}, {"default": "viewer"}, {"ana@example.com": "admin"}])
def test_a_role_taken_away_is_gone_with_the_next_click(workspace, roles):
    set_role(workspace, "boss@example.com", "admin", "x")
    set_role(workspace, "ana@example.com", "analyst", "x")
    at = opened(ANA, roles).switch_page("pages/models.py").run()
    assert titles(at) == ["Models"]
    remove_person(workspace, "ana@example.com", "boss@example.com")
    assert titles(at.run()) == ["Leads to call"]
    assert titles(opened(ANA, roles)) == ["Leads to call"] and role_of(workspace, "ana@example.com") is None


def test_people_are_listed_under_the_name_of_their_sign_in(workspace):
    set_role(workspace, "ana@example.com", "viewer", "boss")
    opened(ANA)
    opened({"is_logged_in": True, "email": "bo@example.com", "name": "Bo"}, {"default": "viewer"})
    assert {each.email: each.name for each in people(workspace)} == {
        "ana@example.com": "Ana *A*",
        "bo@example.com": "Bo",
    }


def test_the_name_of_the_user_is_shown_as_it_is_and_there_is_a_way_out(workspace):
    at = opened(ANA, roles={"default": "viewer"})
    assert [c.value for c in at.sidebar.caption] == [r"Ana \*A\* (viewer)"]
    assert titles(at.sidebar.button[0].click().run().run()) == ["Leads to call"]


@pytest.mark.parametrize(("address", "warned"), [("localhost", False), ("0.0.0.0", True), (None, True)])
def test_an_app_that_others_can_reach_without_signing_in_says_so(workspace, monkeypatch, address, warned):
    known = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: address if name == "server.address" else known(name))
    assert bool(opened().warning) == warned


def test_every_page_asks_for_the_role_that_the_menu_shows_it_to():
    for page, role in menu().items():
        script = (ROOT / "pages" / f"{page}.py").read_text("utf-8")
        assert f'shared.need("{role}"' in script, page


def test_no_helper_beside_the_pages_has_the_address_of_a_page():
    """The first run of a process takes every file in pages/ for a page; two of one address are an error then."""
    names = [path.stem.lstrip("_0123456789- ") for path in (ROOT / "pages").glob("*.py")]
    assert sorted(names) == sorted(set(names))


def test_without_sign_in_only_this_machine_is_served():
    server, client = CONFIG["server"], CONFIG["client"]
    assert server["address"] == "localhost" and set(server["allowedHosts"]) <= {"localhost", "127.0.0.1"}
    assert server["enableXsrfProtection"] and server["enableCORS"]
    assert client["showErrorDetails"] == "none" and not CONFIG["browser"]["gatherUsageStats"]


def test_nothing_is_called_from_outside():
    assert not re.search(r"https?://", (ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert ":material" not in re.findall(r"set_page_config\((.*)\)", APP.read_text("utf-8"))[0]


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_its_ground(mode):
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    theme = CONFIG["theme"][mode]
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], ground) >= 7
        assert contrast(theme["linkColor"], ground) >= 4.5
        assert contrast(theme["primaryColor"], ground) >= 3
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 4.5  # labels of main buttons are white
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= (4.5 if mode == "light" else 4.2)
