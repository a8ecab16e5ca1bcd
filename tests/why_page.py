"""The Why page as AppTest opens it, and what stands on it, for tests of its parts."""

from dataclasses import replace
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.scores import Scores
from tests.kept import fake_scores

ROOT = Path(__file__).resolve().parents[1]
SECRETS = (
    "Specialist: Hi, this is Oskar at Orin.\n"
    "Customer: Thanks <script>alert(1)</script> **bold**, call me on 0171 2345678."
)


def why_page(tab: str = "", at: AppTest | None = None, **query) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60) if at is None else at
    at.switch_page("pages/why.py")
    for name, value in query.items():
        at.query_params[name] = value
    if tab:
        at.session_state["why_section"] = tab
    return at.run()


def sound(at: AppTest) -> AppTest:
    assert not at.exception, [e.message for e in at.exception]
    assert not at.error, [e.value for e in at.error]
    return at


def words(at: AppTest) -> str:
    kinds = (at.text, at.markdown, at.caption, at.subheader, at.header, at.info, at.success, at.warning, at.html)
    return " ".join(str(e.value) for kind in kinds for e in kind)


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


class Fake:
    """The model that made the ranking, at the seam."""

    name = "fake"

    def __init__(self, schema):
        self.schema = schema

    def score(self, leads, watch=None):
        known = replace(leads, features=leads.features.assign(a=leads.features["a"].fillna(0.0)))
        scores = fake_scores(known, tilt=1.0)
        return Scores(scores.frame.assign(pairwise_score=scores.frame["score"]))
