"""Equal stores carry the same: what single searches scatter by is never called a difference."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pytest
from scipy import stats
from synthetic_search import searched

from reports.arms import Arms
from reports.claims.growth_rows import break_even
from reports.claims.resource_rows import big_machine, hot_part
from reports.hot import Hot
from reports.scaling import Capacity, CapacityRow
from reports.search import Search, Threshold
from reports.search_words import basis_text, threshold_verdict
from reports.threshold_ratio import (
    allowing_repetition,
    ratio_of_searches,
    ratio_of_searches_apart,
)

SCATTER: Final = 0.09 / 2.059
"""Standard deviation of ln capacity at which four searches spread by 9 %, as they did
(docs/bench.md): four draws range over 2.059 standard deviations on average."""
COMPARISONS: Final = 600
MOST_FALSE: Final = 0.07


def drawn(rng: np.random.Generator, resolution: float, truth: float = 100.0) -> Search:
    """One search of a store, whose pilot begins anywhere."""
    return searched(truth * float(np.exp(rng.normal(0, SCATTER))), resolution,
                    truth * rng.uniform(0.4, 0.8))


def share_called(resolution: float, truth: float = 1.0, best_of: int = 1) -> float:
    """Of so many comparisons of single searches, the share with a verdict."""
    rng, called = np.random.default_rng(11), 0
    for _ in range(COMPARISONS):
        above = max((drawn(rng, resolution, 100 * truth) for _ in range(best_of)),
                    key=lambda one: one.threshold.value or 0.0)
        said = threshold_verdict(ratio_of_searches([above], [drawn(rng, resolution)]), "a", "b",
                                 "carries more")
        called += "no difference shown" not in said
    return called / COMPARISONS


@pytest.mark.parametrize("resolution", [0.05, 0.08])
def test_equal_stores_searched_once_get_no_verdict(resolution: float) -> None:
    assert share_called(resolution) <= MOST_FALSE


@pytest.mark.parametrize("best_of", [2, 3])
def test_the_best_of_few_equal_splits_gets_no_verdict_either(best_of: int) -> None:
    assert share_called(0.08, best_of=best_of) <= MOST_FALSE


def test_a_store_that_carries_half_as_much_again_is_found_by_single_searches() -> None:
    assert share_called(0.05, 1.5) >= 0.95


def test_a_search_compared_with_itself_differs_in_nothing() -> None:
    one = [searched(100.0)]
    ratio = ratio_of_searches(one, one)
    assert ratio.value == 1
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < 1 / 1.1
    assert ratio.high > 1.1


def test_the_allowance_moves_both_ends_and_leaves_open_ends_open() -> None:
    assert allowing_repetition(1.1, 2.0) == (pytest.approx(1.0), pytest.approx(2.2))
    assert allowing_repetition(None, None) == (None, None)


def repeated(*capacities: float) -> list[Search]:
    return [searched(capacity, 0.02, repeat=repeat) for repeat, capacity in enumerate(capacities)]


def test_searches_that_were_not_interleaved_are_no_pairs() -> None:
    rising, falling = repeated(80, 100, 120), repeated(124, 99, 81)
    apart = ratio_of_searches_apart(rising, falling)
    assert (apart.by, apart.is_apart, apart.n, apart.asked) == ("apart", True, 6, 6)
    values = [[one.threshold.value or 0.0 for one in found] for found in (rising, falling)]
    test = stats.ttest_ind(*np.log(values), equal_var=False).confidence_interval()
    assert apart.low == pytest.approx(math.exp(test.low))
    assert apart.high == pytest.approx(math.exp(test.high))
    assert basis_text(apart) == "6 searches measured apart"
    single = ratio_of_searches_apart(rising[:1], falling[:1])
    assert basis_text(single) == "2 single searches measured apart, 10 % allowed for repetition"
    assert single.low == ratio_of_searches(rising[:1], falling[:1]).low


def between(low: float, high: float | None, repeat: int) -> Search:
    return Search(f"s/{repeat}", "rate", repeat, [], 0, Threshold(low, low, high, 1))


@pytest.mark.parametrize("divide", [ratio_of_searches, ratio_of_searches_apart])
def test_answers_that_are_steps_do_not_make_a_ratio_certain(divide: Any) -> None:
    """Twice the same two steps: x1.05 without any width, though each bracket spans 5 %."""
    above = [between(0.60, 0.63, repeat) for repeat in (0, 1)]
    below = [between(0.571, 0.60, repeat) for repeat in (0, 1)]
    ratio = divide(above, below)
    assert ratio.value == pytest.approx(0.60 / 0.571)
    assert (ratio.low, ratio.high) == (pytest.approx(1.0), pytest.approx(0.63 / 0.571))
    assert "no difference shown" in threshold_verdict(ratio, "a", "b", "carries more")


@pytest.mark.parametrize("divide", [ratio_of_searches, ratio_of_searches_apart])
@pytest.mark.parametrize("seed", range(6))
def test_no_interval_is_narrower_than_what_the_brackets_leave_open(seed: int, divide: Any) -> None:
    rng = np.random.default_rng(seed)
    above, below = ([between(low, low * rng.uniform(1.02, 1.2), repeat) for repeat, low in
                     enumerate(rng.choice([90.0, 95.0, 100.0], 3))] for _ in range(2))
    ratio = divide(above, below)
    ends = [[math.log(getattr(one.threshold, end)) for one in found]
            for found in (above, below) for end in ("low", "high")]
    least, most = np.mean(ends[0]) - np.mean(ends[3]), np.mean(ends[1]) - np.mean(ends[2])
    assert ratio.low <= math.exp(least) * (1 + 1e-12)
    assert ratio.high >= math.exp(most) * (1 - 1e-12)
    assert ratio.low < ratio.value < ratio.high


def test_a_search_whose_end_was_never_found_leaves_that_end_open() -> None:
    above = [between(120, None, 0), between(121, 125, 1)]
    below = [between(100, 104, 0), between(101, 105, 1)]
    for divide in (ratio_of_searches, ratio_of_searches_apart):
        ratio = divide(above, below)
        assert ratio.value is not None
        assert ratio.low is not None
        assert ratio.high is None
        assert divide(below, above).low is None


def test_searches_without_an_answer_are_counted() -> None:
    full, lacking = repeated(100, 101, 102, 103), repeated(100, 101, 102, 103)
    lacking[2] = replace(lacking[2], threshold=Threshold(None, 95.0, 110.0, 1))
    assert basis_text(ratio_of_searches(full, lacking)) == "3 of 4 pairs of searches answered"
    assert basis_text(ratio_of_searches(full, lacking[:3])) == "2 of 4 pairs of searches answered"
    assert basis_text(ratio_of_searches_apart(full, lacking)) == (
        "7 of 8 searches measured apart answered")
    once = ratio_of_searches(full[2:3], lacking[2:3])
    assert once.value is None
    assert basis_text(once) == "1 of 2 single searches answered, 10 % allowed for repetition"


def test_a_pair_without_an_answer_is_in_the_interval_as_far_as_its_brackets_go() -> None:
    """Three say that the one carries more, the fourth that it carries less."""
    above = [between(100, 104, repeat) for repeat in range(4)]
    below = [between(90, 93, repeat) for repeat in range(3)]
    silent = Search("s/3", "rate", 3, [], 0, Threshold(None, 110.0, 130.0, 1))
    without, found = (ratio_of_searches(above[:3], below),
                      ratio_of_searches(above, [*below, silent]))
    assert without.low is not None
    assert without.low > 1
    assert (found.value, found.n, found.asked) == (without.value, 3, 4)
    assert (found.low, found.high) == (pytest.approx(100 / 130), without.high)
    endless = replace(silent, threshold=Threshold(None, 110.0, None, 1))
    assert ratio_of_searches(above, [*below, endless]).low is None


def evidence(above: float, below: float) -> Any:
    """Single searches of both stores on two budgets, and of one store big and small."""
    pair = ratio_of_searches([searched(above)], [searched(below)])
    big, small = SimpleNamespace(topology="monolith", replicas=1, cpus=0.9), SimpleNamespace(
        replicas=2)
    return SimpleNamespace(arms=Arms("monolith", "microservices", ()), base="monolith",
                           rival="microservices", scaling=SimpleNamespace(
        break_even=None, ratios=[], hot_mixes=Hot([]), searched=SimpleNamespace(
            ratios=[SimpleNamespace(place=("shop", cpus, 1), ratio=pair) for cpus in (0.3, 0.9)],
            big_small=[SimpleNamespace(big=big, small=small, ratio=pair)])))


@pytest.mark.parametrize(("above", "verdict"), [(112, "no difference shown"),
                                                (140, "supported"), (70, "contradicted")])
def test_the_ledger_allows_for_repetition_as_the_sentences_do(above: float,
                                                              verdict: str) -> None:
    row = big_machine(evidence(above, 100))
    assert row.word == verdict
    assert row.effects[0].text.endswith("n = 2 single searches, 10 % allowed for repetition")


@pytest.mark.parametrize(("held", "verdict"), [(107, "no difference shown"), (115, "supported")])
def test_quick_ramps_are_single_searches_in_the_ledger_too(held: float, verdict: str) -> None:
    rows = [CapacityRow("microservices", 0.9, way, Capacity(low, high, 1), None)
            for way, low, high in (("everything", 80.0, 100.0), ("hot_part", held, 150.0))]
    row = hot_part(SimpleNamespace(  # type: ignore[arg-type]
        base="monolith", rival="microservices",
        scaling=SimpleNamespace(hot=rows, hot_mixes=Hot([]))))
    assert row.word == verdict
    assert row.effects[0].text.endswith("n = 1 ramps each, 10 % allowed for repetition")


def test_a_break_even_needs_more_than_what_single_searches_scatter_by() -> None:
    assert break_even(evidence(92, 100)).word == "not testable here"
    assert break_even(evidence(70, 100)).word == "contradicted"
