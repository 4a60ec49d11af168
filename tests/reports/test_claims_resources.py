"""Rows about resources: what a curve, two budgets or two searches may be said to show."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from synthetic_search import trial

from contract.probe_record import ProbeRecord
from contract.run_record import PartCost, TrialRecord
from reports.capacity import Axis, Curve, PointRatio
from reports.claims.claim import Row
from reports.claims.evidence import Evidence
from reports.claims.growth_rows import break_even, scale_out
from reports.claims.resource_rows import big_machine, hot_spot, memory
from reports.estimate import Ratio
from reports.hot import Hot, HotMix
from reports.hot_ratios import BestRatio, PoolRatio
from reports.threshold_ratio import By, ThresholdRatio
from reports.usl import fit_usl

SIZES = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
TURNS = [100.0, 150, 160, 155, 130, 110]
RISES = [100.0, 199, 297, 398, 596, 799]
FALLS = [150.0, 75, 50, 37, 25, 18]


def scaled(*curves: tuple[str, Axis, list[float]], sizes: list[float] | None = None) -> Row:
    """B6 by curves of (topology, axis, throughputs); a throughput for each size, the first ones."""
    own = sizes or SIZES
    found = [Curve(name, "shop", axis, 0.9, [], fit_usl(own[:len(x)], x))
             for name, axis, x in curves]
    return scale_out(cast(Evidence, SimpleNamespace(
        base="monolith", rival="microservices",
        scaling=SimpleNamespace(searched=SimpleNamespace(curves=found)))))


def both(axis: Axis, one: list[float], other: list[float],
         sizes: list[float] | None = None) -> Row:
    return scaled(("monolith", axis, one), ("microservices", axis, other), sizes=sizes)


@pytest.mark.parametrize(("one", "other", "word"), [
    (TURNS, TURNS, "supported"), (RISES, RISES, "contradicted"), (TURNS, RISES, "contradicted"),
    (FALLS, FALLS, "no difference shown"), (TURNS, FALLS, "no difference shown")])
def test_scale_out_turns_back_only_where_the_whole_peak_was_measured(
        one: list[float], other: list[float], word: str) -> None:
    row = both("machines", one, other)
    assert row.word == word
    assert len(row.effects) == sum(x is TURNS for x in (one, other))
    assert "share one CPU budget" not in row.caveat
    assert ("rises up to the largest measured, N = 8" in row.caveat) == (RISES in (one, other))
    assert "no fit" not in row.caveat


def test_a_store_without_a_fit_leaves_every_store_open() -> None:
    """Its curve was left out once, and one store stood for both."""
    row = both("machines", TURNS, TURNS[:3])
    assert row.word == "no difference shown"
    assert [one.what.partition(":")[0] for one in row.effects] == ["monolith"]
    assert ("microservices, shop: no fit, so nothing is shown: 3 distinct sizes measured, three "
            "parameters need at least 4") in row.caveat
    alone = scaled(("microservices", "machines", TURNS), ("colocated", "machines", TURNS))
    assert alone.word == "no difference shown"
    assert "monolith, shop: no fit, so nothing is shown: it was not searched" in alone.caveat
    assert "microservices, shop: no fit" not in alone.caveat
    assert both("machines", RISES, TURNS[:3]).word == "contradicted", "one store is enough"


def test_two_stores_without_a_fit_have_nothing_to_say() -> None:
    row = both("machines", TURNS[:3], TURNS[:3])
    assert row.word == "not testable here"
    assert "four replica counts" in row.missing


def test_a_peak_without_an_end_supports_nothing() -> None:
    """The input of which 97.5 % of refits had no peak that could be computed."""
    falls = [150.0, 155, 140, 120]
    row = both("replicas", falls, falls, sizes=[1.0, 2, 3, 4])
    assert row.word == "no difference shown"
    assert row.effects == ()
    assert "throughput may fall from the start" in row.caveat


def test_a_peak_beyond_what_was_measured_supports_nothing() -> None:
    rises = [100.0, 180, 236, 268]
    assert both("replicas", rises, rises, sizes=[1.0, 2, 3, 4]).word != "supported"


def test_replicas_of_one_budget_are_called_no_scale_out() -> None:
    row = both("replicas", TURNS, TURNS)
    assert row.word == "supported"
    assert "share one CPU budget: this is no scale-out as published" in row.caveat
    apart = scaled(*((name, axis, x) for name in ("monolith", "microservices")
                     for axis, x in (("replicas", RISES), ("machines", TURNS))))
    assert apart.word == "supported", "where each replica brought its own, that decides"


def budget_shared(replicas: bool, way: str | None) -> Row:
    """B7 by replicas in one budget (or none), and by one pool against a way (or none)."""
    ratio = ThresholdRatio(1.3, 1.1, 1.5, 4, 4, "pairs")
    big = SimpleNamespace(topology="monolith", cpus=0.9)
    return big_machine(cast(Evidence, SimpleNamespace(scaling=SimpleNamespace(
        searched=SimpleNamespace(big_small=[SimpleNamespace(
            big=big, small=SimpleNamespace(replicas=3), ratio=ratio)] if replicas else []),
        hot_mixes=Hot([HotMix("hot", 0.9, None, [], [], [
            PoolRatio("monolith", way, ratio)] if way else [], None)])))))


@pytest.mark.parametrize(("replicas", "way", "is_shared"), [
    (True, None, True), (False, "replicas_of_everything", True), (True, "hot_part", True),
    (False, "hot_part", False)])
def test_replicas_within_one_budget_are_no_machines_and_their_memory_decides_nothing(
        replicas: bool, way: str | None, is_shared: bool) -> None:
    row = budget_shared(replicas, way)
    assert row.word == "supported"
    assert ("share one CPU budget: this is no scale-out as published" in row.caveat) == is_shared
    assert ("memory is not in the decision, and one of everything holds less"
            in row.caveat) == is_shared
    assert ("rent, memory included, is billed in the chapter" in row.caveat) == replicas
    assert ("rent of whole machines is not in it" in row.caveat) == (not replicas)


def held(ratio: Ratio, late: dict[str, list[float]] | None = None) -> Row:
    """B11 by the ratio of pairs of trials, all of one start of each store; `late`: bytes in the
    last trials of a longer run."""
    return memory(cast(Evidence, SimpleNamespace(
        base="monolith", rival="microservices", held_late=lambda name: (late or {}).get(name, []),
        headline=SimpleNamespace(trials=[None]), paired=lambda *_: ratio)))


def of_pairs(low: float, high: float, block: tuple[float, float] | None = None) -> Ratio:
    mid = (low * high) ** 0.5
    return Ratio(mid, low, high, 20, mid, 0.01, block=block)


@pytest.mark.parametrize(("low", "high", "word"), [
    (1.07, 1.09, "no difference shown"), (1.11, 1.15, "supported"),
    (0.92, 0.95, "no difference shown"), (0.85, 0.90, "contradicted")])
def test_memory_differs_by_more_than_two_starts_of_one_store(
        low: float, high: float, word: str) -> None:
    """Recorded starts differed by up to 8 %, which pairs of one start can't show."""
    row = held(of_pairs(low, high))
    assert row.word == word
    assert "one start of each store, or few: 10 % allowed for another" in row.caveat
    effect, = row.effects
    assert (effect.low, effect.high) == pytest.approx((low / 1.1, high * 1.1))


