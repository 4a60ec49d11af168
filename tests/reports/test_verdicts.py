from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from synthetic import Planted, write_run

from reports.arms import Arms
from reports.estimate import Band, Estimate, Ratio, ratio_of_pairs
from reports.headlines import capacity_verdict
from reports.isolation_words import collateral_verdict
from reports.noise import beside_itself
from reports.read import read_run
from reports.scaling import CapacityRatio
from reports.verdicts import band_of, band_of_pairs, speed_verdict
from reports.words import number

ARMS = Arms("monolith", "microservices", ())
SLOWER = re.compile(r"(\w+) slower than (\w+) by ×([\d.,]+) \[([\d.,]+), ([\d.,]+)\], (\d+) pairs?")
BETWEEN = re.compile(r"between ×([\d.,]+) and ×([\d.,]+), (\d+) pairs?")


def value(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def ratio(mid: float, low: float | None, high: float | None, n: int = 3) -> Ratio:
    return Ratio(mid, low, high, n, mid, 0.25)


@pytest.mark.parametrize("seed", range(60))
def test_every_sentence_says_what_its_numbers_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 12))
    truth = float(rng.choice([0.4, 0.9, 1.0, 1.05, 2.5]))
    found = ratio_of_pairs(np.ones(n), np.exp(rng.normal(math.log(truth), 0.05 + 0.1 *
                                                         rng.random(), n)))
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    band = None if seed % 3 else Band(1 / 1.08, 1.08, 2)
    said = speed_verdict("p50", "monolith", "microservices", found, band)
    excludes_one = found.low > 1 or found.high < 1
    in_band = band is not None and found.low <= band.high and found.high >= band.low
    if match := SLOWER.search(said.text):
        assert excludes_one
        assert not in_band
        slow = "microservices" if found.low > 1 else "monolith"
        assert match[1] == slow
        assert match[2] != slow
        numbers = (found.value, found.low, found.high)
        if slow == "monolith":
            numbers = (1 / found.value, 1 / found.high, 1 / found.low)
        assert [match[3], match[4], match[5]] == [number(x) for x in numbers]
        assert value(match[4]) <= value(match[3]) <= value(match[5])
    else:
        assert not excludes_one or in_band
        between = BETWEEN.search(said.text)
        assert between is not None
        assert [between[1], between[2]] == [number(found.low), number(found.high)]
        assert ("equivalent" in said.text) == (found.low >= 1 / 1.1 and found.high <= 1.1)
    assert f"{n} pairs" in said.text


def test_an_interval_that_touches_one_shows_nothing() -> None:
    said = speed_verdict("p95", "a", "b", ratio(1.4, 1.0, 1.9), None)
    assert said.word == "no difference shown"


def test_a_difference_inside_the_noise_floor_is_not_shown() -> None:
    shown = speed_verdict("p95", "a", "b", ratio(1.2, 1.15, 1.25), Band(1 / 1.1, 1.1, 1))
    hidden = speed_verdict("p95", "a", "b", ratio(1.2, 1.15, 1.25), Band(1 / 1.2, 1.2, 1))
    assert shown.word == "slower"
    assert hidden.word == "no difference shown"
    assert hidden.text == ("p95: no difference shown, not beyond the noise floor (between ×1.15 "
                           "and ×1.25, 3 pairs; a store against itself: ×1.20 off, 1 A/A pair).")


def test_one_pair_never_wins() -> None:
    said = speed_verdict("p50", "a", "b", ratio(5.0, None, None, 1), None)
    assert said.word == "one pair"
    assert "~×5.00" in said.text
    assert "no difference is shown" in said.text


def test_two_equal_stores_are_rarely_told_apart() -> None:
    rng = np.random.default_rng(5)
    words = []
    for _ in range(400):
        found = ratio_of_pairs(np.ones(6), np.exp(rng.normal(0, 0.2, 6)))
        words.append(speed_verdict("p50", "a", "b", found, None).word)
    assert sum(word in ("slower", "faster") for word in words) / 400 <= 0.07


def test_one_pair_of_equals_is_the_noise_floor_both_ways() -> None:
    band = band_of([0.8])
    assert band is not None
    assert (band.low, band.high, band.n) == (pytest.approx(0.8), pytest.approx(1.25), 1)
    assert band_of([]) is None


