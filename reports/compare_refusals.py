"""What of two runs can't be compared, and why: blind to what the runs found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contract.run_record import RunRecord, TrialRecord
from reports.latency import Latency
from reports.words import listed

MACHINE: Final = ("processor", "architecture", "cores", "memory_mb", "system")
"""Keys of RunRecord.machine that make it another machine."""

_LOAD: Final = ("workload", "rate_profile", "warmup_s", "measure_s")
_LIMITS: Final = ("slo_ms", "cpu_budget", "memory_budget_mb", "budget_mode", "replicas")
_PROBING: Final = ("resolution", "warmup_s", "probe_s", "confirm_factor")
_FAULT: Final = ("module", "kind", "dose", "delay_ms", "at_s", "for_s")


_COUNTS: Final = frozenset({"entry_points", "settings"})
"""Of a topology: what its programs are, not how they run."""
_UNCOMPARED: Final = {
    "capacity": ("quick ramps", "a first look; capacities are compared where they were searched"),
    "hot": ("hot parts", "each run split its budget by its own measured demand; see both reports"),
    "distance": ("network distance", "slopes are of one run's distances; see both reports"),
    "idle": ("idle use", "not compared; see both reports"),
}
"""Phase → what a reader calls it, and why it is left out."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`what` is a store, a series, a searched point, a fault, one number of them, or the whole
    comparison."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


WHOLE: Final = "the runs"
NOT_THERE: Final = "not"
"""`not in <run>`, as a reason of `refuse_value`."""


def machines_differ(a: RunRecord, b: RunRecord) -> list[str]:
    """`cores 2 and 8`, for everything that makes times of one run not those of the other; the
    generator's priority where both have recorded it."""
    keys = [*MACHINE, *(["generator"] if "generator" in a.machine and "generator" in b.machine
                        else [])]
    return [f"{key} {a.machine.get(key)} and {b.machine.get(key)}" for key in keys
            if a.machine.get(key) != b.machine.get(key)]


def refuse_runs(a: RunRecord, b: RunRecord) -> list[Refusal]:
    """Reasons against comparing anything."""
    return [Refusal(WHOLE, reason) for reason in _against_runs(a, b)]


def _against_runs(a: RunRecord, b: RunRecord) -> Iterator[str]:
    for run in (a, b):
        if not run.finished:
            yield f"{run.run} is unfinished; go on with: twinstore run --resume {run.run}"
    for key, unit in (("cpu_budget", "CPU"), ("memory_budget_mb", "MiB")):
        one, other = getattr(a.limits, key), getattr(b.limits, key)
        if one != other:
            yield f"budgets differ: {_named(one)} and {_named(other)} {unit}"
    if set(a.limits.enforced) != set(b.limits.enforced):
        yield (f"one budget was enforced and the other not: {_all(a.limits.enforced)} and "
               f"{_all(b.limits.enforced)}")
    for topology in _shared(a.seed_digest, b.seed_digest):
        if a.seed_digest[topology] != b.seed_digest[topology]:
            yield f"seed data of {topology} differ"
            break
    for key in ("slo_ms", "client"):
        one, other = a.scenario_resolved.get(key), b.scenario_resolved.get(key)
        if one != other:
            yield f"{key} differs: {_named(one)} and {_named(other)}"
    if not _shared(a.topologies, b.topologies):
        yield "no topology is in both"


def refuse_stores(a: RunRecord, b: RunRecord, red: list[dict[str, list[str]]]) -> list[Refusal]:
    """Stores whose numbers can't be compared, or that one run has not; `red`: violated
    invariants by run."""
    found = [Refusal(topology, f"not in {without.run}") for run, without in ((a, b), (b, a))
             for topology in run.topologies if topology not in without.topologies]
    for topology in _shared(a.topologies, b.topologies):
        for run, broken in zip((a, b), red, strict=True):
            if topology in broken:
                found.append(Refusal(topology, f"{run.run} violates {listed(broken[topology])}: "
                                               "the speed of wrong answers is not compared"))
            if run.contract_smoke.get(topology) is False:
                found.append(Refusal(topology, f"{run.run} failed the contract smoke"))
        one, other = a.topologies[topology], b.topologies[topology]
        differ = [key for key in sorted({*one, *other} - _COUNTS)
                  if one.get(key) != other.get(key)]
        if differ:
            found.append(Refusal(topology, "runs as another topology: " + "; ".join(
                f"{key} {_named(one.get(key))} and {_named(other.get(key))}" for key in differ)))
    return found


