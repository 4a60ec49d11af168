"""What two runs have in common, line by line: the same number in each, and how it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Final, Literal

from reports.arms import Arms
from reports.compare_refusals import NOT_THERE, Refusal, refuse_value
from reports.compare_values import (
    Value,
    comparable,
    cpu_an_answer_ms,
    first_ms,
    is_known,
    memory_gb,
    ratio_of,
    values_of,
    whole_journey_ms,
)
from reports.estimate import QS, Estimate, Floats, Ratio, mean_of
from reports.estimate_apart import Apart, means_apart, ratio_apart
from reports.isolation import FaultResult
from reports.journeys import QS as JOURNEY_QS
from reports.latency import Latency
from reports.read import Run
from reports.scaling import Scaling
from reports.starts import allowing_start
from reports.verdicts import NO_PAIR, digits_apart
from reports.words import number

Kind = Literal["latency", "cost", "capacity", "isolation"]
_SAME: Final = "no difference shown"
_BY_THE_HOUR: Final = ("ms", "CPU ms", "journeys/s")
"""Units of what hangs on how fast the machine is just then."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One run with what its report measures."""

    run: Run
    arms: Arms
    series: list[Latency]
    scaling: Scaling
    faults: list[FaultResult]


@dataclass(frozen=True, slots=True)
class Line:
    """One number in both runs.  `change` is b ÷ a for ratios and times, b − a for shares."""

    kind: Kind
    what: str
    unit: str
    a: Estimate
    b: Estimate
    change: Estimate | None
    """None: no change can be computed."""

    @property
    def is_judged(self) -> bool:
        """Whether its change can be told from another hour of the machine."""
        return self.unit not in _BY_THE_HOUR

    @property
    def verdict(self) -> str:
        """Changed only if the interval of the change says so.

        Times, CPU and capacities of a single store are not judged: an hour of one machine differs
        from the next by more than trials of either tell.
        """
        change = self.change
        if change is None or change.low is None or change.high is None:
            return "no interval"
        if not self.is_judged:
            return f"×{number(change.value)}, not judged"
        if self.kind == "isolation":
            said = f"{number(change.value * 100)} points"
            return (f"more lost, +{said}" if change.low > 0 else
                    f"less lost, {said}" if change.high < 0 else _SAME)
        said = f"×{number(change.value)}"
        return (f"greater, {said}" if digits_apart(change.low) else
                f"smaller, {said}" if change.high > 0 and digits_apart(1 / change.high) else _SAME)


def lines_of(a: Loaded, b: Loaded, series: list[str], arms: Arms, barred: frozenset[str], *,
             is_same_machine: bool) -> tuple[list[Line], list[Refusal]]:
    """What is comparable of latency series, and why the rest is not; `barred`: stores whose
    numbers are refused."""
    found: list[Line | Refusal] = []
    for name in series:
        both = _Both(a, b, *(next(s for s in loaded.series if s.series == name)
                             for loaded in (a, b)))
        absent = _absent(both, barred)
        gone = barred | absent.keys()
        found += [*absent.values(), *_journey_ratios(both, gone), *_ratios(both, gone),
                  *_cost_ratios(both, arms, gone)]
        if is_same_machine:
            found += _times(both, gone)
    return parted(found)


def parted(found: Iterable[Line | Refusal]) -> tuple[list[Line], list[Refusal]]:
    """Lines and refusals apart, each in their order."""
    every = list(found)
    return ([one for one in every if isinstance(one, Line)],
            [one for one in every if isinstance(one, Refusal)])


@dataclass(frozen=True, slots=True)
class _Both:
    """One series in both runs."""

    a: Loaded
    b: Loaded
    one: Latency
    other: Latency

    @property
    def name(self) -> str:
        return self.one.series or self.one.trials[0].workload

    @property
    def sides(self) -> tuple[tuple[Run, Latency], tuple[Run, Latency]]:
        return (self.a.run, self.one), (self.b.run, self.other)

    def is_known(self, two: tuple[str, str], value: Value) -> bool:
        """Has either run a number for both stores?"""
        return any(all(is_known(values_of(*side, topology, value)) for topology in two)
                   for side in self.sides)

    def refuse(self, what: str, *found: object) -> Refusal:
        """By what each run found: text is why it has no number."""
        return refuse_value(f"{self.name}: {what}", (self.a.run.record, self.b.run.record), found)

    def divide(self, kind: Kind, what: str, before: Ratio | str,
               after: Ratio | str) -> Line | Refusal:
        """How a ratio changed, or why that can't be said."""
        if isinstance(before, str) or isinstance(after, str):
            return self.refuse(what, before, after)
        a, b = (Estimate(r.value, r.low, r.high, r.n, "ratio", r.method) for r in (before, after))
        return Line(kind, f"{self.name}: {what}", "ratio", a, b,
                    _change(what, ratio_apart(before, after), starts=2))