def test_the_allowance_for_another_start_is_in_every_end() -> None:
    effect, = held(of_pairs(2.4, 2.7, block=(2.3, 2.8))).effects
    assert effect.block == pytest.approx((2.3 / 1.1, 2.8 * 1.1))
    assert not effect.is_less, "another start may hold the 2.9 that were published"
    assert held(of_pairs(2.4, 2.6)).is_in_direction_only
    single, = held(Ratio(2.4, None, None, 1, 2.4, None)).effects
    assert (single.low, single.high, single.block) == (None, None, None)


def test_what_stores_hold_late_in_a_run_must_say_the_same() -> None:
    """Five times as much at first, three times once threads and buffers are warm."""
    late = {"monolith": [260e6, 262e6, 263e6], "microservices": [780e6, 782e6, 785e6]}
    row = held(of_pairs(4.9, 5.1), late)
    assert row.word == "supported"
    assert [effect.what for effect in row.effects][1] == "the same in the last trials of the run"
    assert row.effects[1].value == pytest.approx(782.3 / 261.7, rel=1e-3)
    assert row.effects[1].n == 6
    assert held(of_pairs(4.9, 5.1), late | {"microservices": [262e6, 263e6, 264e6]}
                ).word == "no difference shown"


def test_what_is_held_late_was_held_before_the_store_was_started_afresh() -> None:
    def trials(*held: float, **changes: Any) -> list[TrialRecord]:
        return [trial(cost={"total": PartCost(cpu_s=1, memory_bytes=round(one))}, **changes)
                for one in held]

    def late(*own: TrialRecord) -> list[float]:
        run = SimpleNamespace(record=SimpleNamespace(trials=own))
        return Evidence.held_late(cast(Evidence, SimpleNamespace(run=run)), "monolith")

    warm = trials(1, 2, 3, 4, 5, 6)
    probe = ProbeRecord(search="s", variable="memory", value=200, step="ramp", holds=True)
    fresh = trials(100, 101, probe=probe)
    assert late(*warm) == [2, 3, 4, 5, 6]
    assert late(*warm, *fresh, *trials(110)) == [2, 3, 4, 5, 6]
    assert late(*fresh) == []
    assert late(*warm, *trials(7, phase="latency")) == [], "latency alone at the end"


