"""When a series has pairs enough: by the width of its intervals, never by what they show.

The lab asks this after every pair of a series; the report asks it again of the recorded trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from contract.run_record import RunRecord, TrialRecord
from reports.arms import last_attempts
from reports.estimate import half_width_of_pairs

Percentile = Literal["p50", "p95"]
PERCENTILES: Final[tuple[Percentile, ...]] = ("p50", "p95")
"""What a rule can look at: the percentiles that every trial's record holds."""
HELD_WHEN_STOPPED: Final = 0.93
"""Least share of 95 % intervals that hold the truth under the shipped rules: simulated, and held by
tests/bench/test_planted_stops.py (docs/method.md)."""


@dataclass(frozen=True, slots=True)
class WidthRule:
    """Pairs are enough once there are `least_pairs` and every interval is narrow."""

    base: str
    rival: str
    """The same as `base` where a store is compared with itself."""
    widths: Mapping[Percentile, float]
    """Greatest half-width of the 95 % interval of the ratio, as a share of it."""
    least_pairs: int

    def is_met(self, trials: Sequence[TrialRecord]) -> bool:
        """Say whether the trials of a series are enough; without a width they never are."""
        return bool(self.widths) and all(
            self._is_narrow(trials, name, width) for name, width in self.widths.items())

    def pairs_of(self, trials: Sequence[TrialRecord], name: Percentile
                 ) -> list[tuple[float, float]]:
        """Both values of every pair that counts, base first, in the order of measurement."""
        groups: dict[tuple[int, int], dict[bool, float]] = {}
        is_last = last_attempts(trials)
        for trial in trials:
            value: float | None = getattr(trial, f"{name}_ms")
            if (trial.status != "rejected" and value is not None and self._counts(trial)
                    and is_last(trial)):
                groups.setdefault((trial.pair, trial.attempt), {})[self._is_rival(trial)] = value
        return [(group[False], group[True]) for group in groups.values() if len(group) == 2]

    def _is_narrow(self, trials: Sequence[TrialRecord], name: Percentile, width: float) -> bool:
        both = self.pairs_of(trials, name)
        if len(both) < self.least_pairs:
            return False
        half = half_width_of_pairs([a for a, _ in both], [b for _, b in both])
        return half is not None and half <= width

    def _counts(self, trial: TrialRecord) -> bool:
        if self.base == self.rival:
            return trial.is_aa
        return not trial.is_aa and trial.topology in (self.base, self.rival)

    def _is_rival(self, trial: TrialRecord) -> bool:
        return trial.arm == "b" if self.base == self.rival else trial.topology == self.rival


def width_rule(keys: Mapping[str, Any], topologies: Sequence[str]) -> WidthRule | None:
    """Read the rule of a series from its keys (lab.scenario.LatencyKeys); None without `stop`.

    `topologies`: the scenario's, for a series that names none.
    """
    stop = keys.get("stop")
    if not stop:
        return None
    base, *others = keys.get("topologies") or topologies
    rival = base if keys.get("aa") or not others else others[0]
    widths = {name: float(stop[name]) for name in PERCENTILES if stop.get(name) is not None}
    return WidthRule(base, rival, widths, int(stop["least_pairs"]))


@dataclass(frozen=True, slots=True)
class Ending:
    """A series that ended before all of its planned pairs were measured."""

    series: str
    planned: int
    """Pairs of the scenario, A/A pairs included."""
    made: int
    """Pairs that were measured, A/A pairs included; one that was measured again counts once."""
    compared: int
    """Pairs of which the rule saw both values."""
    rule: WidthRule
    by: Literal["width", "time"]


def ending_of(record: RunRecord, series: str) -> Ending | None:
    """Tell from scenario and trials what ended a series; None: nothing did, or nobody knows yet.

    The rule is asked of the same records as the lab asked it of.  Where it is not met, time was
    over: the series' own, or the run's.
    """
    own = [one for one in record.trials if (one.phase, one.series) == ("latency", series)]
    keys = _keys_of(record, own)
    rule = width_rule(keys, record.scenario_resolved["topologies"]) if keys else None
    made = len({one.pair for one in own})
    if rule is None or not record.finished or made >= keys["pairs"]:
        return None
    name: Percentile = next(iter(rule.widths), "p50")
    return Ending(series, keys["pairs"], made, len(rule.pairs_of(own, name)), rule,
                  "width" if rule.is_met(own) else "time")


def _keys_of(record: RunRecord, own: Sequence[TrialRecord]) -> Mapping[str, Any]:
    """The series' keys in the scenario; empty where they were not recorded."""
    found = {(one.workload, one.rate_profile[-1][1]) for one in own}
    return next((keys for keys in record.scenario_resolved.get("latency", [])
                 if (keys["workload"], keys["rate_per_s"]) in found), {})
