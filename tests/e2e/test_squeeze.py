"""A store with too little memory: that is its answer, and afterwards it is as good as before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import urllib3

from lab.plan import PlannedTrial
from lab.plan.trials import PlannedProbe
from lab.scenario import ScenarioFile
from lab.trial import Bench, run_trial
from reports.guards import judge
from tests.e2e.bench_of import bench_of, latency_trial, run_of, scenarios_of
from tests.e2e.lab_process import FAULTED

pytestmark = pytest.mark.e2e
STORES = ("monolith", "microservices")
WHOLE_MIB = 1024


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ScenarioFile:
    return scenarios_of(FAULTED.format(pairs=1, faults="bank-cut"), tmp_path_factory.mktemp("file"))


@pytest.fixture(scope="module")
def bench(file: ScenarioFile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Both stores under it."""
    with bench_of(file, "faulted", tmp_path_factory.mktemp("results")) as found:
        if not found.deployment.stacks[0].has_memory_limit:
            pytest.skip("nothing limits memory on this machine")
        yield found


def asked(file: ScenarioFile, topology: str, mib: int) -> PlannedTrial:
    """A probe under a limit, of visitors who need not be signed in."""
    trial = latency_trial(file, "faulted", topology)
    return replace(trial, phase="hot", scaled="pooled", workload="product_read",
                   rate_profile=((1.0, 20.0), (2.0, 20.0)), warmup_s=1.0,
                   budget=replace(trial.budget, memory_mb=mib),
                   probe=PlannedProbe(f"known/{topology}/memory/0", "memory", mib, "ramp"))


@pytest.mark.parametrize("topology", STORES)
def test_a_limit_that_a_store_can_not_live_in_is_an_answer_and_does_no_harm(
        topology: str, bench: Bench, file: ScenarioFile) -> None:
    stack = next(one for one in bench.deployment.stacks if one.topology.name == topology)
    pids = {process.pid for process in stack.processes.values()}
    cramped = run_trial(bench, 1, asked(file, topology, 48))
    assert cramped.probe is not None
    assert cramped.probe.holds is False
    assert not cramped.probe.is_enforced or cramped.oom_kills
    assert judge(run_of(cramped), {})[0].status != "rejected", cramped.reasons
    assert not pids & {process.pid for process in stack.processes.values()}, "started afresh"
    assert stack.budget.memory_mb == WHOLE_MIB
    assert stack.has_memory_limit

    roomy = run_trial(bench, 2, asked(file, topology, WHOLE_MIB - 1))
    assert roomy.probe is not None
    assert (roomy.probe.holds, roomy.probe.is_enforced, roomy.oom_kills) == (True, True, 0)
    assert (roomy.unplanned_exits, roomy.reasons) == (0, [])
    assert urllib3.request("GET", f"{stack.base_url}/readyz", timeout=5).status == 200
