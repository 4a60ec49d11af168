"""The spread of repeated searches, read from records made by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bench.capacity_spread import NAME, answer_of, scenario_of, spread_of
from bench.lab_run import with_scenario
from lab.plan import Plan
from tests.bench.records import probe, run, trial

ROOT = Path(__file__).parents[2]


def searches(*answers: float | None) -> list:
    """For each answer a ramp, a failed confirmation above it, and one that held."""
    trials = []
    for number, answer in enumerate(answers):
        for step, value, holds in (("ramp", 20.0, True), ("confirm", 90.0, False),
                                   ("confirm", answer or 80.0, answer is not None)):
            trials.append(probe(len(trials) + 1, f"s/{number}", step, value, holds=holds))
    return trials


def test_answers_that_agree_meet_the_target() -> None:
    spread = spread_of(run(searches(60.0, 61, 62, 63, 65), duration_s=600))
    assert spread.spread == pytest.approx(5 / 62)
    assert spread.is_met
    assert [answer.per_s for answer in spread.answers] == [60, 61, 62, 63, 65]
    assert "capacity 62.0 journeys/s, spread 8.1 %, n = 5 searches, meets" in str(spread)


def test_the_runs_time_is_divided_over_its_searches() -> None:
    spread = spread_of(run(searches(60.0, 61, 62), duration_s=600))
    assert [answer.seconds for answer in spread.answers] == pytest.approx([200, 200, 200])
    assert not spread.is_met, "three minutes are exceeded"
    assert "slowest search 200 s, misses" in str(spread)


def test_answers_far_apart_miss_it() -> None:
    spread = spread_of(run(searches(60.0, 61, 67), duration_s=300))
    assert spread.spread == pytest.approx(7 / 61)
    assert not spread.is_met


def test_a_search_without_an_answer_is_not_left_out_silently() -> None:
    spread = spread_of(run(searches(60.0, None, 60.0)))
    assert (spread.spread, spread.is_met) == (None, False)
    assert "1 of 3 searches gave no answer" in str(spread)


def test_a_rejected_confirmation_answers_nothing() -> None:
    probes = [probe(1, "s", "ramp", 20.0), probe(2, "s", "confirm", 60.0, holds=None,
                                                 status="rejected")]
    assert answer_of(probes) is None


def test_a_run_without_a_search_is_refused() -> None:
    with pytest.raises(ValueError, match="searched no capacity"):
        spread_of(run([trial(1, 0)]))


def test_the_scenario_is_searches_and_nothing_else() -> None:
    given = argparse.Namespace(seed=1, topology="monolith", cpus=0.9, workload="shop",
                               slo_ms=250.0, repeats=5, probe_s=4.0)
    file = with_scenario(ROOT / "scenarios.yaml", NAME, scenario_of(given))
    names = {one.probe.search for one in Plan(file, NAME).outlook() if one.probe}
    assert len(names) == 5
