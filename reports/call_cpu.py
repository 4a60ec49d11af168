"""CPU of a call between services: what one store spent more than another, by call.

CPU is known by trial, calls by request, so the price is (CPU of the caller − CPU of the other) ÷
calls, pair by pair, both per right answer.  What a store uses while nobody comes is taken off
where the run measured it (phase `idle`).  Against `colocated` the difference is then the calls
alone; against the monolith it holds the framework as well.  What a line would have as its
intercept, the framework with what the split asks for in one process, is `colocated` − monolith:
neither calls over a socket.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contract.run_record import TrialRecord
from reports.arms import CONTROL, pairs_of, usable
from reports.estimate import Estimate, mean_of
from reports.guards import Judged
from reports.latency import Latency
from reports.read import Run


@dataclass(frozen=True, slots=True)
class CpuOfCalls:
    """One series, two topologies: CPU in ms, per right answer and per call.

    Without calls over sockets in either (`calls` 0) the difference is the framework's.
    """

    series: str
    base: str
    rival: str
    calls: float
    """Calls between services an answer, in the rival."""
    base_ms: Estimate
    rival_ms: Estimate
    difference_ms: Estimate
    """Rival − base, by pair."""
    per_call_ms: Estimate | None
    is_net_of_idle: bool


def cpu_of_calls(run: Run, judged: list[Judged], series: list[Latency]) -> list[CpuOfCalls]:
    """Every series against every other topology whose answers needed fewer calls over sockets."""
    idle = idle_cores(judged)
    found = []
    for one in series:
        arms = one.arms
        if arms is None or arms.rival is None:
            continue
        own = one.judged_in(judged)
        twos = [(base, arms.rival) for base in arms.in_order[:-1]]
        twos += [(arms.base, CONTROL)] if CONTROL in arms.others else []
        found += [row for two in twos if (row := _measure(run, own, one.series, two, idle,
                                                          has_calls=two[1] == arms.rival))]
    return found


def cpu_ms(run: Run, trial: TrialRecord, idle_cores: float = 0.0) -> float | None:
    """CPU of the whole store per right answer that ended in the window; None: not recorded, no
    answer."""
    right = int(run.ended(trial)["right"].sum())
    if "total" not in trial.cost or not right:
        return None
    return (trial.cost["total"].cpu_s - idle_cores * trial.measure_s) * 1000 / right


def _measure(run: Run, own: list[Judged], series: str, two: tuple[str, str],
             idle: dict[str, float], *, has_calls: bool) -> CpuOfCalls | None:
    base, rival = two
    is_net = base in idle and rival in idle
    less, more, calls = [], [], []
    for pair in pairs_of(own, [base, rival], lambda _: True):
        a, b = (cpu_ms(run, pair[name], idle[name] if is_net else 0.0) for name in two)
        n = _calls_an_answer(run, pair[rival]) if has_calls else 0.0
        if a is not None and b is not None and (n > 0 or not has_calls):
            less.append(a)
            more.append(b)
            calls.append(n)
    if not calls:
        return None
    gaps = [b - a for a, b in zip(less, more, strict=True)]
    return CpuOfCalls(
        series, base, rival, float(np.mean(calls)), _mean(less, "CPU ms / answer"),
        _mean(more, "CPU ms / answer"), _mean(gaps, "CPU ms / answer"),
        _mean([gap / n for gap, n in zip(gaps, calls, strict=True)], "CPU ms / call")
        if has_calls else None, is_net)


def _calls_an_answer(run: Run, trial: TrialRecord) -> float:
    """Mean over right answers; 0 without one."""
    rows = run.measured(trial)
    own = rows.loc[rows["right"].to_numpy(), "service_calls"]
    return float(own.mean()) if len(own) else 0.0


def _mean(values: list[float], unit: str) -> Estimate:
    found = mean_of(values, unit)
    assert found is not None  # there are values
    return found


def idle_cores(judged: list[Judged]) -> dict[str, float]:
    """Cores used while nobody came, by topology: mean over idle trials."""
    cores: dict[str, list[float]] = {}
    for trial in usable(judged, "idle"):
        if "total" in trial.cost and trial.measure_s:
            cores.setdefault(trial.topology, []).append(
                trial.cost["total"].cpu_s / trial.measure_s)
    return {name: float(np.mean(values)) for name, values in cores.items()}
