"""What is wrong with a lead file: one `Problem` each, gathered chunk by chunk, handed on as a `Report`.

Rows are numbered as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import ValidationError

SHOWN_ROWS = 10
"""Row numbers that a problem names before it only counts."""
FIRST_ROW = 2  # below the header


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file, and what to do about it."""

    column: str
    """"" where the file as a whole is meant."""
    message: str
    remedy: str
    rows: tuple[int, ...] = ()
    """The first of the rows, as a spreadsheet numbers them."""
    count: int = 0
    """How many rows in all; 0 where no single row is meant."""

    def __str__(self) -> str:
        """One line.

        Example:
            >>> print(Problem("age", "not a number, such as 'old'", "write a number", rows=(2, 5), count=3))
            column 'age': not a number, such as 'old' (rows 2, 5 and 1 more); write a number
        """
        more = f" and {self.count - len(self.rows):,} more" if self.count > len(self.rows) else ""
        noun = "row" if self.count == 1 else "rows"
        rows = f" ({noun} {', '.join(map(str, self.rows))}{more})" if self.rows else ""
        return f"{f'column {self.column!r}: ' if self.column else ''}{self.message}{rows}; {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "column": self.column,
            "message": self.message,
            "remedy": self.remedy,
            "rows": list(self.rows),
            "count": self.count,
        }


@dataclass(frozen=True)
class Report:
    """What was found: `errors` forbid the use of the file, `warnings` do not."""

    leads: int
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "leads": self.leads,
            "errors": [problem.to_dict() for problem in self.errors],
            "warnings": [problem.to_dict() for problem in self.warnings],
        }


@dataclass
class Findings:
    """Problems by severity; those about rows grow with each chunk."""

    by_key: dict[tuple[str, str], tuple[str, Problem]] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    """Columns that the file does not have: at fault each, though one problem may name them all."""

    def note(self, severity: str, column: str, message: str, remedy: str) -> None:
        """A problem of no single row; `severity` is `error` or `warning`."""
        self.by_key[column, message] = (severity, Problem(column, message, remedy))

    def rows(
        self, severity: str, column: str, mask: Any, message: str, remedy: str, *, start: int = 0, cells: Any = None
    ) -> None:
        """The rows where `mask` (n,) is set; `start` is the place of its first row, `cells` (n,) give an example."""
        positions = np.flatnonzero(np.asarray(mask, dtype=bool))
        if not len(positions):
            return
        _, problem = self.by_key.get((column, message), (severity, Problem(column, message, remedy)))
        if cells is not None and not problem.count:
            example = str(cells.iloc[positions[0]])
            problem = replace(problem, message=f"{message}, such as {example[:40]!r}")
        shown = (problem.rows + tuple(int(p) + start + FIRST_ROW for p in positions[:SHOWN_ROWS]))[:SHOWN_ROWS]
        self.by_key[column, message] = severity, replace(problem, rows=shown, count=problem.count + len(positions))

    def escalate(self, column: str, message: str, remedy: str) -> None:
        """Make an error of a warning."""
        problem = self.by_key[column, message][1]
        self.by_key[column, message] = "error", replace(problem, remedy=remedy)

    def count(self, column: str, message: str) -> int:
        """Rows with that problem so far."""
        return self.by_key[column, message][1].count if (column, message) in self.by_key else 0

    def at_fault(self) -> set[str]:
        """Columns with an error."""
        return {column for (column, _), (severity, _) in self.by_key.items() if severity == "error"} | self.lacking

    def problems(self, severity: str) -> tuple[Problem, ...]:
        """Those of one severity, in the order in which they were found."""
        return tuple(problem for level, problem in self.by_key.values() if level == severity)

    def refuse(self) -> None:
        """Raises ValidationError with every error that was found, if there is one."""
        if problems := self.problems("error"):
            raise ValidationError(tuple(str(problem) for problem in problems))
