"""Equal stores carry the same: what single searches scatter by is never called a difference."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pytest
from synthetic_search import searched

from reports.arms import Arms
from reports.claims.resource_rows import big_machine, break_even
from reports.hot import Hot
from reports.search import Search
from reports.search_words import threshold_verdict
from reports.threshold_ratio import allowing_repetition, ratio_of_searches

SCATTER: Final = 0.09 / 2.059
"""Standard deviation of ln capacity at which four searches spread by 9 %, as they did
(docs/bench.md): four draws range over 2.059 standard deviations on average."""
COMPARISONS: Final = 600
MOST_FALSE: Final = 0.07


def drawn(rng: np.random.Generator, resolution: float, truth: float = 100.0) -> Search:
    """One search of a store, whose pilot begins anywhere."""
    return searched(truth * float(np.exp(rng.normal(0, SCATTER))), resolution,
                    truth * rng.uniform(0.4, 0.8))


def share_called(resolution: float, truth: float = 1.0) -> float:
    """Of so many comparisons of single searches, the share with a verdict."""
    rng = np.random.default_rng(11)
    called = sum("no difference shown" not in threshold_verdict(ratio_of_searches(
        [drawn(rng, resolution, 100 * truth)], [drawn(rng, resolution)]), "a", "b", "carries more")
        for _ in range(COMPARISONS))
    return called / COMPARISONS


@pytest.mark.parametrize("resolution", [0.05, 0.08])
def test_equal_stores_searched_once_get_no_verdict(resolution: float) -> None:
    assert share_called(resolution) <= MOST_FALSE


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


def test_a_break_even_needs_more_than_what_single_searches_scatter_by() -> None:
    assert break_even(evidence(92, 100)).word == "not testable here"
    assert break_even(evidence(70, 100)).word == "contradicted"
