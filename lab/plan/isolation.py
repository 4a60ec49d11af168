"""Part three: the same defect in both stores, against a matched run without."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from contract.reach import ON_A_LINK
from lab.plan.block import Listed
from lab.plan.trials import PlannedFault, steady
from lab.scenario import IsolationKeys, ScenarioFile, ScenarioKeys


def isolation_blocks(file: ScenarioFile, scenario: ScenarioKeys,
                     keys: IsolationKeys | None) -> Iterator[Listed]:
    """One block; in each repeat and posture the run without fault comes first.

    All runs of a repeat have the same journeys at the same instants: a loss is then the fault's,
    not the draw's.
    """
    if keys is None:
        return
    measure_s = keys.before_s + keys.fault_s + keys.after_s
    faults = list(file.faults) if keys.faults == "all" else keys.faults
    breakable = any(file.faults[name].kind in ON_A_LINK for name in faults)
    groups = []
    for repeat, posture, name in product(range(keys.repeats), keys.postures, (None, *faults)):
        fault = None if name is None else PlannedFault(
            name, file.faults[name], keys.warmup_s + keys.before_s, keys.fault_s)
        groups.append(tuple(
            replace(steady(scenario, "isolation", keys.workload, topology,
                           (keys.workload, keys.rate_per_s, keys.warmup_s, measure_s)),
                    fault=fault, posture=posture, breakable=breakable, replicas=keys.replicas,
                    seed=_seed_of(scenario, keys, repeat))
            for topology in scenario.topologies))
    yield Listed("isolation", keys.workload, tuple(groups), scenario.guards.retries)


def _seed_of(scenario: ScenarioKeys, keys: IsolationKeys, repeat: int) -> int:
    coin = random.Random(  # noqa: S311 - load, not a secret
        f"{scenario.seed}-isolation-{keys.workload}-{repeat}")
    return coin.randrange(1, 2**31)
