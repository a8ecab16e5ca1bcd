"""The report of a benchmark: every number in it is in the frame, nothing from outside acts."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.benchmark.table import Table, build_table
from core.benchmark.verdict import verdict
from core.benchmark_report.files import html_report, markdown_report
from core.benchmark_report.sections import sections
from core.report import parts
from tests.benchmarked import ARMS, HOSTILE, made_results

NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*")


@pytest.fixture(scope="module")
def table() -> Table:
    return build_table(made_results(waiting=("hpro",)), resamples=100)


def tables(table: Table) -> dict[str, parts.Table]:
    return {one.heading: one.table for one in sections(table, verdict(table)) if one.table is not None}


def shown_of(frame: pd.DataFrame) -> set[str]:
    """Every number of the frame in all forms that tables use."""
    found: set[str] = set()
    for number in frame.select_dtypes("number").to_numpy().ravel():
        for scaled, decimals in ((number, 3), (number, 4), (100 * number, 1), (1000 * number, 1)):
            if np.isfinite(number):
                found |= {f"{scaled:,.{decimals}f}", f"{scaled:+,.{decimals}f}"}
    return found | {"0.001"}


def numbers(one: parts.Table) -> Iterator[str]:
    for row in one.rows:
        for cell in row[1:]:
            if cell not in {arm.title for arm in ARMS.values()}:
                yield from NUMBER.findall(cell)


def test_every_number_of_the_tables_is_in_the_frame(table: Table) -> None:
    known = shown_of(table.to_frame())
    count = 0
    for heading, one in tables(table).items():
        if heading.startswith(("Table", "Against")):
            for number in numbers(one):
                assert number in known, (heading, number)
                count += 1
    assert count > 150


def test_costs_are_those_of_the_frame(table: Table) -> None:
    costs = {row[0]: row[1:] for row in tables(table)["What it costs"].rows}
    assert costs["asLLR + HPRO"] == ("3", "5 minutes", "40 s", "yes") and costs["LightGBM"][1:3] == ("60 s", "0.5 s")


def test_the_paper_s_tables_put_text_beside_and_the_lift_in_brackets(table: Table) -> None:
    first, second = (one for heading, one in tables(table).items() if heading.startswith("Table"))
    rows = {row[0]: row for row in first.rows}
    assert "DeepFM + text" not in rows and len(rows) == 7
    frame = {(one["title"], one["measure"]): one for one in table.to_frame().to_dict("records")}
    assert rows["DeepFM"][5] == f"{frame['DeepFM + text', 'auc']['value']:.3f}"
    assert first.rows[first.marked or 0][0] == "LightGBM" and second.rows[second.marked or 0][0] == "LightGBM"
    ap = second.columns.index("Average precision")
    told = {row[0]: row[ap] for row in second.rows}
    one = frame["asLLR + HPRO", "average_precision"]
    assert told["asLLR + HPRO"] == f"{one['value']:.3f} ({100 * one['relative']:+.1f}%)" and "(" not in told["LightGBM"]


def test_the_report_says_the_answer_what_is_missing_and_how_it_was_done(table: Table) -> None:
    for report in (markdown_report(table, verdict(table)), html_report(table, verdict(table))):
        at = [report.index(words) for words in ("Use LightGBM", "Table 1", "Table 2", "How it was done")]
        assert at == sorted(at), "the answer comes first"
        for words in ("there is no accelerator", "not finished yet", "Leads of the last 30 days", "by validation"):
            assert words in report
        assert "3,600 leads to learn from" in report and "3 seeds" in report and "Holm" in report


def test_figures_that_need_more_leads_are_dashes_with_a_footnote() -> None:
    table = build_table(made_results(leads=300), resamples=50)
    report = markdown_report(table, verdict(table))
    assert "– under “Orders per 1,000 calls, best 0.1% of the leads”: too few tested leads" in report
    assert report.count("best 0.1%, which takes at least 1,000") == 1, "only where that column stands"
    assert "Figures of fewer than 10 leads are luck more than skill" in report and "those of the best 1%." in report
    assert {row[1] for row in tables(table)["Table 2: the top of the list"].rows} == {"–"}


def test_rows_stand_best_first_as_in_the_picture_with_what_they_were_chosen_by(table: Table) -> None:
    apart = next(one for heading, one in tables(table).items() if heading.startswith("Against"))
    figures = [float(row[1]) for row in apart.rows]
    assert figures == sorted(figures, reverse=True) and apart.rows[apart.marked or 0][0] == "LightGBM"
    assert {"Difference from the best usual method", "Difference from its reference", "Reference"} < set(apart.columns)
    errors = tuple(replace(one, validation_error=0.02) for one in table.results.trials)
    frame = build_table(replace(table.results, trials=errors), resamples=20)
    told = {row[0]: row[3] for row in tables(frame)[next(h for h in tables(frame) if h.startswith("Against"))].rows}
    assert told["LightGBM"] == "0.320 ± 0.020" and {row[3] for row in apart.rows} >= {"0.320"}


def test_one_share_is_told_in_one_way() -> None:
    """241 leads: the best 5% are 12 calls, not 12.05."""
    table = build_table(made_results(leads=241, capacity=0.05), resamples=20)
    report = markdown_report(table, verdict(table))
    said = re.search(r"LightGBM: calling the best 5% reaches ([\d.]+%) of the orders", report)
    row = next(r for r in tables(table)["Table 2: the top of the list"].rows if r[0] == "LightGBM")
    assert said and said[1] in row


def test_notes_on_the_data_are_repeated() -> None:
    made = made_results(leads=200)
    noted = replace(made, shared={**made.shared, "data_notes": ["column 'when': dates of three forms; write one"]})
    table = build_table(noted, resamples=20)
    report = markdown_report(table, verdict(table))
    assert report.index("## About the data") < report.rindex("dates of three forms")
    assert "About the data" not in markdown_report(
        build_table(made, resamples=20), verdict(build_table(made, resamples=20))
    )


def test_nothing_from_outside_acts() -> None:
    arms = {key: replace(arm, title=HOSTILE + key, why=HOSTILE) for key, arm in ARMS.items()}
    shared = {"notes": [HOSTILE], "tiers": [{"name": HOSTILE, "summary": HOSTILE, "warning": HOSTILE}]}
    table = build_table(made_results(arms=arms, left_out={"lora": HOSTILE}, shared=shared), resamples=20)
    page, text = html_report(table, verdict(table)), markdown_report(table, verdict(table))
    for report in (page, text):
        assert "<script" not in report and "&lt;script" in report
    assert not re.findall(r"<img(?! alt=)", page) and "onerror=alert(2)&gt;" in page


def test_a_benchmark_that_has_just_begun_has_a_report_too() -> None:
    table = build_table(made_results({"hpro": 1.0}, leads=100, seeds=1, shared={}), resamples=20)
    report = html_report(table, verdict(table))
    assert "No usual method has run yet" in report and "What it costs" in report


def test_forty_five_arms_stay_a_small_file() -> None:
    many = {f"arm {n}": replace(ARMS["asllr"], key=f"arm {n}", title=f"Arm {n}") for n in range(44)}
    arms = many | {"lightgbm": ARMS["lightgbm"]}
    table = build_table(made_results(dict.fromkeys(arms, 1.0), leads=200, arms=arms, left_out={}), resamples=10)
    page = html_report(table, verdict(table))
    assert len(page) < 1_000_000 and "http://" not in re.sub(r"data:image[^\"]+", "", page)