@pytest.mark.parametrize("spoilt", [math.inf, 0.0, math.nan])
def test_a_pair_of_equals_without_a_ratio_leaves_no_bound(spoilt: float) -> None:
    """It is the most discordant of all, so it must not be the one that is left out."""
    band = band_of([1.02, spoilt, 0.99])
    assert band == Band(0.0, math.inf, 3)
    slow = speed_verdict("p95", "a", "b", ratio(3.0, 2.0, 4.0), band)
    assert slow.word == "no difference shown"
    assert slow.text.endswith("; a store against itself: no bound, too few right answers in an arm "
                              "of 3 A/A pairs).")
    assert speed_verdict("p95", "a", "b", ratio(1.0, 0.99, 1.01), band).word != "equivalent"


def test_both_values_of_a_pair_of_equals_make_its_ratio() -> None:
    assert band_of_pairs([(2.0, 2.2)]) == band_of([1.1])
    for spoilt in ((math.inf, 3.0), (3.0, math.inf), (math.inf, math.inf), (0.0, 3.0), (3.0, 0.0)):
        assert band_of_pairs([(2.0, 2.2), spoilt]) == Band(0.0, math.inf, 2)
    assert band_of_pairs([]) is None


def test_the_floor_of_any_quantity_keeps_the_pair_that_lost_it(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, Planted(phases=("latency",), pairs=10)))
    trials = run.record.trials
    own = {trial.id: 5.0 for trial in trials}
    plain = ratio(1.0, 0.9, 1.1)
    found = beside_itself(plain, trials, lambda trial: own[trial.id])
    assert found
    assert found.band == Band(1.0, 1.0, 2)
    own[next(trial.id for trial in trials if trial.is_aa)] = 0.0
    found = beside_itself(plain, trials, lambda trial: own[trial.id])
    assert found
    assert found.band == Band(0.0, math.inf, 2)


def test_equivalence_needs_a_noise_floor_that_is_within_ten_per_cent_too() -> None:
    narrow = ratio(1.0, 0.97, 1.03)
    assert speed_verdict("p50", "a", "b", narrow, Band(1 / 1.05, 1.05, 2)).word == "equivalent"
    coarse = speed_verdict("p50", "a", "b", narrow, Band(1 / 1.3, 1.3, 2))
    assert coarse.word == "no difference shown"
    assert coarse.text == ("p50: no difference shown, for the noise floor is not within ±10 % "
                           "(between ×0.970 and ×1.03, 3 pairs; a store against itself: ×1.30 off, "
                           "2 A/A pairs).")


def test_a_verdict_without_a_pair_of_equals_says_that_there_is_none() -> None:
    for found in (ratio(1.0, 0.97, 1.03), ratio(1.0, 0.5, 2.0), ratio(3.0, 2.0, 4.0)):
        assert "; no A/A pair measured it" in speed_verdict("p50", "a", "b", found, None).text


def test_pairs_of_equals_that_cancel_leave_a_noise_floor() -> None:
    band = band_of([1.2, 1 / 1.2, 1.2, 1 / 1.2])
    assert band is not None
    assert math.log(band.high) == pytest.approx(math.log(1.2) / 2)


def test_pairs_of_equals_that_all_lean_one_way_are_their_mean() -> None:
    band = band_of([1.1, 1.1, 1.1, 1.1])
    assert band is not None
    assert (band.low, band.high, band.n) == (pytest.approx(1 / 1.1), pytest.approx(1.1), 4)


@pytest.mark.parametrize(("low", "high", "words"), [
    (2.0, 3.0, "monolith carries more, ×2.45 [2.00, 3.00]"),
    (1.5, None, "monolith carries more, at least ×1.50"),
    (0.25, 0.5, "microservices carries more, ×2.83 [2.00, 4.00]"),
    (None, 0.5, "microservices carries more, at least ×2.00"),
    (0.9, 1.2, "no difference shown (ratio between ×0.900 and ×1.20)"),
    (0.9, None, "no difference shown (ratio above ×0.900)"),
    (None, None, "their ratio can't be bounded"),
])
def test_capacities_are_told_apart_only_by_their_bounds(
        low: float | None, high: float | None, words: str) -> None:
    assert capacity_verdict(CapacityRatio(0.9, low, high, 1), ARMS) == words


def share(mid: float, half: float) -> Estimate:
    return Estimate(mid, mid - half, mid + half, 100, "share", "test")


def test_collateral_is_told_apart_only_if_the_difference_excludes_zero() -> None:
    less = collateral_verdict(share(0.5, 0.03), share(0.1, 0.04), ARMS)
    assert less == "microservices lost less, by 40.0 points [35.0, 45.0]"
    more = collateral_verdict(share(0.1, 0.03), share(0.5, 0.04), ARMS)
    assert more == "monolith lost less, by 40.0 points [35.0, 45.0]"
    same = collateral_verdict(share(0.10, 0.03), share(0.08, 0.04), ARMS)
    assert same == "no difference shown (between −3.00 and 7.00 points)"
