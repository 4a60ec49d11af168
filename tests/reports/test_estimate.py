from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.estimate import (
    Ratio,
    attainment,
    half_width,
    hodges_lehmann,
    holm,
    is_enough,
    mean_of,
    paired_t_p,
    percentile,
    percentile_of,
    rate_bound,
    ratio_of_pairs,
    sign_flip_p,
)
from reports.estimate_blocks import block_interval, block_length
from reports.estimate_family import adjusted_p, p_in_family
from reports.estimate_p import smallest_sign_flip_p


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


@pytest.mark.parametrize(("n", "within"), [(2, 0), (5, 0), (12, 0), (14, 0.02), (40, 0.02)])
def test_sign_flips_give_the_p_of_scipys_permutation_test(n: int, within: float) -> None:
    for shift in (0.0, 0.2, 0.6):
        x = np.random.default_rng(n).normal(shift, 1, n)
        theirs = stats.permutation_test((x,), np.mean, permutation_type="samples", rng=1,
                                        vectorized=True, n_resamples=9999).pvalue
        assert sign_flip_p(x) == pytest.approx(float(theirs), abs=within or 1e-12)


def test_flips_that_reach_as_far_as_what_was_observed_count() -> None:
    assert sign_flip_p([0.1, 0.1, -0.1, 0.2]) == pytest.approx(0.5)
    assert sign_flip_p([1.0, 1.0, 1.0, -1.0]) == pytest.approx(0.625)


@pytest.mark.parametrize(("given_p", "adjusted"), [
    ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # Wikipedia, Holm–Bonferroni method
    ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),  # R, p.adjust(p, "holm")
    ([0.6, 0.7], [1.0, 1.0]),
    ([0.04], [0.04]),
    ([], []),
])
def test_holm_gives_the_published_values(given_p: list[float], adjusted: list[float]) -> None:
    found = holm({str(place): p for place, p in enumerate(given_p)})
    assert list(found.values()) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(p_values: list[float]) -> None:
    found = holm({str(place): p for place, p in enumerate(p_values)})
    pairs = sorted((p, found[str(place)] or 0.0) for place, p in enumerate(p_values))
    assert [a for _, a in pairs] == sorted(a for _, a in pairs)
    assert all(p <= a <= min(1.0, len(p_values) * p) for p, a in pairs)


def test_holm_does_not_count_what_was_not_tested() -> None:
    assert holm({"p95": 0.03, "p99": None}) == {"p95": 0.03, "p99": None}


def test_paired_t_is_scipys_and_knows_its_ends() -> None:
    d = [0.1, 0.3, 0.2, 0.4]
    assert paired_t_p(d) == pytest.approx(stats.ttest_1samp(d, 0).pvalue)
    assert paired_t_p([0.1]) is None
    assert paired_t_p([0.0, 0.0]) == 1.0
    assert paired_t_p([0.2, 0.2]) == 0.0


@pytest.mark.parametrize("n", range(2, 12))
def test_sign_flips_can_give_no_smaller_p_than_said(n: int) -> None:
    assert sign_flip_p(np.arange(1, n + 1)) == pytest.approx(smallest_sign_flip_p(n))


def test_drawn_sign_flips_can_give_no_smaller_p_than_said() -> None:
    assert sign_flip_p(np.arange(1, 41)) == pytest.approx(smallest_sign_flip_p(40))


def found_ratio(d: list[float]) -> Ratio:
    ratio = ratio_of_pairs(np.ones(len(d)), np.exp(d))
    assert ratio is not None
    return ratio


def test_sign_flips_are_asked_only_where_they_can_answer() -> None:
    five = found_ratio([0.1, 0.2, 0.3, 0.2, 0.1])
    six = found_ratio([0.1, 0.2, 0.3, 0.2, 0.1, 0.2])
    assert p_in_family(five) == five.p_t
    assert p_in_family(six) == six.p == pytest.approx(2 / 2**6)
    assert p_in_family(six, family=2) == six.p_t


