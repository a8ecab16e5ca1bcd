"""Leads in rows of about one length: best fit, longest first.

budget   |aaaaaaaaaaaa bbbb|cccccccccc dddddd|eeeeeeeeee fff gg|      a row is one pass
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

import numpy as np


def packed_rows(lengths: Sequence[int], budget: int, at_most: int = 256) -> list[np.ndarray]:
    """Positions grouped so that the tokens of each group stay within `budget`, in as few groups as best fit finds.

    The longest first; each goes where it leaves least room. A lead longer than the budget is a group of its own.

    Example:
        >>> [row.tolist() for row in packed_rows([3, 9, 4, 2, 5], budget=9)]
        [[1], [4, 2], [0, 3]]
    """
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []
    """Tokens left and number of each row that takes more, ascending."""
    for position in np.argsort(-np.asarray(lengths), kind="stable").tolist():
        length = lengths[position]
        at = bisect_left(room, (length, 0))
        if at < len(room):
            left, row = room.pop(at)
        else:
            left, row = budget, len(rows)
            rows.append([])
        rows[row].append(position)
        if left > length and len(rows[row]) < at_most:
            insort(room, (int(left - length), row))
    return [np.array(row, dtype=np.int64) for row in rows]
