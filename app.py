"""The app: opens the workspace, asks who is there, and shows the pages that their role may see."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages import _access as access
from pages import _entry as entry

HERE = Path(__file__).parent
MENU = {
    "Sell": [
        ("today", "Today", "today", "viewer", "What is loaded, how fresh it is, and the ten leads to call first."),
        ("queue", "Queue", "format_list_numbered", "viewer", "All leads to call, best first: filter, mark, export."),
        ("why", "Why", "psychology_alt", "viewer", "One lead: what was said, and what moved its score."),
        ("calls", "My calls", "call", "viewer", "The list of your half while a field trial runs."),
        ("lift", "Lift", "trending_up", "viewer", "How much better than calling at random, on known outcomes."),
        ("trials", "Trials", "experiment", "manager", "Field trials: prove that the ranking sells more."),
        ("value", "Value", "payments", "manager", "What the leads are worth in money, and what to do with them."),
        ("talk", "What matters", "forum", "manager", "Which fields and kinds of talk move scores, over many leads."),
        (
            "segments",
            "Segments",
            "groups",
            "manager",
            "Who comes because of a campaign, who comes anyway, and whom to send the next one.",
        ),
        ("campaigns", "Campaigns", "campaign", "manager", "What each campaign brought, and where its money should go."),
    ],
    "Build": [
        ("leads", "Leads", "upload_file", "analyst", "Bring in a file of leads, check it, and keep it as a dataset."),
        ("train", "Train", "model_training", "analyst", "Train a model on a dataset and watch it learn."),
        ("pairs", "Pairs", "compare_arrows", "analyst", "What the model learns from, and where it disagrees with it."),
        ("compare", "Compare", "balance", "analyst", "Many ways to rank the same leads, and which of them to use."),
        ("models", "Models", "inventory_2", "analyst", "Trained models, their figures, and the one in use."),
    ],
}
"""Sections of the menu; a page: file and address, title, icon, lowest role that may see it, hint."""

st.set_page_config(page_title="Leads to call", page_icon=entry.ICON, layout="wide")

with access.guard():
    entry.start()
    someone = access.visitor()
    if someone is None:
        # At each address: an unknown one would be covered by Streamlit's "page not found".
        names = [name for listed in MENU.values() for name, *_ in listed]
        doors = [st.Page(entry.sign_in, title="Sign in", url_path=name, default=name == "today") for name in names]
        st.navigation(doors, position="hidden").run()
        st.stop()
    # A page that the role may not see, or that has nothing to show now, is left out of the menu yet known: its address
    # answers in words, by `need`.
    menu = {
        section: [
            st.Page(
                HERE / "pages" / f"{name}.py",
                title=title,
                icon=f":material/{icon}:",
                url_path=name,
                default=name == "today",
                visibility="visible" if access.may(role) and (name != "calls" or access.in_trial()) else "hidden",
                help=hint,
            )
            for name, title, icon, role, hint in listed
        ]
        for section, listed in MENU.items()
    }
    page = st.navigation(menu, expanded=True)
    entry.signed_in_as(someone)
    page.run()
