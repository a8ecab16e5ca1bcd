"""Turns: one job of a line computes, the next waits, the other line does not, and a waiting job can be stopped."""

import threading

import pytest

from core.jobs import turns
from core.jobs.task import Stopped, Task
from core.progress import Event
from core.workspace.ids import new_id
from core.workspace.tables import Job


def task_of(ws, kind, watch=lambda event: None):
    return Task(ws, Job(id=new_id(), kind=kind, label="", request={}, by="ann", state="running"), watch)


@pytest.fixture(autouse=True)
def one_at_once(monkeypatch):
    monkeypatch.setattr(turns, "AT_ONCE", 1)
    monkeypatch.setattr(turns, "LOOK_SECONDS", 0.01)


def test_the_second_of_a_line_waits_and_the_other_line_does_not(ws):
    waits, came = threading.Event(), []

    def watch(event: Event) -> None:
        came.append("waits")
        waits.set()

    def second() -> None:
        with turns.turn(task_of(ws, "score", watch)):
            came.append("second")

    with turns.turn(task_of(ws, "train")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        with turns.turn(task_of(ws, "explain")), turns.turn(task_of(ws, "import")):
            came.append("reasons")
        assert "second" not in came
    thread.join(10)
    assert came[-1] == "second" and "reasons" in came


def test_who_waits_can_be_stopped(ws):
    def watch(event: Event) -> None:
        assert event.phase == turns.WAITING
        raise Stopped("cancelled")

    with turns.turn(task_of(ws, "train")), pytest.raises(Stopped), turns.turn(task_of(ws, "train", watch)):
        pytest.fail("it did not wait")


def test_the_place_is_given_back_after_a_failure(ws):
    with pytest.raises(ValueError), turns.turn(task_of(ws, "score")):
        raise ValueError
    with turns.turn(task_of(ws, "train", lambda event: pytest.fail("it waited"))):
        pass