def _absent(both: _Both, barred: frozenset[str]) -> dict[str, Refusal]:
    """Stores that were measured in this series in one run only."""
    return {topology: both.refuse(topology, *("" if topology in latency.samples else NOT_THERE
                                              for _, latency in both.sides))
            for topology in dict.fromkeys([*both.one.samples, *both.other.samples])
            if topology not in barred
            and not (topology in both.one.samples and topology in both.other.samples)}


def _journey_ratios(both: _Both, gone: Set[str]) -> Iterator[Line | Refusal]:
    """Whole journeys first: they are the headline of a report."""
    one, other = both.one, both.other
    if not (one.arms and one.arms.rival and other.arms) or gone & {one.arms.base, one.arms.rival}:
        return
    two = one.arms.base, one.arms.rival
    what = f"{two[1]} ÷ {two[0]}"
    if (other.arms.base, other.arms.rival) != two:
        if one.journeys or other.journeys:
            yield both.refuse(f"whole journeys, {what}", "", "of other stores")
        return
    for q in JOURNEY_QS:
        found = [latency.journeys.ratios[q] or f"{latency.journeys.why_not[q]},"
                 if latency.journeys else NO_PAIR for latency in (one, other)]
        if both.is_known(two, whole_journey_ms(q)):
            yield both.divide("latency", f"whole journeys, p{q:g}, {what}", *found)


def _ratios(both: _Both, gone: Set[str]) -> Iterator[Line | Refusal]:
    pairs = {(two.base, two.rival): two for two in both.other.contrasts}
    for contrast in both.one.contrasts:
        two = contrast.base, contrast.rival
        what = f"{two[1]} ÷ {two[0]}"
        if gone & {*two}:
            continue
        same = pairs.get(two)
        if same is None:
            yield both.refuse(what, "", "the other way round")
            continue
        for q in QS:
            found = [one.ratios[q] or f"{one.why_not[q]}," for one in (contrast, same)]
            if both.is_known(two, first_ms(q)):
                yield both.divide("latency", f"p{q:g}, {what}", *found)


def _cost_ratios(both: _Both, arms: Arms, gone: Set[str]) -> Iterator[Line | Refusal]:
    if arms.rival is None or gone & {arms.base, arms.rival}:
        return
    two = arms.base, arms.rival
    for what, value in _COSTS.items():
        if both.is_known(two, value):
            yield both.divide("cost", f"{what}, {two[1]} ÷ {two[0]}",
                              *(ratio_of(*side, two, value) for side in both.sides))


def _times(both: _Both, gone: Set[str]) -> Iterator[Line | Refusal]:
    for topology in both.one.samples:
        if topology in gone:
            continue
        for what, (kind, unit, value) in _ABSOLUTE.items():
            each = [values_of(*side, topology, value) for side in both.sides]
            if any(is_known(found) for found in each):
                yield _time(both, kind, f"{what}, {topology}", unit, *map(comparable, each))


def _time(both: _Both, kind: Kind, what: str, unit: str, before: Floats | str,
          after: Floats | str) -> Line | Refusal:
    if isinstance(before, str) or isinstance(after, str):
        return both.refuse(what, before, after)
    change, a, b = means_apart(before, after), mean_of(before, unit), mean_of(after, unit)
    assert change  # all are finite and above 0
    assert a
    assert b
    return Line(kind, f"{both.name}: {what}", unit, a, b, _change(what, change))


def _change(what: str, found: Apart, starts: int = 1) -> Estimate:
    """What is held in memory is of one start of each store in each run, and another one holds
    something else: `starts` allowances, of one store or of both."""
    low, high = found.low, found.high
    for _ in range(starts if what.startswith(_MEMORY) else 0):
        low, high = allowing_start(low, high)
    return Estimate(found.value, low, high, min(found.n), "ratio", found.method)


_MEMORY: Final = "memory"
_COSTS: Final[dict[str, Value]] = {"CPU an answer": cpu_an_answer_ms, _MEMORY: memory_gb}
_ABSOLUTE: Final[dict[str, tuple[Kind, str, Value]]] = {
    **{f"whole journeys, p{q:g}": ("latency", "ms", whole_journey_ms(q)) for q in JOURNEY_QS},
    "p50": ("latency", "ms", first_ms(50.0)), "p95": ("latency", "ms", first_ms(95.0)),
    "CPU an answer": ("cost", "CPU ms", cpu_an_answer_ms), _MEMORY: ("cost", "GB", memory_gb)}