def hot_mixes(*found: ThresholdRatio) -> Row:
    """B13 by ratios of base ÷ rival, a mix each."""
    best = [cast(BestRatio, SimpleNamespace(capacity=ratio)) for ratio in found]
    return hot_spot(cast(Evidence, SimpleNamespace(
        base="monolith", rival="microservices", scaling=SimpleNamespace(hot=[], hot_mixes=Hot([
            HotMix(f"mix{n}", 0.9, None, [], [], [], one) for n, one in enumerate(best)])))))


def searches(low: float, high: float, *, by: By = "ends", n: int = 2) -> ThresholdRatio:
    """1 ÷ [low, high]: what B13 turns to rival ÷ base."""
    return ThresholdRatio((low * high) ** 0.5, low, high, n, n, by).turned


OPEN = searches(0.5, 2.0)


def test_any_of_several_mixes_is_enough_so_each_interval_is_widened_for_their_number() -> None:
    barely = searches(1.02, 1.5)
    alone = hot_mixes(barely)
    assert alone.word == "supported"
    assert "Bonferroni" not in alone.caveat
    row = hot_mixes(barely, OPEN, OPEN)
    assert row.word == "no difference shown"
    assert "any of the 3 mixes can decide, so each interval is widened" in row.caveat
    assert hot_mixes(searches(1.2, 1.5), OPEN, OPEN).word == "supported"
    assert hot_mixes(*[searches(0.5, 0.98)] * 2).word == "no difference shown"
    assert hot_mixes(*[searches(0.5, 0.8)] * 2).word == "contradicted"


@given(st.integers(2, 9), st.floats(0.2, 5), st.floats(1.01, 3), st.sampled_from(["pairs", "ends"]),
       st.integers(2, 9))
def test_an_interval_is_widened_as_the_quantile_of_its_kind(
        mixes: int, mid: float, off: float, by: By, n: int) -> None:
    ratio = searches(mid / off, mid * off, by=by, n=n)
    first = hot_mixes(ratio, *[OPEN] * (mixes - 1)).effects[0]
    p = 1 - 0.05 / 2 / mixes
    times = (stats.t.ppf(p, n - 1) / stats.t.ppf(0.975, n - 1) if by == "pairs"
             else stats.norm.ppf(p) / stats.norm.ppf(0.975))
    assert first.value == pytest.approx(mid)
    assert (first.low, first.high) == pytest.approx((mid / off**times, mid * off**times))


def test_an_open_end_stays_open_among_several() -> None:
    effect = hot_mixes(ThresholdRatio(0.5, None, 0.6, 2, 2, "ends"), OPEN).effects[0]
    assert (effect.value, effect.high) == (2.0, None)
    assert effect.low
    assert 1.5 < effect.low < 1 / 0.6


def budgets(*found: tuple[float, float]) -> Row:
    """A13 by intervals of base ÷ rival, from 0.45 to 0.9 CPU."""
    step = 0.45 / max(len(found) - 1, 1)
    ratios = [PointRatio(("shop", 0.45 + step * n, 1),
                         ThresholdRatio((low * high) ** 0.5, low, high, 4, 4, "pairs"))
              for n, (low, high) in enumerate(found)]
    return break_even(cast(Evidence, SimpleNamespace(
        base="monolith", rival="microservices", scaling=SimpleNamespace(
            searched=SimpleNamespace(ratios=ratios), ratios=[], break_even=None))))


def test_a_rival_that_is_ahead_on_the_largest_budget_has_its_own_sentence() -> None:
    row = budgets((0.9, 1.2), (0.5, 0.8))
    assert row.word == "no difference shown"
    assert row.missing == ""
    assert row.caveat.startswith("no difference is shown on 0.45 CPU and microservices carries "
                                 "more on 0.9 CPU: ")


pairs_of_ends = st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)).map(
    lambda two: (min(two), max(two) * 1.001))


@given(st.lists(pairs_of_ends, min_size=2, max_size=4))
def test_the_row_on_large_apps_says_of_both_ends_what_they_show(
        found: list[tuple[float, float]]) -> None:
    row = budgets(*found)
    (first_low, first_high), (last_low, last_high) = found[0], found[-1]
    said = f"{row.caveat} {row.missing}"
    assert (row.word == "contradicted") == (first_high < 1)
    assert (row.word == "supported") == (first_low > 1 and last_high < 1)
    assert ("was not shown to overtake" in said) == (row.word == "not testable here")
    if any(high < 1 for _, high in found):
        assert "overtake" not in said
    if "was not shown to overtake" in said:
        assert ("monolith carries more there too" in said) == (last_low > 1)
    if row.word == "no difference shown":
        assert ("microservices carries more on 0.9 CPU" in said) == (last_high < 1)
        assert ("monolith carries more on 0.45 CPU" in said) == (first_low > 1)
