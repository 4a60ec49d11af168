"""The Universal Scalability Law: the published fit, its band, and what it refuses."""

from __future__ import annotations

import re

import numpy as np
import pytest

from reports import usl
from reports.estimate import Estimate
from reports.usl import Refusal, TooFar, Usl, fit_usl, usl_sentence
from reports.words import number

SDM_N = [1, 18, 36, 72, 108, 144, 216]
SDM_X = [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2]
"""SPEC SDM91 on a SPARCcenter 2000; reference: R package usl 3.0.4, README."""


def fitted(n: list[float], x: list[float]) -> Usl:
    found = fit_usl(n, x)
    assert isinstance(found, Usl)
    return found


@pytest.fixture(scope="module")
def sdm() -> Usl:
    return fitted(SDM_N, SDM_X)


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usl, "_DRAWS", 80)


def curve(n: list[float], gamma: float, alpha: float, beta: float) -> list[float]:
    return [gamma * k / (1 + alpha * (k - 1) + beta * k * (k - 1)) for k in n]


def noisy(x: list[float], seed: int, spread: float = 0.02) -> list[float]:
    return list(np.array(x) * np.exp(np.random.default_rng(seed).normal(0, spread, len(x))))


def test_the_published_coefficients_come_out_to_the_printed_digits(sdm: Usl) -> None:
    assert f"{sdm.gamma.value:.3f}" == "89.995"
    assert f"{sdm.alpha.value:.4f}" == "0.0277"
    assert f"{sdm.beta.value:.6f}" == "0.000104"
    assert sdm.peak_n is not None
    assert sdm.peak_x is not None
    assert f"{sdm.peak_n.value:.2f}" == "96.52"
    assert f"{sdm.peak_x.value:.0f}" == "1884"


def test_intervals_are_about_as_wide_as_published_standard_errors(sdm: Usl) -> None:
    """Student's t with 4 degrees of freedom is 2.78 standard errors."""
    for found, error in ((sdm.gamma, 14.2134894), (sdm.alpha, 0.0091217), (sdm.beta, 0.0000199)):
        assert found.low is not None
        assert found.high is not None
        assert (found.high - found.low) / 2 == pytest.approx(2.78 * error, rel=0.4)
        assert found.low < found.value < found.high
        assert (found.n, found.method) == (7, "parametric bootstrap")


def test_a_start_from_elsewhere_finds_the_same_curve(sdm: Usl) -> None:
    n, x = np.array(SDM_N, float), np.array(SDM_X)
    for start in ([10.0, 0.5, 0.01], [500.0, 0.001, 1e-6]):
        assert usl._fit(n, x, np.array(start)) == pytest.approx(
            [sdm.gamma.value, sdm.alpha.value, sdm.beta.value], rel=1e-4)


def test_slopes_are_the_derivatives_of_the_law() -> None:
    n, at = np.array([1.0, 3.0, 20.0]), np.array([50.0, 0.1, 0.002])
    for index, step in enumerate((1e-4, 1e-7, 1e-8)):
        move = np.eye(3)[index] * step
        difference = (usl._throughput(at + move, n) - usl._throughput(at - move, n)) / (2 * step)
        assert usl._slopes(at, n)[:, index] == pytest.approx(difference, rel=1e-5)


def test_the_band_holds_the_planted_curve(few_draws: None) -> None:
    n = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
    truth = curve(n, 20, 0.1, 0.02)
    hits = total = 0
    for seed in range(12):
        found = fitted(n, noisy(truth, seed))
        for size, x in zip(n, truth, strict=True):
            band = found.at(size)
            assert band.low is not None
            assert band.high is not None
            hits += band.low <= x <= band.high
            total += 1
    assert hits / total >= 0.8


def test_the_law_does_not_speak_beyond_twice_the_largest_size(sdm: Usl) -> None:
    assert sdm.limit == 432
    assert sdm.at(432).value > 0
    with pytest.raises(TooFar, match="432"):
        sdm.at(433)
    with pytest.raises(TooFar):
        sdm.at(0.5)


@pytest.mark.parametrize(("n", "x", "reason"), [
    ([1, 2, 4], [1, 2, 3], "3 distinct sizes measured, three parameters need at least 4"),
    ([1, 2, 4, 4, 4, 4], [1, 2, 3, 3, 3, 3], "3 distinct sizes"),
    ([1, 2, 4, 8], [1, 2, 3, 0], "missing, infinite or zero"),
    ([1, 2, 4, 8], [1, 2, 3, float("nan")], "missing, infinite or zero"),
    ([0.3, 0.5, 0.7, 0.9], [1, 2, 3, 4], "counted in units of the smallest"),
    ([1, 2, 4, 8], [1, 2, 3], "4 sizes but 3 throughputs"),
])
def test_what_cannot_be_fitted_is_refused_with_the_reason(
        n: list[float], x: list[float], reason: str) -> None:
    found = fit_usl(n, x)
    assert isinstance(found, Refusal)
    assert reason in found.reason
    assert usl_sentence("shop", found) == (
        f"shop: the Universal Scalability Law is not fitted: {found.reason}.")


