"""What the work of a job gets: its request, whom to tell, what to remember; and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.leads import Leads
from core.jobs import folders
from core.progress import Event, Watch
from core.workspace.datasets import mapped_leads
from core.workspace.store import Workspace
from core.workspace.tables import Job


class Stopped(BaseException):
    """Raised in the work where it tells its progress. Not an `Exception`, so that nobody takes it for a failure.

    `state`: `cancelled`, `interrupted`, or "" where the job is not this process's any more; `message`: why, in plain
    words, where that is not what is always said of this state.
    """

    def __init__(self, state: str, message: str = "") -> None:
        self.state, self.message = state, message
        super().__init__(state)


@dataclass(frozen=True)
class Task:
    """One attempt at a job."""

    ws: Workspace
    job: Job
    watch: Watch

    @property
    def request(self) -> dict[str, Any]:
        return self.job.request

    @property
    def by(self) -> str:
        return self.job.by

    def remembered(self, name: str) -> Any:
        """What an earlier attempt, or this one, left under `name`; None where nothing."""
        return folders.read_memory(self.ws, self.job.id).get(name)

    def remember(self, name: str, value: Any) -> None:
        """Keep a JSON value for later attempts."""
        folders.write_memory(self.ws, self.job.id, {**folders.read_memory(self.ws, self.job.id), name: value})

    def half_made(self, path: Path) -> None:
        """`path` is removed, should the work not come to its end, by whoever finds out."""
        folders.note_partial(self.ws, self.job.id, path)

    def leads(self, dataset_id: str) -> Leads:
        """All leads of a dataset, however many: their texts stay on disk."""
        file = folders.job_folder(self.ws, self.job.id) / "leads.arrow"
        self.half_made(file)
        return mapped_leads(self.ws, dataset_id, file)

    def whole(self) -> None:
        """All that was half-made has its row now."""
        folders.keep_partials(self.ws, self.job.id)

    def tell(self, text: str) -> None:
        """A phase without figures."""
        self.watch(Event(text))


@dataclass(frozen=True)
class Follow:
    """A job that follows from another."""

    kind: str
    request: dict[str, Any]
    label: str


@dataclass(frozen=True)
class Outcome:
    """How the work ended well."""

    result: dict[str, Any]
    message: str = ""
    """What a person has to know of it, in plain words; "" where nothing."""
    then: Follow | None = None
    """Work that is queued once this is done."""


Work = Callable[[Task], Outcome]
