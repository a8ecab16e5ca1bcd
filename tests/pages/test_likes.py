from dataclasses import replace

import numpy as np

from core.data.leads import Leads
from core.data.problems import Report
from core.data.stored import read_leads
from core.workspace.datasets import add_dataset
from core.workspace.store import open_workspace
from tests.kept import keep_leads, keep_run, keep_scoring
from tests.made import make_leads
from tests.why_page import sound, why_page, words


def test_similar_leads_need_known_outcomes(kept):
    assert "known outcome" in words(sound(why_page("Similar leads", lead="L0004")))


def test_similar_leads_with_what_became_of_them(folder):
    ws, dataset, leads = keep_leads(folder, known=20)
    keep_scoring(ws, dataset, leads, keep_run(ws))
    at = sound(why_page("Similar leads", lead="L0059"))
    table = at.dataframe[0].value
    assert len(table) == 5 and set(table["Outcome"]) <= {"✓ ordered", "– did not order"}
    assert all(int(id[1:]) < 20 for id in table["Lead"]) and table["Likeness"].between(0, 100).all()


def test_similar_leads_are_final_and_compared_without_names_and_only_those_are_read(folder, monkeypatch):
    """A "no" of the last day is open yet; two customers of one name are not alike for it."""
    made = make_leads(60)
    said = [f"Customer: My name is {'Quentin' if n in (10, 59) else f'Person{chr(97 + n)}'}." for n in range(60)]
    roles = made.roles.assign(dialogue=said, converted=np.where(np.arange(60) == 50, 1.0, 0.0))
    schema = replace(made.schema, split=replace(made.schema.split, maturity_days=1))
    leads = Leads(roles, made.features.assign(a=0.0, city="x"), schema)
    ws = open_workspace(folder)
    dataset = add_dataset(ws, name="L", source_name="l.csv", leads=leads, report=Report(60, (), ()), by="x")
    keep_scoring(ws, dataset, leads, keep_run(ws))
    monkeypatch.setattr("pages._likes.MOST", 30)
    read: list[int] = []

    def noting(path, schema, lead_ids=None):
        found = read_leads(path, schema, lead_ids)
        read.append(len(found))
        return found

    monkeypatch.setattr("core.workspace.datasets.read_leads", noting)
    table = sound(why_page("Similar leads", lead="L0059")).dataframe[0].value
    final = [*range(36), 50]  # the last day begins an hour after lead 35
    assert {int(id[1:]) for id in table["Lead"]} <= set(final[-30:]) and "Quentin" not in str(table)
    assert table["Likeness"].nunique() == 1, "names are not compared"
    assert max(read) == 30, "of millions, only those that are compared"
