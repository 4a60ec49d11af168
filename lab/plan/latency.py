"""Part one: interleaved pairs at one rate, network distance, and the cost of standing idle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contract.run_record import TrialRecord
from lab.plan.block import Listed
from lab.plan.trials import PlannedTrial, forecast_s, spent_s, steady
from lab.scenario import DistanceKeys, IdleKeys, LatencyKeys, ScenarioKeys, StopKeys
from reports.estimate import half_width, ratio_of_pairs

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
        stop = Stop(keys.stop, topologies[0], topologies[-1] if keys.aa else topologies[1],
                    forecast_s(list(groups[0]))) if keys.stop else None
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

    def __init__(self, keys: StopKeys, base: str, rival: str, group_s: float) -> None:
        self._keys = keys
        self._base = base
        self._rival = rival
        self._group_s = group_s

    def is_enough(self, own: list[TrialRecord]) -> bool:
        """Say whether no further pair is needed."""
        seconds = self._keys.seconds
        if seconds is not None and spent_s(own) + self._group_s > seconds:
            return True
        wanted = {name: width for name in ("p50", "p95")
                  if (width := getattr(self._keys, name)) is not None}
        return bool(wanted) and all(
            self._is_narrow(own, f"{name}_ms", width) for name, width in wanted.items())

    def _is_narrow(self, own: list[TrialRecord], what: str, width: float) -> bool:
        groups: dict[tuple[int, int], dict[str, float]] = {}
        for trial in own:
            value = getattr(trial, what)
            if trial.status != "rejected" and value is not None and self._counts(trial):
                groups.setdefault((trial.pair, trial.attempt), {})[self._side(trial)] = value
        both = [(group["base"], group["rival"]) for group in groups.values() if len(group) == 2]
        if len(both) < self._keys.least_pairs:
            return False
        ratio = ratio_of_pairs([a for a, _ in both], [b for _, b in both])
        half = half_width(ratio) if ratio else None
        return half is not None and half <= width

    def _counts(self, trial: TrialRecord) -> bool:
        if self._base == self._rival:
            return trial.is_aa
        return not trial.is_aa and trial.topology in (self._base, self._rival)

    def _side(self, trial: TrialRecord) -> str:
        if self._base == self._rival:
            return "base" if trial.arm == "a" else "rival"
        return "base" if trial.topology == self._base else "rival"


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
