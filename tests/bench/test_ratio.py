"""Bench ratios: right on planted differences, honest about few rounds."""

from __future__ import annotations

import numpy as np
import pytest

from bench.ratio import in_turns, paired_ratio


def test_a_planted_ratio_is_found_inside_its_interval() -> None:
    noise = np.random.default_rng(1)
    reference = list(1000 * np.exp(noise.normal(0, 0.05, 12)))
    ours = [value * 0.9 * float(np.exp(noise.normal(0, 0.02))) for value in reference]
    ratio = paired_ratio("x", ours, reference, target=0.8)
    assert ratio.low < 0.9 < ratio.high
    assert ratio.value == pytest.approx(0.9, rel=0.03)
    assert ratio.is_met


def test_a_missed_target_says_so() -> None:
    assert "misses" in str(paired_ratio("x", [70.0, 71, 69], [100.0, 100, 100], target=0.8))


def test_one_round_has_no_finite_interval() -> None:
    assert paired_ratio("x", [1.0], [1.0], target=0.8).high == np.inf


def test_measures_take_turns_in_changing_order() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return 1.0

    in_turns(2, lambda: measure("a"), lambda: measure("b"))
    assert order == ["a", "b", "b", "a"]
