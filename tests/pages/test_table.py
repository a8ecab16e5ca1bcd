"""The queue's table: headed as the files are that hold the same columns."""

import pandas as pd

from core.exports import readable
from core.queue.titles import TITLES
from pages._table import column_settings


def test_a_column_has_one_name_on_the_screen_and_in_files():
    names = [*TITLES, "field:calls_30d", "shown:Home town"]
    frame = pd.DataFrame({name: [""] for name in names})
    screen = column_settings(frame)
    assert [screen[name]["label"] for name in names] == list(readable(frame).columns)
