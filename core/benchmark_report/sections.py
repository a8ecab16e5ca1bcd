"""What the report of a benchmark says, from the answer down to how it was done; the files only set it.

Every text may come from a person and is plain here: the files make it harmless.
"""

from __future__ import annotations

from core.benchmark.advantage import LEAST_CHOSEN, LEAST_TESTED
from core.benchmark.arms import FAMILIES
from core.benchmark.cautions import FEW_CALLS
from core.benchmark.curves import arm_lines
from core.benchmark.measuring import AUC, whole_calls
from core.benchmark.spread import Point
from core.benchmark.table import Table
from core.benchmark.verdict import Verdict
from core.benchmark.wording import listed, measure_words, share, told
from core.benchmark_report.pictures import forest_picture, gains_picture
from core.benchmark_report.tables import NONE, auc_table, cost_table, depth_measures, depth_table, difference_table
from core.charts.style import counted
from core.evaluation import Measure
from core.report import parts
from core.report.parts import Picture, Section

STATISTICS = (
    "The best usual method and the best form of the language model were chosen by average precision on a later slice "
    "by which training was stopped and settings were chosen, before the test was looked at. Of the usual methods "
    "within one standard error of the best one there, the simplest is advised (rules before linear models, boosted "
    "trees and networks). So the answer rests on one comparison; all else in this "
    "report is there to look at, and its p is corrected for the number of comparisons in its table (Holm).",
    "Ranges hold the truth in 95% of such tests. They cover both which leads were tested (paired bootstrap, converted "
    "and other leads drawn apart, whole customers where one has several leads) and which seed the training had "
    "(Student's t with Satterthwaite's degrees of freedom). They do not cover another training period.",
    f"With fewer than {LEAST_TESTED} orders among the tested leads, or {LEAST_CHOSEN} on that slice, nothing is "
    "advised.",
    "By luck (p): how often two equal ways to rank would differ as much, from 0 to 1.",
)

VALIDATED = (
    "By validation: average precision on the leads by which settings were chosen, before the test was looked at, "
    "with its standard error."
)


def sections(table: Table, verdict: Verdict) -> tuple[Section, ...]:
    """The whole report; sections with nothing to say are left out."""
    lessons = verdict.lessons
    found = (
        Section("The answer", (*verdict.answer, *verdict.cautions)),
        _gains(table, verdict),
        _differences(table),
        Section("Table 1: right order (AUC)", _ranges(table), table=auc_table(table)),
        Section(
            "Table 2: the top of the list",
            (*_calls(table), *_footnotes(table, *depth_measures(table))),
            table=depth_table(table),
        ),
        Section("What it costs", _reading(table), table=cost_table(table)),
        Section("Which tier helped, which hurt", lessons["tiers"], table=_tiers(table)),
        Section("What the talk adds to click-through networks", lessons["text"]),
        Section("What each change of the language model does", lessons["ablations"]),
        _not_there(table),
        _data(table),
        _how(table),
        _arms(table),
    )
    return tuple(one for one in found if one.sentences or one.table or one.picture)


def _gains(table: Table, verdict: Verdict) -> Section:
    lines = arm_lines(table.results, list(dict.fromkeys([*([verdict.use] if verdict.use else []), *table.telling])))
    capacity = table.results.capacity
    reached = Measure("recall_at", capacity)
    words = tuple(
        f"{line.name}: calling the best {share(capacity)} reaches {told(reached, line.at(capacity))} of the orders."
        for line in lines.values()
    )
    if not lines:
        return Section("Orders reached by calls")
    picture = Picture("Orders reached by how deep the list is called", gains_picture(lines, capacity))
    return Section("Orders reached by calls", words, picture)


def _differences(table: Table) -> Section:
    if table.reference is None:
        return Section("Against the best usual method", ("No usual method has run yet.",))
    measure = table.at_capacity
    base = table.arms[table.reference].title
    words = (
        f"{measure_words(measure)}. The best usual method by validation is {base}; it stands out in the tables. "
        "In the picture squares are usual methods, dots are forms of the language model."
    )
    shown = len(table.arms) > 1 and measure.name not in table.missing and not table.untold
    title = f"Difference of each way to rank to {base}, with its likely range"
    picture = Picture(title, forest_picture(table, measure)) if shown else None
    heading = "Against the best usual method, at your team's capacity"
    return Section(heading, (words, VALIDATED, *_footnotes(table, measure)), picture, difference_table(table, measure))


