"""Files of a trial's verbs that never replace another's; reading them is tested with the verbs."""

import pytest

from core.errors import ConfigError, LeadRankError
from core.trial_files import write_once


def test_a_report_that_came_meanwhile_stays(tmp_path):
    report = tmp_path / "report.html"
    report.write_text("mine")
    with pytest.raises(ConfigError, match=r"'report.html' is there already"):
        write_once(report, b"new")
    with pytest.raises(LeadRankError, match=r"cannot write the report 'report.html'"):
        write_once(tmp_path / "nowhere" / "report.html", b"new")
    assert report.read_text() == "mine"
