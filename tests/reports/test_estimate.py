from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from reports.estimate import (
    attainment,
    hodges_lehmann,
    is_enough,
    mean_of,
    percentile,
    rate_bound,
    ratio_of_pairs,
    sign_flip_p,
)


@pytest.mark.parametrize("q", [0.1, 50, 90, 95, 99, 99.9, 100])
def test_percentile_is_a_row_and_equals_numpys_inverted_cdf(q: float) -> None:
    values = np.random.default_rng(1).lognormal(size=997)
    found = percentile(values, q)
    assert found in values
    assert found == np.percentile(values, q, method="inverted_cdf")
    assert (values <= found).mean() >= q / 100
    assert (values < found).mean() < q / 100


def test_percentile_is_not_reached_when_too_many_answers_are_wrong() -> None:
    values = np.array([1.0] * 94 + [np.inf] * 6)
    assert percentile(values, 50) == 1.0
    assert math.isinf(percentile(values, 95))


def test_percentiles_need_twenty_rows_beyond_them() -> None:
    assert is_enough(400, 95)
    assert not is_enough(399, 95)
    assert is_enough(2000, 99)
    assert not is_enough(1999, 99)


def test_ratio_of_pairs_is_the_paired_t_interval_of_log_ratios() -> None:
    a, b = np.array([10.0, 12.0, 9.0, 11.0]), np.array([15.0, 19.0, 13.0, 16.0])
    ratio = ratio_of_pairs(a, b)
    assert ratio is not None
    reference = stats.ttest_1samp(np.log(b / a), 0).confidence_interval(0.95)
    assert ratio.value == pytest.approx(stats.gmean(b / a))
    assert (ratio.low, ratio.high) == pytest.approx(
        (math.exp(reference.low), math.exp(reference.high)))
    assert ratio.n == 4
    assert ratio.p == pytest.approx(2 / 2**4)


def test_three_pairs_are_judged_with_t_and_not_with_z() -> None:
    d = np.array([0.1, 0.2, 0.3])
    ratio = ratio_of_pairs(np.ones(3), np.exp(d))
    assert ratio is not None
    assert ratio.high is not None
    half = math.log(ratio.high) - 0.2
    assert half == pytest.approx(4.3027 * 0.1 / math.sqrt(3), rel=1e-4)


def test_one_pair_has_no_interval_and_says_so() -> None:
    ratio = ratio_of_pairs([2.0], [3.0])
    assert ratio is not None
    assert (ratio.low, ratio.high, ratio.p) == (None, None, None)
    assert ratio.caveats == ("one pair: no interval",)


@pytest.mark.parametrize("bad", [[math.inf, 1.0], [0.0, 1.0], [math.nan, 1.0]])
def test_ratio_is_refused_when_a_percentile_was_not_reached(bad: list[float]) -> None:
    assert ratio_of_pairs([1.0, 1.0], bad) is None
    assert ratio_of_pairs([], []) is None


def test_intervals_of_pairs_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(600):
        d = rng.normal(math.log(1.3), 0.2, 5)
        ratio = ratio_of_pairs(np.ones(5), np.exp(d))
        assert ratio is not None
        assert ratio.low is not None
        assert ratio.high is not None
        hits += ratio.low <= 1.3 <= ratio.high
    assert 0.92 <= hits / 600 <= 0.98


def test_intervals_of_means_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    found = [mean_of(rng.normal(5, 1, 4), "s") for _ in range(600)]
    hits = sum(e.low <= 5 <= e.high for e in found if e and e.low is not None
               and e.high is not None)
    assert 0.92 <= hits / 600 <= 0.98


def test_attainment_has_wilsons_interval_also_at_the_ends() -> None:
    none, all_good = attainment(0, 20), attainment(20, 20)
    assert none is not None
    assert none.low == 0
    assert none.high == pytest.approx(0.1611, abs=1e-4)
    assert all_good is not None
    assert all_good.low == pytest.approx(0.8389, abs=1e-4)
    assert attainment(0, 0) is None


def test_nothing_seen_in_n_bounds_the_rate_by_three_over_n() -> None:
    assert rate_bound(300) == 0.01
    assert rate_bound(2) == 1.0
    assert rate_bound(0) is None


def test_hodges_lehmann_shrugs_at_one_wild_pair() -> None:
    assert hodges_lehmann([0.1, 0.1, 0.1, 0.1, 9.0]) == pytest.approx(0.1)


def test_sign_flips_are_exact_for_few_and_seeded_for_many_pairs() -> None:
    assert sign_flip_p([1.0, 2.0, 3.0]) == pytest.approx(0.25)
    assert sign_flip_p([0.0, 0.0]) == 1.0
    many = np.random.default_rng(4).normal(0.1, 1, 30)
    assert sign_flip_p(many) == sign_flip_p(many)
