import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.decisions.field_trial.fieller import critical_t, fieller
from core.errors import NotComputable

rate, error = st.floats(0.01, 0.2), st.floats(0.0005, 0.003)


@given(rate, rate, error, error, st.floats(-0.9, 0.9), st.floats(4, 200))
def test_the_interval_holds_the_uplifts_that_are_not_refused(
    treatment: float, control: float, new: float, old: float, correlation: float, df: float
) -> None:
    critical = critical_t(df, 0.05, None)
    assume(control > 1.1 * critical * old)
    both = correlation * new * old
    found = fieller("ratio", [treatment, control], np.array([[new**2, both], [both, old**2]]), df, critical)
    assume(found.low > -1)
    for uplift, refused in ((found.low, None), (found.high, None), (found.uplift, False)):
        times = 1 + uplift
        gap = abs(treatment - times * control)
        spread = np.sqrt(new**2 - 2 * times * both + (times * old) ** 2)
        if refused is None:
            assert gap == pytest.approx(critical * spread, rel=1e-4)
        else:
            assert gap < 1e-9


def test_a_precise_control_arm_makes_it_the_plain_interval() -> None:
    found = fieller("ratio", [0.012, 0.01], np.diag([1e-8, 0.0]), np.inf, 1.959964)
    assert (found.low, found.high) == pytest.approx((0.2 - 0.0195996, 0.2 + 0.0195996))


def test_orders_cannot_fall_by_more_than_all() -> None:
    assert fieller("ratio", [0.0001, 0.01], np.diag([1e-6, 1e-6]), 20, 2.0).low == -1


def test_a_bound_is_a_normal_quantile() -> None:
    assert critical_t(1e9, 0.05, None) == pytest.approx(1.959964, abs=1e-5)
    assert critical_t(1e9, 0.05, 2.5) == pytest.approx(2.5, abs=1e-5)
    assert critical_t(10, 0.05, 2.5) > 2.5


def test_without_an_interval_it_says_so() -> None:
    with pytest.raises(NotComputable, match="10 per 1,000 leads, with a standard error of 6"):
        fieller("ratio", [0.01, 0.01], np.diag([1e-6, 3.6e-5]), 20, 2.0)
    with pytest.raises(NotComputable, match="treatment has 10 and control 0 orders per 1,000 leads"):
        fieller("ratio", [0.01, 0.0], np.diag([1e-6, 0.0]), 20, 2.0)