def test_secondary_endpoints_share_one_level() -> None:
    ratios = {"p95": found_ratio([0.1, 0.2, 0.3, 0.2, 0.1]),
              "p99": found_ratio([0.5, -0.2, 0.3, 0.2, 0.1]),
              "one pair": found_ratio([0.4]), "absent": None}
    found = adjusted_p(ratios)
    p95, p99 = ratios["p95"], ratios["p99"]
    assert p95 is not None
    assert p95.p_t is not None
    assert p99 is not None
    assert found == {"p95": pytest.approx(2 * p95.p_t), "p99": pytest.approx(p99.p_t),
                     "one pair": None, "absent": None}


def test_the_half_width_is_a_share_of_the_ratio() -> None:
    assert half_width(Ratio(2.0, 1.8, 2.3, 4, 2.0, 0.1)) == pytest.approx(0.125)
    assert half_width(found_ratio([0.1])) is None


def test_a_percentile_of_one_trial_has_rows_as_its_ends() -> None:
    values = np.random.default_rng(8).lognormal(size=2500)
    for q in (50, 95, 99):
        found = percentile_of(values, q, "ms")
        assert found is not None
        assert found.value == percentile(values, q)
        assert {found.low, found.high} <= set(values)
        assert (found.n, found.unit) == (2500, "ms")
    assert percentile_of(values[:399], 95, "ms") is None


def test_a_percentile_whose_upper_end_was_not_reached_is_open_there() -> None:
    found = percentile_of([*range(1, 951), *([math.inf] * 50)], 94.5, "ms")
    assert found is not None
    assert found.low is not None
    assert found.high is None


def test_intervals_of_percentiles_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(9)
    truth = stats.norm.ppf(0.95)
    found = [percentile_of(rng.standard_normal(400), 95, "ms") for _ in range(400)]
    hits = sum(e.low <= truth <= e.high for e in found if e and e.low is not None
               and e.high is not None)
    assert 0.92 <= hits / 400 <= 0.985


def dependent(rng: np.random.Generator, n: int, along: float) -> np.ndarray:
    noise = rng.standard_normal(n)
    for place in range(1, n):
        noise[place] = along * noise[place - 1] + math.sqrt(1 - along**2) * noise[place]
    return noise


def test_blocks_stand_where_pairs_depend_on_one_another() -> None:
    """An interval of 95 % by Student's t holds the truth in 86 % here; blocks in 96 %."""
    rng = np.random.default_rng(10)
    by_blocks = by_t = 0
    for _ in range(300):
        d = dependent(rng, 24, 0.3)
        block, t = block_interval(d), mean_of(d, "log ratio")
        assert block is not None
        assert t is not None
        assert t.low is not None
        assert t.high is not None
        by_blocks += block[0] <= 0 <= block[1]
        by_t += t.low <= 0 <= t.high
    assert by_blocks / 300 >= 0.91
    assert by_t < by_blocks


def test_blocks_are_shown_from_twenty_pairs_on() -> None:
    rng = np.random.default_rng(11)
    assert block_interval(rng.standard_normal(19)) is None
    assert block_interval(rng.standard_normal(20)) is not None
    assert found_ratio([0.1, 0.2, 0.3]).block is None
    assert (block_length(20), block_length(64)) == (4, 6)


def test_the_same_pairs_give_the_same_blocks() -> None:
    d = np.random.default_rng(12).standard_normal(30)
    assert block_interval(d) == block_interval(d)


def test_every_result_says_its_n_unit_and_method() -> None:
    ratio = found_ratio([0.1, 0.2])
    assert (ratio.n, ratio.unit, ratio.method) == (2, "ratio", "paired t of log ratios")
    mean = mean_of([1.0, 2.0], "s")
    assert mean is not None
    assert (mean.n, mean.unit, mean.method) == (2, "s", "mean, t interval")
    share = attainment(19, 20)
    assert share is not None
    assert (share.n, share.unit, share.method) == (20, "share", "Wilson")
    assert share.caveats == ("counting error only",)
