"""Part one: interleaved pairs at one rate, network distance, and the cost of standing idle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contract.run_record import TrialRecord
from lab.plan.block import Listed
from lab.plan.trials import PlannedTrial, forecast_s, spent_s, steady
from lab.scenario import DistanceKeys, IdleKeys, LatencyKeys, ScenarioKeys
from reports.stopping import WidthRule, width_rule

AA_EVERY: Final = 5


def latency_blocks(scenario: ScenarioKeys) -> Iterator[Listed]:
    """One block a series; every fifth pair is one store twice."""
    for keys in scenario.latency:
        topologies = keys.topologies or scenario.topologies
        series = f"{keys.workload}@{keys.rate_per_s:g}"
        trials = {name: steady(scenario, "latency", series, name,
                               (keys.workload, keys.rate_per_s, keys.warmup_s, keys.measure_s))
                  for name in topologies}
        groups = tuple(tuple(_group(keys, trials, number)) for number in range(keys.pairs))
        rule = width_rule(keys.model_dump(), topologies)
        stop = Stop(rule, keys.stop.seconds, forecast_s(list(groups[0]))
                    ) if keys.stop and rule else None
        yield Listed("latency", series, groups, scenario.guards.retries,
                     stop.is_enough if stop else lambda _: False)


def _group(keys: LatencyKeys, trials: dict[str, PlannedTrial], number: int) -> list[PlannedTrial]:
    names = list(trials)
    if keys.aa:
        return [replace(trials[names[0]], is_aa=True)] * 2
    if number % AA_EVERY == AA_EVERY - 1:
        return [replace(trials[names[(number // AA_EVERY) % len(names)]], is_aa=True)] * 2
    return list(trials.values())


class Stop:
    """Enough pairs: by the width of intervals or by time, never by what they show."""

    def __init__(self, rule: WidthRule, seconds: float | None, group_s: float) -> None:
        self._rule = rule
        self._seconds = seconds
        self._group_s = group_s

    def is_enough(self, own: list[TrialRecord]) -> bool:
        """Say whether no further pair is needed."""
        if self._seconds is not None and spent_s(own) + self._group_s > self._seconds:
            return True
        return self._rule.is_met(own)


def distance_blocks(scenario: ScenarioKeys, keys: DistanceKeys | None) -> Iterator[Listed]:
    """All distances in one group; zero goes through the relay as well."""
    if keys is None:
        return
    series = f"{keys.workload}@{keys.rate_per_s:g}"
    one = replace(
        steady(scenario, "distance", series, keys.topology,
               (keys.workload, keys.rate_per_s, keys.warmup_s, keys.measure_s)), relayed=True)
    group = tuple(replace(one, hop_ms=hop_ms) for hop_ms in keys.hop_ms)
    yield Listed("distance", series, (group,) * keys.groups, scenario.guards.retries)


def idle_blocks(scenario: ScenarioKeys, keys: IdleKeys | None) -> Iterator[Listed]:
    """Nobody comes to any store of the latency series; the kernel's accounting goes on."""
    if keys is None:
        return
    workload = scenario.latency[0].workload if scenario.latency else ""
    names = dict.fromkeys([*scenario.topologies, *(
        name for series in scenario.latency for name in series.topologies or ())])
    group = tuple(replace(steady(scenario, "idle", "idle", name,
                                 (workload, 0.0, 0.0, keys.measure_s)),
                          rate_profile=((keys.measure_s, 0.0),))
                  for name in names)
    yield Listed("idle", "idle", (group,) * keys.groups, scenario.guards.retries)
