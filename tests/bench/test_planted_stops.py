"""Under the stop rules that ship, equals are rarely told apart and intervals hold the truth.

Fewer comparisons than `python -m bench planted`, the same code.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bench.planted import EFFECTS
from bench.planted_rows import NONE, Effect, Noise
from bench.planted_stops import (
    SCENARIOS,
    Series,
    StopRates,
    most_pairs,
    run_series,
    shipped_series,
    stop_rates,
    stop_table,
)
from lab.keys.measurements import PAIRS_FOR_A_WIDTH
from lab.scenario_file import read_scenarios
from reports.estimate import half_width
from reports.stopping import HELD_WHEN_STOPPED

COMPARISONS = 40
QUIET = Noise().times(0.2)
SILENCE = Noise(trial=0.0, phase=0.0, rows=1e-6, spread=0.0)
SERIES = {one.name: one for one in shipped_series()}
SHOP = SERIES["full: shop"]


def test_every_series_that_an_interval_may_end_is_simulated() -> None:
    asked = {f"{name}: {keys.workload}"
             for name, scenario in read_scenarios(SCENARIOS).scenarios.items()
             for keys in scenario.latency if keys.stop and (keys.stop.p50 or keys.stop.p95)}
    named = {f"{name.partition(': ')[0]}: {workload}" for name in SERIES
             for workload in name.partition(": ")[2].split(", ")}
    assert named == asked
    assert asked


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("share", [0.2, 0.33])
def test_under_a_shipped_rule_at_most_7_percent_of_equals_are_told_apart(
        name: str, share: float) -> None:
    found = stop_rates(SERIES[name], NONE, COMPARISONS, Noise().times(share))
    assert max(found.different.values()) <= 0.07
    least = stats.binom.ppf(0.001, COMPARISONS, HELD_WHEN_STOPPED)
    for q, held in found.held.items():
        assert round(held * COMPARISONS) >= least, (q, held)


def test_an_effect_is_found_and_held_although_a_width_ends_the_series() -> None:
    found = stop_rates(SHOP, EFFECTS["20 %"], 20, QUIET)
    assert SHOP.rows == 450
    assert found.pairs < found.most
    assert found.different[50.0] == 1
    assert round(found.held[50.0] * 20) >= stats.binom.ppf(0.001, 20, HELD_WHEN_STOPPED)


def test_a_comparison_ends_where_the_lab_would_end_it() -> None:
    """Every interval is narrow when a series ends early; with one pair less one of them is not."""
    rng = np.random.default_rng(3)
    ends = [run_series(SHOP, rng, NONE, QUIET) for _ in range(12)]
    early = [one for one in ends if one.pairs < most_pairs(SHOP)]
    assert early
    for one in early:
        assert one.pairs >= 10
        widths = [half_width(ratio) for ratio in one.ratios.values()]
        assert all(width and width <= most
                   for width, most in zip(widths, (0.03, 0.07), strict=True))
    silent, noisy = (run_series(SHOP, rng, NONE, noise) for noise in (SILENCE, Noise()))
    assert (silent.pairs, noisy.pairs) == (10, most_pairs(SHOP))


def test_time_and_the_plan_end_a_series_that_is_never_narrow() -> None:
    """25 groups of 38 s in 960 s, every fifth of them A/A; 12 groups of `product_read`."""
    assert most_pairs(SHOP) == 20
    assert most_pairs(SERIES["full: product_read"]) == 10


def test_no_shipped_rule_looks_before_the_series_has_an_aa_pair() -> None:
    for one in SERIES.values():
        ended = run_series(one, np.random.default_rng(1), NONE, SILENCE)
        assert ended.pairs >= PAIRS_FOR_A_WIDTH
        assert "store against itself" in ended.said[50.0].text
        assert "store against itself" not in ended.said_without_aa[50.0].text


def test_planted_is_what_the_ratio_finds() -> None:
    exact = run_series(SHOP, np.random.default_rng(4), Effect(1.2), SILENCE)
    assert exact.ratios[50.0].value == pytest.approx(1.2, rel=1e-4)


def test_series_that_end_alike_are_simulated_once(tmp_path: Path) -> None:
    text = SCENARIOS.read_text(encoding="utf-8")
    other = tmp_path / "scenarios.yaml"
    other.write_text(text.replace("{<<: *longer, workload: list_medium}",
                                  "{<<: *longer, workload: list_medium, measure_s: 6}"),
                     encoding="utf-8")
    assert "full: list_small, list_medium, list_large" in SERIES
    assert {"full: list_small, list_large", "full: list_medium"} <= {
        one.name for one in shipped_series(other)}


def test_the_table_says_under_which_rule_how_often() -> None:
    series: Series = replace(SHOP, name="full: shop", rule="p50 0.03")
    one = StopRates(series, NONE, "none", QUIET, 15.25, 20, {50.0: 0.005, 95.0: 0.0},
                    {50.0: 0.06, 95.0: 0.05}, {50.0: 0.94, 95.0: 0.95})
    lines = stop_table([one]).splitlines()
    assert lines[2] == ("| full: shop | p50 0.03 | 0.2 | none | 15.2 (20) | 0.5 · 0.0 | 6.0 · 5.0 "
                        "| 94.0 · 95.0 |")
    assert len({line.count("|") for line in lines}) == 1
