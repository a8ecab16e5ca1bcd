"""The Models page as AppTest opens it, and what stands on it, for tests of its parts."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]


def models(role: str | None = None) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if role:
        at.secrets["auth"] = {"x": "y"}
        at.secrets["roles"] = {"ana@example.com": role}
        at.user = {"is_logged_in": True, "email": "ana@example.com"}
    at = at.run().switch_page("pages/models.py").run()
    assert not at.exception, [e.message for e in at.exception]
    return at


def click(at: AppTest, label: str) -> AppTest:
    at = next(b for b in at.button if b.label == label).click().run()
    assert not at.exception, [e.message for e in at.exception]
    return at


def labels(at: AppTest) -> list[str]:
    return [b.label for b in at.button]
