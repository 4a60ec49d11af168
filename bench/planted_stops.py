"""Planted comparisons that end as a latency series of scenarios.yaml ends: on width, or on time.

Rows are those of bench.planted, as many a trial as the series has visitors.  The lab's own block
(lab.plan.latency) is asked after every pair whether another one comes: what is simulated is what
runs.  Each comparison is judged with its A/A pairs and without them, where nothing but the
interval stands against a false verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from bench.planted_rows import Effect, Noise, make_rows, plant
from contract.run_record import TrialRecord
from lab.plan.block import Listed
from lab.plan.latency import latency_blocks
from lab.plan.trials import PlannedTrial
from lab.scenario import LatencyKeys, ScenarioFile, ScenarioKeys
from lab.scenario_file import read_scenarios
from lab.trial_record import record_of
from reports.estimate import QS, Band, Floats, Ratio, is_enough, ratio_of_pairs
from reports.estimate_family import adjusted_p
from reports.verdicts import Verdict, Word, band_of, speed_verdict

DIFFERENT: Final[frozenset[Word]] = frozenset({"slower", "faster"})
SCENARIOS: Final = Path(__file__).parents[1] / "scenarios.yaml"
_SLO_MS: Final = 250.0


@dataclass(frozen=True, slots=True)
class Series:
    """A latency series; `name` is every series that ends by the same rule and has as many rows."""

    name: str
    rule: str
    block: Listed
    arms: tuple[str, str]
    rows: int
    """Visitors of a trial, in the mean."""

    @property
    def qs(self) -> list[float]:
        """The percentiles that so many rows carry."""
        return [q for q in QS if is_enough(self.rows, q)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one series ended, and what a report says of it, by percentile."""

    pairs: int
    """Of two stores; A/A pairs apart."""
    ratios: dict[float, Ratio]
    said: dict[float, Verdict]
    said_without_aa: dict[float, Verdict]


def shipped_series(path: Path = SCENARIOS) -> list[Series]:
    """Every way in which the width of an interval may end a series of the file.

    A series that only time ends has as many pairs whatever it shows.
    """
    found: dict[tuple[object, ...], Series] = {}
    for name, keys, scenario, block in _stopping(read_scenarios(path)):
        topologies = keys.topologies or scenario.topologies
        rows = round(keys.rate_per_s * keys.measure_s)
        alike = (repr(keys.stop), keys.pairs, rows, keys.warmup_s + keys.measure_s, *topologies)
        same = found.get(alike)
        found[alike] = replace(same, name=f"{same.name}, {keys.workload}") if same else Series(
            f"{name}: {keys.workload}", _rule(keys), block, (topologies[0], topologies[1]), rows)
    return list(found.values())


def _stopping(file: ScenarioFile) -> Iterator[tuple[str, LatencyKeys, ScenarioKeys, Listed]]:
    for name, scenario in file.scenarios.items():
        for keys, block in zip(scenario.latency, latency_blocks(scenario), strict=True):
            if keys.stop and (keys.stop.p50 or keys.stop.p95):
                yield name, keys, scenario, block


def _rule(keys: LatencyKeys) -> str:
    """The keys of `stop` that are not left out, as they stand in the file."""
    assert keys.stop
    return ", ".join(f"{key} {value:g}"
                     for key, value in keys.stop.model_dump(exclude_none=True).items())


def run_series(series: Series, rng: np.random.Generator, effect: Effect, noise: Noise
               ) -> Comparison:
    """Measure pair after pair until the block has enough, then judge as a report does."""
    groups = [[group[place] for place in rng.permutation(len(group))]
              for group in series.block.groups]
    trials = _measure(series, groups, rng, effect, noise)
    own: list[TrialRecord] = []
    while group := series.block.next(own):
        own += [record for record, _ in trials[group.number]]
    return _judge(series, trials[:own[-1].pair + 1])


Trial = tuple[TrialRecord, dict[float, float]]
"""What the lab records, and the percentiles that the report computes from the rows."""


def _measure(series: Series, groups: Sequence[Sequence[PlannedTrial]], rng: np.random.Generator,
             effect: Effect, noise: Noise) -> list[list[Trial]]:
    """Every trial that may come, in the order of measurement, pair by pair."""
    planned = [(number, place, one) for number, group in enumerate(groups)
               for place, one in enumerate(group)]
    rows = make_rows(rng, len(planned), noise, series.rows)
    for own, (_, _, one) in zip(rows, planned, strict=True):
        if one.topology == series.arms[1] and not one.is_aa:
            plant(own, effect)
    found = np.percentile(rows, series.qs, axis=1, method="inverted_cdf").T
    trials: list[list[Trial]] = [[] for _ in groups]
    for values, (number, place, one) in zip(found, planned, strict=True):
        by_q = dict(zip(series.qs, values.tolist(), strict=True))
        trials[number].append((_record(number, place, one, by_q), by_q))
    return trials


