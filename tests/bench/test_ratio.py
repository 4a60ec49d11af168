"""Bench ratios: right on planted differences, honest about few rounds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.ratio import MISSED, agreement, equivalence, in_turns, paired_ratio, show


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


def test_agreement_asks_for_nearness_and_equivalence_for_a_whole_interval() -> None:
    truth = [10.0, 20.0, 40.0]
    near = [10.4, 20.9, 41.6]
    assert agreement("x", near, truth, 0.05).is_met
    assert not agreement("x", near, truth, 0.03).is_met
    assert not equivalence("x", [9.0, 20.0, 44.0], truth, 0.05).is_met, "wide, though centred"
    assert equivalence("x", [10.01, 20.0, 39.99], truth, 0.02).is_met
    assert "the target of 1 ± 2 %" in str(equivalence("x", near, truth, 0.02))


def test_a_missed_target_is_a_result_with_a_code_of_its_own(
        capsys: pytest.CaptureFixture[str]) -> None:
    met, missed = (paired_ratio("x", [value, value], [1.0, 1.0], 0.8) for value in (1.0, 0.5))
    assert show([met]) == 0
    assert "meets" in capsys.readouterr().out
    assert show([met, missed], as_json=True) == MISSED
    assert [one["is_met"] for one in json.loads(capsys.readouterr().out)] == [True, False]
