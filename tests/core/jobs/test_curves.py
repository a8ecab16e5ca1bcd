"""A job's history as a table: numbers alone, and the later word on a step that was told twice."""

from core.jobs.curves import COLUMNS, history
from core.workspace.tables import JobEvent


def event(phase: str, done: int, **figures) -> JobEvent:
    return JobEvent(phase=phase, done=done, figures=figures)


def test_one_row_a_figure():
    table = history([event("probe", 0, validation_auc=0.7, note="x"), event("fine-tune", 3, total=1.5, epoch=1)])
    assert table.to_dict("records") == [
        {"phase": "probe", "step": 0, "name": "validation_auc", "value": 0.7},
        {"phase": "fine-tune", "step": 3, "name": "total", "value": 1.5},
        {"phase": "fine-tune", "step": 3, "name": "epoch", "value": 1.0},
    ]


def test_a_resumed_training_counts_a_step_once():
    told = [event("fine-tune", 1, total=2.0), event("fine-tune", 2, total=1.9), event("fine-tune", 2, total=1.8)]
    assert history(told)["value"].tolist() == [2.0, 1.8]


def test_nothing_told_is_an_empty_table():
    assert list(history([]).columns) == list(COLUMNS) and history([]).empty