def _ranges(table: Table) -> tuple[str, ...]:
    """What a dash stands for in the table of the right order."""
    points = [one for arm in table.arms if isinstance(one := table.row(arm, AUC).figure, Point)]
    told_of = {one.reason: f"{NONE} under “Likely range”: {one.reason}." for one in points}
    words = (
        f"Relative: against the best usual method. {NONE}{' elsewhere' if told_of else ''}: trained once, or not run "
    )
    return (*told_of.values(), f"{words}with text, or the method itself.")


def _footnotes(table: Table, *shown: Measure) -> tuple[str, ...]:
    """What a dash stands for, in a table of these measures."""
    missing = [measure for measure in shown if measure.name in table.missing]
    reasons = tuple(f"{NONE} under “{measure_words(one)}”: {table.missing[one.name]}." for one in missing)
    once = [arm for arm in table.results.waiting if len(table.results.of(arm)) == 1]
    more = (f"Trained once so far, their ranges cover the leads alone: {len(once)} of them.",) if once else ()
    if table.untold:
        more = (f"{NONE} for a range or a difference: {table.untold}.",)
    return (*reasons, *more, f"{NONE}{' elsewhere' if reasons else ''}: there is nothing to hold it against.")


def _calls(table: Table) -> tuple[str, ...]:
    """How many calls the figures rest on, and which of them are too few."""
    depths = sorted({measure.share for measure in depth_measures(table) if measure.share is not None})
    calls = {depth: whole_calls(table.leads, depth) for depth in depths}
    counts = ", ".join(f"{share(depth)} are {number:,}" for depth, number in calls.items())
    few = [share(depth) for depth, number in calls.items() if 1 <= number < FEW_CALLS]
    warned = (
        f"Figures of fewer than {FEW_CALLS} leads are luck more than skill, since one lead moves them far: those of "
        f"the best {listed(few)}."
    )
    first = f"Of {table.leads:,} tested leads {counts}. In brackets: against the best usual method."
    return (first, *([warned] if few else []))


def _reading(table: Table) -> tuple[str, ...]:
    seconds = table.results.shared.get("read_seconds_per_1000")
    words = "Mean over seeds, on the machine of the benchmark, the tuning of settings included."
    if not seconds:
        return (words,)
    return (
        words,
        f"Reading 1,000 leads takes the language model {seconds:,.1f} s, which is counted in where it reads.",
    )


def _tiers(table: Table) -> parts.Table | None:
    tiers = table.results.shared.get("tiers", ())
    rows = tuple((str(tier["name"]), str(tier["summary"]), str(tier.get("warning") or "none")) for tier in tiers)
    return parts.Table(("Tier", "What the leads say of it, before any training", "Warning"), rows) if rows else None


def _not_there(table: Table) -> Section:
    rows = tuple((table.results.arms[arm].title, why) for arm, why in table.results.unfinished.items())
    grid = parts.Table(("Way to rank", "Why"), rows) if rows else None
    return Section("Left out or not finished", table=grid)


def _data(table: Table) -> Section:
    notes = tuple(str(note) for note in table.results.shared.get("data_notes", ()))
    start = ("What the check of the file warned of; every figure above rests on these leads.",) if notes else ()
    return Section("About the data", (*start, *notes))


def _how(table: Table) -> Section:
    shared = table.results.shared
    split, won = shared.get("split", {}), shared.get("converted", {})
    names = {"train": "to learn from", "calibration": "to stop training and choose by", "test": "tested"}
    counts = ", ".join(
        f"{counted(int(split[part]), 'lead')} {words} ({counted(int(won.get(part, 0)), 'order')})"
        for part, words in names.items()
        if part in split
    )
    told = [f"All ways to rank share one split in time: {counts}."] if counts else []
    told.append(
        f"{counted(table.leads, 'lead')} with a known outcome were tested, {counted(table.converted, 'order')} among "
        f"them ({share(table.converted / table.leads)})."
    )
    if "seeds" in shared:
        told.append(
            f"Whatever hangs on chance was trained with {counted(int(shared['seeds']), 'seed')}; what does not, once. "
            f"Settings tried for each network: {shared.get('trials', 1)}; trees try 7 to 20, linear models a grid. "
            "Networks share one sampler of batches, which draws "
            "rare stages often enough, and all stop by average precision on the later slice."
        )
    drawn = f"{table.resamples:,} resamples of the leads."
    return Section("How it was done", (*told, *STATISTICS, drawn, *map(str, shared.get("notes", ()))))


def _arms(table: Table) -> Section:
    rows = tuple((arm.title, FAMILIES.get(arm.family, arm.family), arm.why) for arm in table.results.arms.values())
    return Section("What was compared", table=parts.Table(("Way to rank", "Kind", "What it learns from"), rows))
