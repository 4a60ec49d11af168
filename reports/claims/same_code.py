"""Rows about the same code in one process and in many: B1, B8."""

from __future__ import annotations

from functools import partial

from reports.arms import CONTROL
from reports.claims.claim import (
    Row,
    by_direction,
    effect_of_ratio,
    every_one,
    signed,
    untestable,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.latency import Latency, by_pair

_NEEDS = ("a latency series on colocated and microservices whose answers need calls between "
          "services (0.3 an answer, or more), half of its journeys in each trial ended rightly")
_AND_MORE = ", and which took more CPU than the store uses while nobody comes"
_NET = ("CPU is without what each store uses while nobody comes, the mean of its idle trials, "
        "whose scatter is not in the interval")
_GROSS = ("what each store uses while nobody comes is in its CPU, for the run has no idle trials "
          "of both")
_CALLS = 0.3
"""Calls an answer from which there is something to save."""


def one_process(evidence: Evidence) -> Row:
    """B1: CPU an answer, net of idle where the run measured it, and whole journeys, services by RPC
    ÷ the same services in one process."""
    claim, found = CLAIMS["B1"], _series(evidence)
    if found is None:
        return untestable(claim, _NEEDS)
    idle = evidence.idle_cores(CONTROL, evidence.rival)
    cpu = by_pair(found, CONTROL, evidence.rival, partial(evidence.cpu_ms, idle=idle))
    median = by_pair(found, CONTROL, evidence.rival, evidence.journey_ms)
    if cpu is None or median is None:
        return untestable(claim, f"{_NEEDS}{_AND_MORE if idle else ''}")
    of_cpu, of_median = claim.published
    effects = (effect_of_ratio("CPU an answer", cpu, published=of_cpu),
               effect_of_ratio("median of whole journeys", median, published=of_median))
    return every_one(
        claim, effects,
        f"{_calls_said(evidence, found)}; proxy and databases, which both have, are in it; "
        f"{_NET if idle else _GROSS}")


def finer_granularity(evidence: Evidence) -> Row:
    """B8: latency for each further process, from all services in one to one each."""
    claim, found = CLAIMS["B8"], _series(evidence)
    steps = _processes(evidence, evidence.rival) - _processes(evidence, CONTROL)
    median = by_pair(found, CONTROL, evidence.rival, evidence.journey_ms) if found else None
    if found is None or median is None or steps < 1:
        return untestable(claim, _NEEDS)
    effect = effect_of_ratio("whole journeys, each further process", median, steps,
                             claim.published[0])
    return Row(claim, by_direction(effect), (effect,),
               f"geometric mean of {steps} steps at once, {signed(median.value - 1)} together; "
               "steps between one process and one a service were not measured one by one")


def _series(evidence: Evidence) -> Latency | None:
    """The series with the most calls an answer."""
    known = [(evidence.calls_an_answer(one), one) for one in evidence.series
             if {CONTROL, evidence.rival} <= set(one.samples) and evidence.rival != CONTROL]
    enough = [(calls, one) for calls, one in known if calls >= _CALLS]
    return max(enough, key=lambda found: found[0])[1] if enough else None


def _calls_said(evidence: Evidence, found: Latency) -> str:
    return (f"series {found.series or found.trials[0].workload}, "
            f"{evidence.calls_an_answer(found):.2g} calls between services an answer")


def _processes(evidence: Evidence, topology: str) -> int:
    """Deployables, each of which is a process."""
    return len(evidence.run.record.topologies.get(topology, {}).get("deployables", {}))
