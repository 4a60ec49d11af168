"""The noise floor: planted spreads are found, and so is what went with them."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import pytest

from bench.default_locust import Told
from bench.lab_run import with_scenario
from bench.naive_runs import compare, halves
from bench.noise_floor import NAME, floor_of, floors_of, pairs_of, scenario_of
from contract.run_record import TrialRecord
from lab.plan import Plan
from tests.bench.records import run, trial

ROOT = Path(__file__).parents[2]


def aa_pairs(count: int, spread: float, *, by_spin: bool = False) -> list[TrialRecord]:
    """A/A pairs whose log ratios are normal; with `by_spin` the machine's speed explains them."""
    noise = np.random.default_rng(4)
    trials = []
    for pair in range(count):
        d = float(noise.normal(0, spread))
        for arm, share in (("a", 0.0), ("b", d)):
            factor = math.exp(share)
            trials.append(trial(len(trials) + 1, pair, arm=arm, is_aa=True, p50_ms=10 * factor,
                                p95_ms=30 * factor * float(np.exp(noise.normal(0, 0.01))),
                                lag_p99_ms=float(noise.uniform(0.1, 0.4)),
                                spin_after_ms=2.0 * (factor**2 if by_spin else 1.0)))
    return trials


def test_a_steady_store_meets_the_targets() -> None:
    floors, words = floors_of(run(aa_pairs(10, 0.03)))
    assert [floor.is_met for floor in floors] == [True, True]
    assert "10 pairs in 10.0 min" in words[0]
    assert "holds 1; half-width" in str(floors[0])


def test_a_noisy_store_misses_them_and_says_what_went_with_it() -> None:
    floor = floor_of(pairs_of(run(aa_pairs(10, 0.2, by_spin=True))), "p50")
    assert not floor.is_met
    first = floor.suspects[0]
    assert first.name == "the machine's speed (spin)"
    assert first.r > 0.95
    assert first.half_width < floor.half_width / 3
    assert floor.pairs_needed > 40
    assert f"{floor.pairs_needed} pairs would meet it" in str(floor)


def test_the_pairs_that_are_asked_for_would_do() -> None:
    few = floor_of(pairs_of(run(aa_pairs(12, 0.12))), "p50")
    enough = floor_of(pairs_of(run(aa_pairs(few.pairs_needed, 0.12))), "p50")
    assert few.half_width > 0.05
    assert enough.half_width == pytest.approx(0.05, rel=0.35)


def test_a_pair_with_a_rejected_arm_is_left_out() -> None:
    trials = aa_pairs(5, 0.01)
    trials[3].status = "rejected"
    trials += [trial(11, 1, arm="a", attempt=1, is_aa=True, p50_ms=10.0),
               trial(12, 1, arm="b", attempt=1, is_aa=True, p50_ms=10.0),
               trial(13, 6, arm="a")]
    found = pairs_of(run(trials))
    assert [(a.id, b.id) for a, b in found] == [(1, 2), (5, 6), (7, 8), (9, 10), (11, 12)]


def test_too_few_rows_are_said_to_be_too_few() -> None:
    trials = aa_pairs(5, 0.01)
    for one in trials[:6]:
        one.p95_ms = None
    floors, words = floors_of(run(trials))
    assert [floor.percentile for floor in floors] == ["p50"]
    assert words[1].startswith("2 pairs carry a p95; 3 are needed")


def test_the_scenario_is_a_a_pairs_and_nothing_else() -> None:
    given = argparse.Namespace(seed=1, topology="monolith", cpus=0.9, workload="shop", rate=35.0,
                               pairs=3, seconds=20.0)
    file = with_scenario(ROOT / "scenarios.yaml", NAME, scenario_of(given))
    trials = Plan(file, NAME).outlook()
    assert [(one.topology, one.is_aa) for one in trials] == [("monolith", True)] * 6


def test_welch_finds_a_planted_ratio_and_survives_equal_digits() -> None:
    noise = np.random.default_rng(2)
    a = 10 * np.exp(noise.normal(0, 0.05, 12))
    found = compare("p50", list(a), list(1.2 * a[::-1]), 60.0)
    assert found.low < 1.2 < found.high
    assert found.value == pytest.approx(1.2)
    same = compare("p50", [5.0, 5.0], [5.0, 5.0], 60.0)
    assert (same.low, same.value, same.high) == (1.0, 1.0, 1.0)


def test_the_second_half_is_compared_with_the_first() -> None:
    told = [Told(100, 0, p50, 4 * p50, 9 * p50) for p50 in (5.0, 5.0, 6.0, 10.0, 11.0, 10.0)]
    found = halves(told, 60.0)
    assert [one.percentile for one in found] == ["p50", "p95"]
    assert found[0].value == pytest.approx((10 * 11 * 10 / (5 * 5 * 6)) ** (1 / 3))
    assert "does not hold 1" in str(found[0])