def _record(number: int, place: int, planned: PlannedTrial, by_q: Mapping[float, float]
            ) -> TrialRecord:
    """What the lab would have recorded of a trial that no guard objects to."""
    arm: Literal["a", "b"] = "b" if planned.is_aa and place else "a"
    record = record_of(number, replace(planned, pair=number, arm=arm), "monolith", _SLO_MS)
    record.p50_ms, record.p95_ms = by_q.get(50.0), by_q.get(95.0)
    return record


def _judge(series: Series, groups: Sequence[Sequence[Trial]]) -> Comparison:
    compared = [{record.topology: by_q for record, by_q in group} for group in groups
                if not group[0][0].is_aa]
    twice = [[by_q for _, by_q in group] for group in groups if group[0][0].is_aa]
    ratios = {q: _ratio([(both[series.arms[0]][q], both[series.arms[1]][q]) for both in compared])
              for q in series.qs}
    bands = {q: band_of([two[q] / one[q] for one, two in twice]) for q in series.qs}
    return Comparison(len(compared), ratios, _say(ratios, bands), _say(ratios, {}))


def _ratio(both: list[tuple[float, float]]) -> Ratio:
    values: Floats = np.array(both)
    ratio = ratio_of_pairs(values[:, 0], values[:, 1])
    assert ratio
    return ratio


def _say(ratios: dict[float, Ratio], bands: Mapping[float, Band | None]) -> dict[float, Verdict]:
    adjusted = adjusted_p({f"p{q:g}": ratio for q, ratio in ratios.items() if q != 50})
    return {q: speed_verdict(f"p{q:g}", "base", "rival", ratio, bands.get(q),
                             adjusted.get(f"p{q:g}")) for q, ratio in ratios.items()}


def is_called(verdict: Verdict) -> bool:
    """Does the sentence tell the two apart?"""
    return verdict.word in DIFFERENT


@dataclass(frozen=True, slots=True)
class StopRates:
    """Shares of comparisons by percentile, of one series under one effect and one noise."""

    series: Series
    effect: Effect
    name: str
    """Of the effect."""
    noise: Noise
    pairs: float
    """Pairs of two stores when it ended, in the mean."""
    most: int
    """When nothing but time, or the end of the plan, ends it."""
    different: dict[float, float]
    different_without_aa: dict[float, float]
    held: dict[float, float]
    """The interval holds what was planted."""


def stop_rates(series: Series, effect: Effect, comparisons: int, noise: Noise, name: str = "",
               seed: int = 1) -> StopRates:
    """Repeat a comparison with new rows; the same seed gives the same rates."""
    rng = np.random.default_rng([seed, series.rows])
    found = [run_series(series, rng, effect, noise) for _ in range(comparisons)]
    return StopRates(
        series, effect, name, noise, float(np.mean([one.pairs for one in found])),
        most_pairs(series),
        {q: _share(is_called(one.said[q]) for one in found) for q in series.qs},
        {q: _share(is_called(one.said_without_aa[q]) for one in found) for q in series.qs},
        {q: _share(_holds(one.ratios[q], effect.factor) for one in found) for q in series.qs})


def most_pairs(series: Series) -> int:
    """Pairs of two stores of a series that has no width: no trial carries a percentile."""
    own: list[TrialRecord] = []
    while group := series.block.next(own):
        own += [_record(group.number, place, one, {}) for place, one in enumerate(group.trials)]
    return len({one.pair for one in own if not one.is_aa})


def _share(hits: Iterable[bool]) -> float:
    return float(np.mean(list(hits)))


def _holds(ratio: Ratio, truth: float) -> bool:
    return ratio.low is not None and ratio.high is not None and ratio.low <= truth <= ratio.high


def stop_table(found: Sequence[StopRates]) -> str:
    """Per cent of comparisons, as Markdown; p50, then p95 where trials carry one."""
    lines = ["| series | stop | noise | planted | pairs, mean (most) | called | without A/A pairs "
             "| interval holds the truth |", "|---" * 8 + "|"]
    for one in found:
        cells = [one.series.name, one.series.rule, f"{one.noise.trial / Noise().trial:.3g}",
                 one.name, f"{one.pairs:.1f} ({one.most})", _per_cent(one.different),
                 _per_cent(one.different_without_aa), _per_cent(one.held)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _per_cent(shares: Mapping[float, float]) -> str:
    return " · ".join(f"{share * 100:.1f}" for share in shares.values())
