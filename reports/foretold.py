"""What each fault is expected to cost by the plan alone: workload, topology and fault as written.

`expected_losses` is pure.  The lab writes what it returns into run.json before the first trial;
the report asks again and says where the answers differ.  What is predicted by the matched run:
reports/oracle.py.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.endpoints import BY_NAME, FEATURES
from contract.expected_loss import ExpectedLoss
from contract.journeys import STEPS
from contract.reach import ON_A_LINK, place_of, reaches
from contract.run_record import FaultRecord, RunRecord
from reports.oracle import ONLY_LATE, Request, away_by, later_ms, lost_of_hit

Losses = dict[str, ExpectedLoss]
"""By feature."""
_OUTSIDE = ("bank", "database")
"""Every store has a way over the network to these."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """One fault on one topology: as written before the run, and by this version of the oracle."""

    fault: str
    topology: str
    written: Losses
    now: Losses

    @property
    def is_same(self) -> bool:
        """Does this oracle expect what was written?"""
        return self.written.keys() == self.now.keys() and all(
            _is_close(one, self.now[feature]) for feature, one in self.written.items())


def foretold_in(record: RunRecord) -> list[Foretold]:
    """Everything that was written down before the first trial of a run."""
    if not record.expected:
        return []
    now = expected_losses(record.scenario_resolved, record.definitions)
    return [Foretold(fault, topology, losses, now.get(fault, {}).get(topology, {}))
            for fault, places in record.expected.items() for topology, losses in places.items()]


def lost_of_all(losses: Losses) -> float | None:
    """Expected share lost of what visitors send; None where a feature's is not known."""
    seen = [one for feature, one in losses.items() if feature in FEATURES]
    lost = [one.lost for one in seen]
    whole = sum(one.share for one in seen)
    if None in lost or not whole:
        return None
    return sum(one.share * (one.lost or 0.0) for one in seen) / whole


def hit_of_all(losses: Losses) -> float:
    """Expected share of what visitors send that passes what is broken."""
    seen = [one for feature, one in losses.items() if feature in FEATURES]
    whole = sum(one.share for one in seen)
    return sum(one.share * one.hit for one in seen) / whole if whole else 0.0


def expected_losses(scenario: Mapping[str, Any],
                    definitions: Mapping[str, Any]) -> dict[str, dict[str, Losses]]:
    """Fault → topology → feature → what is expected; nothing without a section `isolation`.

    `scenario`, `definitions`: as in contract.run_record.RunRecord.
    """
    keys = scenario.get("isolation")
    if not keys:
        return {}
    names = definitions["faults"] if keys["faults"] == "all" else keys["faults"]
    weights = definitions["workloads"][keys["workload"]]["weights"]
    topologies = {name: definitions["topologies"][name] for name in scenario["topologies"]}
    return {name: {topology: _losses(_fault(name, definitions["faults"][name], keys, where),
                                     where, weights, scenario)
                   for topology, where in topologies.items()} for name in names}


def _fault(name: str, given: Mapping[str, Any], keys: Mapping[str, Any],
           where: Mapping[str, Any]) -> FaultRecord:
    has_calls = where["store"] == "microservices" and not where.get("colocated")
    return FaultRecord(
        name=name, module=given["module"], kind=given["kind"], dose=given.get("dose", 1.0),
        delay_ms=given.get("delay_ms", 0.0), at_s=keys["warmup_s"] + keys["before_s"],
        for_s=keys["fault_s"], applies=(given["kind"] not in ON_A_LINK
                                        or given["module"] in _OUTSIDE or has_calls))


def _losses(fault: FaultRecord, where: Mapping[str, Any], weights: Mapping[Any, float],
            scenario: Mapping[str, Any]) -> Losses:
    place = place_of(where, where["store"], fault.module,
                     scenario["isolation"].get("replicas", 1))
    mix: defaultdict[str, float] = defaultdict(float)
    for journey, weight in weights.items():
        for endpoint in STEPS[journey] if weight else ():
            mix[endpoint] += weight
    hit = {name for name in mix
           if fault.applies and reaches(fault.module, fault.kind, name, place)}
    rate = scenario["isolation"]["rate_per_s"] / sum(weights.values())
    lost = _lost(fault, rate * sum(mix[name] for name in hit), place.replicas, scenario)
    found = {}
    for feature in {BY_NAME[name].feature for name in mix}:
        own = {name: n for name, n in mix.items() if BY_NAME[name].feature == feature}
        share = sum(n for name, n in own.items() if name in hit) / sum(own.values())
        found[str(feature)] = ExpectedLoss(
            share=sum(own.values()) / sum(mix.values()), hit=share,
            lost=0.0 if not share else None if lost is None else lost * share)
    return found


def _lost(fault: FaultRecord, calls_per_s: float, replicas: int,
          scenario: Mapping[str, Any]) -> float | None:
    """Share lost of the requests hit; None where it follows from the matched run, and of a leak.

    What only makes late is certain where the delay of a single round trip is above the objective.
    """
    if fault.kind == "leak":
        return None
    if fault.kind in ONLY_LATE:
        return fault.dose if later_ms(fault, _ONE_TRIP) > scenario["slo_ms"] else None
    return lost_of_hit(fault, calls_per_s, away_by(scenario["platform"]), replicas)


_ONE_TRIP = Request("checkout", "place_order", True, 0.0, 1, 1)
"""The least that any request makes."""


def _is_close(one: ExpectedLoss, other: ExpectedLoss) -> bool:
    if (one.lost is None) != (other.lost is None):
        return False
    return all(math.isclose(a, b, abs_tol=1e-9) for a, b in (
        (one.share, other.share), (one.hit, other.hit), (one.lost or 0.0, other.lost or 0.0)))