def test_growth_faster_than_size_is_refused_and_a_little_of_it_is_not() -> None:
    """A core that is stopped half of the time is slower in each of its milliseconds."""
    found = fit_usl([1, 2, 3, 4], [15, 73, 150, 240])
    assert isinstance(found, Refusal)
    assert "throughput grows faster than size, up to ×4.00 as much per unit" in found.reason
    assert isinstance(fit_usl([1, 2, 3, 4], [100, 210, 300, 380]), Usl)


def test_without_coherency_cost_a_peak_is_rarely_quoted(few_draws: None) -> None:
    n = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
    quoted = []
    for seed in range(20):
        found = fitted(n, noisy(curve(n, 20, 0.08, 0.0), seed))
        said = usl_sentence("shop", found)
        quoted.append(found.peak_n is not None)
        assert (found.peak_n is None) == ("no peak is quoted" in said)
        if found.beta.low == 0:
            assert "β is not distinguishable from 0" in said
    assert sum(quoted) <= 2


def test_a_peak_far_beyond_the_data_is_not_quoted(few_draws: None) -> None:
    n = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
    found = fitted(n, curve(n, 20, 0.02, 0.0005))
    assert found.beta.low
    assert found.peak_n is None
    assert "beyond 2 times the largest N" in usl_sentence("shop", found)


@pytest.mark.parametrize(("alpha", "beta"), [(1.4, 0.1), (0.885, 0.308)])
def test_a_curve_that_falls_from_the_start_has_no_peak(few_draws: None, alpha: float,
                                                       beta: float) -> None:
    n = [1.0, 2.0, 4.0, 8.0]
    found = fitted(n, curve(n, 20, alpha, beta))
    assert found.peak_n is None
    assert "falls from the start" in usl_sentence("shop", found)


def test_a_peak_whose_interval_reaches_the_start_is_not_quoted() -> None:
    """Some refits have α of 1 or more and no β: they fall from the start."""
    found = fitted([1, 2, 3, 4], [150, 155, 140, 120])
    fall = found.draws[:, 1] + found.draws[:, 2] >= 1
    assert fall.any()
    assert (found.draws[fall, 2] == 0).any()
    assert found.turn[0] == 1
    assert 1 < found.turn[1] < 4
    assert found.peak_n is None
    assert found.peak_x is None
    said = usl_sentence("shop", found)
    assert said.endswith("no peak is quoted: its interval reaches down to N = 1, so throughput may "
                         "fall from the start.")
    assert "[–" not in said


@pytest.mark.parametrize("seed", range(8))
def test_whatever_peak_is_quoted_has_an_interval_above_one(seed: int, few_draws: None) -> None:
    rng = np.random.default_rng(seed)
    n = [1.0, 2.0, 3.0, 4.0]
    found = fitted(n, noisy(curve(n, 100, rng.uniform(0, 0.6), rng.uniform(0.02, 0.3)), seed, 0.03))
    assert np.isfinite(found.turn).all()
    if found.peak_n:
        assert found.peak_n.low is not None
        assert 1 < found.peak_n.low <= found.peak_n.value
        assert found.peak_x
        assert found.peak_x.low is not None
        assert np.isfinite([found.peak_x.low, found.peak_x.high or np.nan]).all()


def test_a_peak_that_may_lie_out_of_reach_has_no_upper_end(few_draws: None) -> None:
    n = [1.0, 2.0, 3.0, 4.0, 6.0]
    peaks = [found for seed in range(20)
             if (found := fitted(n, noisy(curve(n, 20, 0.05, 0.012), seed, 0.01))).peak_n]
    open_ended = [one for one in peaks if one.peak_n and one.peak_n.high is None]
    assert open_ended
    for one in open_ended:
        assert "beyond 12.0]" in usl_sentence("shop", one)


def test_several_measurements_of_a_size_narrow_the_interval(few_draws: None) -> None:
    n = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
    truth = curve(n, 20, 0.1, 0.02)

    def width(repeats: int) -> float:
        found = fitted(n * repeats, noisy(truth * repeats, 5))
        assert found.gamma.high is not None
        assert found.gamma.low is not None
        return found.gamma.high - found.gamma.low

    assert width(4) < width(1)


def test_the_same_points_give_the_same_fit(sdm: Usl) -> None:
    assert np.array_equal(fitted(SDM_N, SDM_X).draws, sdm.draws)


def test_the_sentence_prints_the_numbers_of_the_fit(sdm: Usl) -> None:
    assert sdm.peak_n is not None
    assert sdm.peak_x is not None
    said = usl_sentence("capacity", sdm)
    found = re.fullmatch(
        r"capacity: γ = (.+) journeys/s, α = (.+), β = (.+), 7 points; "
        r"peak of (.+) journeys/s at N = (.+)\.", said)
    assert found

    def printed(estimate: Estimate) -> str:
        return (f"{number(estimate.value)} "
                f"[{number(estimate.low)}, {number(estimate.high)}]")

    assert list(found.groups()) == [
        printed(one) for one in (sdm.gamma, sdm.alpha, sdm.beta, sdm.peak_x, sdm.peak_n)]