def refuse_series(a: RunRecord, b: RunRecord, one: Latency, other: Latency) -> list[Refusal]:
    """Reasons against comparing a series that both runs have under the same name."""
    first, second = one.trials[0], other.trials[0]
    found = [*_unequal(first, second, (*_LOAD, *_LIMITS)), *_mix(a, b, first)]
    return _refusals(one.series or first.workload, found)


def refuse_point(a: RunRecord, b: RunRecord, name: str, first: TrialRecord,
                 second: TrialRecord) -> list[Refusal]:
    """Reasons against comparing a capacity that both runs searched; a probe of each is shown.

    Rate and length of single probes are what the search chose: how it was to choose is held.
    """
    found = [*_unequal(first, second, _LIMITS), *_mix(a, b, first)]
    asked = [_search_keys(run, trial) for run, trial in ((a, first), (b, second))]
    found += [f"{key} {_named(asked[0].get(key))} and {_named(asked[1].get(key))}"
              for key in _PROBING if asked[0].get(key) != asked[1].get(key)]
    return _refusals(name, found)


def refuse_fault(a: RunRecord, b: RunRecord, name: str, first: TrialRecord,
                 second: TrialRecord) -> list[Refusal]:
    """Reasons against comparing what a fault cost in both runs; a trial of each is shown."""
    found = [*_unequal(first.fault, second.fault, _FAULT),
             *_unequal(first, second, (*_LOAD, *_LIMITS)), *_mix(a, b, first)]
    platforms = [run.scenario_resolved.get("platform") for run in (a, b)]
    if None not in platforms and platforms[0] != platforms[1]:
        found.append("platform differs: dead and unready replicas are treated otherwise")
    return _refusals(name, found)


def refuse_value(what: str, runs: Sequence[RunRecord], found: Iterable[object]) -> Refusal:
    """Why one number can't be compared, by what each run found: text is why it has none."""
    names: dict[str, list[str]] = {}
    for run, why in zip(runs, found, strict=True):
        if isinstance(why, str) and why:
            names.setdefault(why, []).append(run.run)
    return Refusal(what, "; ".join(f"{why} in {listed(own)}" for why, own in names.items()))


def refuse_phases(a: RunRecord, b: RunRecord) -> list[Refusal]:
    """What both runs measured and nothing here holds against each other."""
    phases = [{trial.phase for trial in run.trials} for run in (a, b)]
    return [Refusal(what, reason) for phase, (what, reason) in _UNCOMPARED.items()
            if all(phase in own for own in phases)]


def _refusals(name: str, found: list[str]) -> list[Refusal]:
    return [Refusal(name, "; ".join(found))] if found else []


def _unequal(first: object, second: object, keys: tuple[str, ...]) -> list[str]:
    return [f"{key} {_named(getattr(first, key))} and {_named(getattr(second, key))}"
            for key in keys if getattr(first, key) != getattr(second, key)]


def _mix(a: RunRecord, b: RunRecord, trial: TrialRecord) -> list[str]:
    """Who came under the name of a workload; nothing where a run does not tell."""
    mixes = [run.definitions.get("workloads", {}).get(trial.workload) for run in (a, b)]
    return ([f"the mix of {trial.workload} differs"]
            if None not in mixes and mixes[0] != mixes[1] else [])


def _search_keys(run: RunRecord, trial: TrialRecord) -> dict[str, Any]:
    """The search of the scenario that asked for this point; empty where it was not recorded."""
    point = trial.cpu_budget, trial.replicas
    return next((keys for keys in run.scenario_resolved.get("search") or []
                 if keys["workload"] == trial.workload
                 and point in {(one["cpus"], one["replicas"]) for one in keys["points"]}), {})


def _shared(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    return [name for name in a if name in b]


def _named(value: object) -> str:
    return "none" if value is None else str(value)


def _all(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
