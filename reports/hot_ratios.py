"""Ways of scaling against each other, each a ratio of their searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reports.arms import Arms
from reports.estimate_apart import Apart, means_apart
from reports.hot_ways import (
    EVERYTHING,
    POOLED,
    REPLICAS_OF_EVERYTHING,
    REPLICAS_OF_HOT_PART,
    Way,
)
from reports.search import Search
from reports.starts import ONE_START, allowing_start
from reports.threshold_ratio import ThresholdRatio, ratio_of_searches


@dataclass(frozen=True, slots=True)
class WayRatio:
    """Scaling everything against scaling the hot part alone, in one topology.

    `cpus`: everything ÷ hot part (above 1: the hot part alone needs fewer cores);
    `capacity`: hot part ÷ everything (above 1: it carries more); `memory` as `cpus`.
    """

    topology: str
    everything: str
    """The way in which everything was scaled."""
    way: str
    """The way in which the hot part was: of the splits, the best."""
    cpus: ThresholdRatio | None
    capacity: ThresholdRatio | None
    memory: Apart | None

    @property
    def is_split(self) -> bool:
        """By the budget's split; else by replicas."""
        return self.everything == EVERYTHING


@dataclass(frozen=True, slots=True)
class BestRatio:
    """Each topology at its own best split: base ÷ rival; pooled is no split and left out."""

    base: Way
    rival: Way
    capacity: ThresholdRatio


@dataclass(frozen=True, slots=True)
class MemoryRatio:
    """Both stores on one pool, one of everything, started afresh: the least limit, rival ÷ base."""

    base: Way
    rival: Way
    least_memory: ThresholdRatio


@dataclass(frozen=True, slots=True)
class PoolRatio:
    """One big machine against one of the ways to divide it: capacity, pooled ÷ divided."""

    topology: str
    way: str
    """The best split of the budget, or replicas of everything."""
    capacity: ThresholdRatio


def best_of(ways: Sequence[Way]) -> Way | None:
    """The split with the greatest confirmed capacity; pooled, which is none, is not asked."""
    known = _carrying(ways)
    return max(known, key=lambda one: one[0])[1] if known else None


def best_hot_part(ways: Sequence[Way]) -> Way | None:
    """The best split that follows the hot mix: by fewest cores where they were searched.

    A search that found no answer is no reason to be judged by another question.
    """
    asked = _asked_for_cores(ways)
    if not asked:
        return best_of(_hot_parts(ways))
    least = _needing(asked)
    return min(least, key=lambda one: one[0])[1] if least else asked[0]


def by_way(own: Sequence[Way]) -> Iterator[WayRatio]:
    """Everything against the hot part, for each manner that one topology was scaled in."""
    everything, hot = _named(own, EVERYTHING), best_hot_part(own)
    if everything and hot:
        asked = _asked_for_cores(own)  # else by capacity; the other question has chosen nothing
        by_capacity = 1 if asked else len(_carrying(_hot_parts(own)))
        yield _way_ratio(everything, hot, len(_needing(asked)) or 1, by_capacity)
    everything, hot = _named(own, REPLICAS_OF_EVERYTHING), _named(own, REPLICAS_OF_HOT_PART)
    if everything and hot:
        yield _way_ratio(everything, hot, 1, 1)


def by_pool(own: Sequence[Way]) -> Iterator[PoolRatio]:
    """One pool against the best split, and against replicas of everything on the same pool."""
    pooled, best = _named(own, POOLED), best_of(own)
    if pooled is None or not pooled.rate_searches:
        return
    if best:
        yield PoolRatio(best.topology, best.way, _ratio(
            pooled.rate_searches, best.rate_searches, (1, len(_carrying(own)))))
    many = _named(own, REPLICAS_OF_EVERYTHING)
    if many and many.rate_searches:
        yield PoolRatio(many.topology, many.way, _ratio(
            pooled.rate_searches, many.rate_searches, (1, 1)))


def best_ratio(ways: Sequence[Way], arms: Arms) -> BestRatio | None:
    """Both stores, each at its own best split."""
    of_base, of_rival = ([way for way in ways if way.topology == name]
                         for name in (arms.base, arms.rival))
    base, rival = best_of(of_base), best_of(of_rival)
    if base is None or rival is None:
        return None
    return BestRatio(base, rival, _ratio(base.rate_searches, rival.rate_searches,
                                         (len(_carrying(of_base)), len(_carrying(of_rival)))))


def memory_ratio(ways: Sequence[Way], arms: Arms) -> MemoryRatio | None:
    """The least limit of one pool, the rival's ÷ the base's."""
    base, rival = (_named([way for way in ways if way.topology == name], POOLED)
                   for name in (arms.base, arms.rival))
    if base is None or rival is None or not (base.memory_searches and rival.memory_searches):
        return None
    return MemoryRatio(base, rival, _ratio(rival.memory_searches, base.memory_searches, (1, 1)))


def _way_ratio(everything: Way, hot: Way, of_cores: int, of_capacity: int) -> WayRatio:
    memory = means_apart(hot.memory_gb, everything.memory_gb)
    return WayRatio(
        hot.topology, everything.way, hot.way,
        _ratio(everything.cpus_searches, hot.cpus_searches, (1, of_cores))
        if everything.cpus_searches and hot.cpus_searches else None,
        _ratio(hot.rate_searches, everything.rate_searches, (of_capacity, 1))
        if everything.rate_searches and hot.rate_searches else None,
        _allowing_another_start(memory) if memory else None)


def _allowing_another_start(found: Apart) -> Apart:
    """Probes of one start are alike whatever another start would hold."""
    low, high = allowing_start(found.low, found.high)
    return replace(found, low=low, high=high, caveats=(*found.caveats, ONE_START))


def _ratio(above: list[Search], below: list[Search], best_of: tuple[int, int]) -> ThresholdRatio:
    return replace(ratio_of_searches(above, below), best_of=best_of)


def _named(ways: Sequence[Way], name: str) -> Way | None:
    return next((way for way in ways if way.way == name), None)


def _hot_parts(ways: Sequence[Way]) -> list[Way]:
    return [way for way in ways if way.is_split and way.way != EVERYTHING]


def _asked_for_cores(ways: Sequence[Way]) -> list[Way]:
    return [way for way in _hot_parts(ways) if way.cpus_searches]


def _carrying(ways: Sequence[Way]) -> list[tuple[float, Way]]:
    """Splits with their confirmed capacities: those among which the best is chosen."""
    return [(value, way) for way in ways
            if way.is_split and way.capacity and (value := way.capacity.value) is not None]


def _needing(ways: Sequence[Way]) -> list[tuple[float, Way]]:
    """Splits with the fewest cores that were confirmed."""
    return [(value, way) for way in ways
            if way.least_cpus and (value := way.least_cpus.value) is not None]
