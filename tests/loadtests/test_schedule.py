"""Arrivals before the load."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

from contract.load import LoadSpec
from loadtests.schedule import arrivals, load_s, share

Spec = Callable[..., LoadSpec]


def test_equal_specs_give_equal_arrivals(new_spec: Spec) -> None:
    assert arrivals(new_spec()) == arrivals(new_spec())


def test_both_arms_of_a_pair_get_the_same_arrivals(new_spec: Spec) -> None:
    left = new_spec(trial=8, base_url="http://127.0.0.1:1")
    right = new_spec(trial=9, base_url="http://127.0.0.1:2")
    assert arrivals(left) == arrivals(right)


def test_another_seed_gives_other_arrivals(new_spec: Spec) -> None:
    assert arrivals(new_spec(seed=1)) != arrivals(new_spec(seed=2))


def test_the_order_in_which_weights_are_written_does_not_matter(new_spec: Spec) -> None:
    assert (arrivals(new_spec(weights={"browse": 1, "search": 2}))
            == arrivals(new_spec(weights={"search": 2, "browse": 1})))


def test_each_step_of_the_profile_has_its_rate(new_spec: Spec) -> None:
    profile = [(20.0, 50.0), (10.0, 400.0), (20.0, 0.0), (10.0, 100.0)]
    stream = arrivals(new_spec(rate_profile=profile))
    begin = 0.0
    for seconds, rate in profile:
        count = sum(begin <= arrival.offset_s < begin + seconds for arrival in stream)
        expected = seconds * rate
        assert abs(count - expected) <= 5 * math.sqrt(expected)
        begin += seconds
    assert max(arrival.offset_s for arrival in stream) < load_s(profile)


def test_gaps_are_exponential(new_spec: Spec) -> None:
    stream = arrivals(new_spec(rate_profile=[(100.0, 100.0)]))
    gaps = [later.offset_s - earlier.offset_s for earlier, later in pairwise(stream)]
    mean = sum(gaps) / len(gaps)
    sd = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert mean == pytest.approx(0.01, rel=0.05)
    assert sd == pytest.approx(mean, rel=0.06)


def test_journeys_come_in_proportion_to_their_weights(new_spec: Spec) -> None:
    stream = arrivals(new_spec(weights={"browse": 3, "search": 1, "check_out": 0},
                               rate_profile=[(100.0, 100.0)]))
    counts = Counter(arrival.journey for arrival in stream)
    assert counts["browse"] / len(stream) == pytest.approx(0.75, abs=0.03)
    assert counts["check_out"] == 0


def test_weights_that_are_all_zero_are_refused(new_spec: Spec) -> None:
    with pytest.raises(ValueError, match="name no journey"):
        arrivals(new_spec(weights={"browse": 0}))


def test_processes_share_all_journeys_without_overlap(new_spec: Spec) -> None:
    stream = arrivals(new_spec())
    parts = [share(stream, index, 3) for index in range(3)]
    assert sorted((a for part in parts for a in part), key=lambda a: a.journey_no) == stream
    assert [arrival.journey_no for arrival in stream] == list(range(len(stream)))
