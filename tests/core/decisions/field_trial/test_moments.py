import pandas as pd
import pytest

from core.decisions.field_trial.moments import known_until, last_moment, mature_days
from core.errors import ConfigError, NotComputable
from tests.core.decisions.field_trial.staged_trials import DAY, START, staged_protocol

PROTOCOL = staged_protocol()
END = START + 38 * DAY


def test_days_are_mature_when_their_last_lead_is() -> None:
    assert mature_days(PROTOCOL, START) == 0 == mature_days(PROTOCOL, START + 10.9 * DAY)
    assert mature_days(PROTOCOL, START + 11 * DAY) == 1 and mature_days(PROTOCOL, END + DAY) == 28


def test_a_stop_ends_the_days_and_its_own_day_is_final_with_its_last_lead() -> None:
    stop = START + 14.3 * DAY
    assert last_moment(PROTOCOL, stop) == last_moment(PROTOCOL, stop.tz_localize("UTC")) == stop
    assert last_moment(PROTOCOL, END) == last_moment(PROTOCOL) == START + 28 * DAY
    assert mature_days(PROTOCOL, stop + 10 * DAY, stop) == 15 == mature_days(PROTOCOL, END + DAY, stop)
    assert mature_days(PROTOCOL, stop + 9.9 * DAY, stop) == 14
    with pytest.raises(NotComputable, match="was stopped on 2026-03-01, before its first day, 2026-03-01"):
        last_moment(PROTOCOL, START)


def test_nothing_is_known_of_days_to_come() -> None:
    snapshots = pd.Series([START, START + 3.5 * DAY])
    assert known_until(snapshots, None, START + 3 * DAY) == START + 3.5 * DAY
    assert known_until(snapshots, START + DAY, None) == START + DAY
    with pytest.raises(ConfigError, match="up to today, 2026-03-03, however: the newest lead's day is 2026-03-04"):
        known_until(snapshots, None, START + 2.9 * DAY)
