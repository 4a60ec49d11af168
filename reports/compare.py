"""Two runs side by side: another machine, another commit.

Ratios of stores travel between machines, for both stores met the same conditions; times do not.
So ratios are compared always; times, CPU and capacities are shown only for the same machine, and
not judged even then: the runs were not interleaved, and a machine differs from hour to hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contract.run_record import RunRecord
from reports.arms import Arms, find_arms
from reports.books import audit_findings, red_topologies
from reports.compare_capacity import capacity_lines
from reports.compare_faults import fault_lines
from reports.compare_lines import Line, Loaded, lines_of
from reports.compare_refusals import (
    WHOLE,
    Refusal,
    machines_differ,
    refuse_phases,
    refuse_runs,
    refuse_series,
    refuse_stores,
)
from reports.guards import judge
from reports.isolation import measure_isolation
from reports.latency import measure_series, medians_ms
from reports.read import UnreadableRun, read_run
from reports.scaling import measure_scaling
from reports.words import count


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs; `record` None: it could not be read."""

    name: str
    record: RunRecord | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`lines` holds what could be compared, `refusals` what could not, `notes` how to read it."""

    a: Side
    b: Side
    lines: list[Line]
    refusals: list[Refusal]
    notes: list[str]

    @property
    def is_refused(self) -> bool:
        """Was nothing compared?"""
        return not self.lines


def compare(run_a: Path, run_b: Path) -> Comparison:
    """Compare run B with run A; what can't be compared is refused with its reason."""
    runs: list[Loaded] = []
    refusals = []
    for folder in (run_a, run_b):
        try:
            runs.append(_load(folder))
        except UnreadableRun as unreadable:
            refusals.append(Refusal(WHOLE, str(unreadable)))
    if refusals:
        known = {run.run.folder: run.run.record for run in runs}
        return Comparison(Side(run_a.name, known.get(run_a)), Side(run_b.name, known.get(run_b)),
                          [], refusals, [])
    a, b = runs
    return _compare(a, b)


def _load(folder: Path) -> Loaded:
    run = read_run(folder)
    arms = find_arms(run.record)
    judged = judge(run.record, medians_ms(run))
    return Loaded(run, arms, measure_series(run, judged, arms),
                  measure_scaling(run, judged, arms), measure_isolation(run, judged, arms))


def _compare(a: Loaded, b: Loaded) -> Comparison:
    one, other = a.run.record, b.run.record
    sides = Side(one.run, one), Side(other.run, other)
    refusals = refuse_runs(one, other)
    if refusals:
        return Comparison(*sides, [], refusals, [])
    red = [red_topologies(audit_findings(loaded.run, loaded.arms.all)) for loaded in (a, b)]
    stores = refuse_stores(one, other, red)
    series, left_out = _series(a, b)
    differ = machines_differ(one, other)
    barred = frozenset(refusal.what for refusal in stores)
    arms = _arms(a, b)
    lines, values = lines_of(a, b, series, arms, barred, is_same_machine=not differ)
    capacities, places = capacity_lines(a, b, arms, barred, is_same_machine=not differ)
    losses, faults = fault_lines(a, b, barred)
    lines += [*capacities, *losses]
    return Comparison(*sides, lines,
                      [*stores, *left_out, *values, *places, *faults, *refuse_phases(one, other)],
                      _notes(one, other, differ, sum(line.is_judged for line in lines)))


def _series(a: Loaded, b: Loaded) -> tuple[list[str], list[Refusal]]:
    """Names of series that may be compared, and reasons for the others."""
    first, second = ({one.series: one for one in loaded.series} for loaded in (a, b))
    found, refusals = [], []
    for name, one in first.items():
        if name not in second:
            refusals.append(Refusal(name or "latency", f"not in {b.run.record.run}"))
            continue
        against = refuse_series(a.run.record, b.run.record, one, second[name])
        refusals += against
        found += [] if against else [name]
    refusals += [Refusal(name or "latency", f"not in {a.run.record.run}")
                 for name in second if name not in first]
    return found, refusals


def _arms(a: Loaded, b: Loaded) -> Arms:
    """The arms of the first run, as far as the second has them."""
    names = [name for name in a.arms.in_order if name in b.arms.all]
    rival = a.arms.rival if a.arms.rival in names else None
    return Arms(a.arms.base, rival,
                tuple(name for name in names if name not in (a.arms.base, rival)))


def _notes(a: RunRecord, b: RunRecord, differ: list[str], n: int) -> list[str]:
    if not n:
        return []
    notes = [f"Every change has an interval of its own: of {count(n, 'judged number')} about one "
             "in 20 differs by chance."]
    notes += [f"Another machine ({'; '.join(differ)}): only ratios and shares are compared, no "
             "times." if differ else
             "The same kind of machine. The runs were not interleaved, so times, CPU and "
             "capacities of a single store are shown and not judged: what the machine did in "
             "between is in them."]
    if a.commit != b.commit:
        notes.append(f"Commits {a.commit or 'unknown'} and {b.commit or 'unknown'}.")
    if a.sources and b.sources and a.sources == b.sources:
        notes.append("The stores' sources are the same.")
    changed = [f"{name} {a.versions.get(name, 'none')} and {b.versions.get(name, 'none')}"
               for name in sorted({*a.versions, *b.versions})
               if a.versions.get(name) != b.versions.get(name)]
    if changed:
        notes.append(f"Versions differ: {', '.join(changed)}.")
    notes += [f"{run.run} was not verified by the contract suite." for run in (a, b)
              if not run.contract_suite]
    return notes
