"""A share is enforced as it is written, however small."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.budget.group import PERIOD_US, quota_of


@given(st.floats(0.001, 64))
def test_quota_over_period_is_the_share(cpus: float) -> None:
    quota, period = quota_of(cpus)
    assert quota >= 1000
    assert PERIOD_US <= period <= 1_000_000
    assert quota / period == pytest.approx(cpus, rel=0.03)


def test_the_period_is_short_wherever_it_can_be() -> None:
    assert quota_of(0.9) == (18_000, PERIOD_US)
    assert quota_of(0.05) == (1000, PERIOD_US)
    assert quota_of(0.02) == (1000, 50_000)
