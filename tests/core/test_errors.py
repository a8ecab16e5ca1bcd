"""Paths of the server in messages: only the name of the file is left."""

from pathlib import Path

import pytest

from core.errors import without_folders


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("'/srv/my data/models/q/config.json' is gone", "'config.json' is gone"),
        ('no "/srv/bob\'s data/x.csv" here', 'no "x.csv" here'),
        ("no '/srv/bob's data/x.csv' here", "no 'x.csv' here"),
        ("at '/srv/models/' and `~/my runs/q`", "at 'models' and `q`"),
        ("'file:///srv/my data/x' is gone", "'x' is gone"),
        ("open file:/srv/x/y, file:///srv/z", "open y, z"),
        (r"C:\Files\ana\x.csv or 'C:\\Files\\a na\\y.csv' or '\\\\host\share\z'", "x.csv or 'y.csv' or 'z'"),
        ("from /srv/models/q: error", "from q: error"),
        ("found:/srv/models/q, path=/srv/x/y", "found:q, path=y"),
        ("~/.cache/leadrank/x", "x"),
    ],
)
def test_folders_are_left_out(message: str, said: str) -> None:
    assert without_folders(message) == said


@pytest.mark.parametrize(
    "message",
    [
        "3/4 of a/b and/or c done: 5 / 6",
        "see https://example.com/a/b or 'https://example.com/a b'",
        "the hub's 'owner/name' isn't here; separator '/' or '\\t', don't use 'a' / 'b'",
        "took 12/11/2026 10:30",
    ],
)
def test_all_else_stays(message: str) -> None:
    assert without_folders(message) == message


def test_known_folders_are_left_out_though_a_blank_is_in_their_names() -> None:
    places = [Path("/srv/my data"), Path("/srv/my data/models"), Path("/")]
    said = without_folders("from /srv/my data/models/q/x, in /srv/my data, not /srv/my data2/x", places)
    assert said == "from q/x, in my data, not my data2/x"
