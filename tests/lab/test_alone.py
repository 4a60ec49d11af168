"""While one store is measured the others stand still, and go on afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
import urllib3

from lab.generator import Generator
from lab.scenario import ScenarioFile
from lab.trial import Bench, run_trial
from tests.e2e.bench_of import bench_of, latency_trial, scenarios_of
from tests.e2e.lab_process import FAULTED

pytestmark = pytest.mark.e2e
STORES = ("monolith", "microservices")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ScenarioFile:
    return scenarios_of(FAULTED.format(pairs=1, faults="bank-cut"), tmp_path_factory.mktemp("file"))


@pytest.fixture(scope="module")
def bench(file: ScenarioFile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Both stores under it."""
    with bench_of(file, "faulted", tmp_path_factory.mktemp("results")) as found:
        yield found


def states(bench: Bench, topology: str) -> set[str]:
    """What the processes of a store are doing, their children too."""
    stack = next(one for one in bench.deployment.stacks if one.topology.name == topology)
    found = [psutil.Process(process.pid) for process in stack.processes.values()]
    return {member.status() for one in found for member in [one, *one.children(recursive=True)]
            } - {psutil.STATUS_ZOMBIE}  # a backend that ended while its server was being stopped


@pytest.mark.parametrize("topology", STORES)
def test_the_store_that_is_not_measured_stands_still_and_goes_on(
        topology: str, bench: Bench, file: ScenarioFile, monkeypatch: pytest.MonkeyPatch) -> None:
    other, = set(STORES) - {topology}
    seen: dict[str, set[str]] = {}
    go = Generator.go

    def look_and_go(self: Generator) -> float:
        seen.update({name: states(bench, name) for name in STORES})
        return go(self)

    monkeypatch.setattr(Generator, "go", look_and_go)
    trial = run_trial(bench, STORES.index(topology) + 1, latency_trial(file, "faulted", topology))
    assert (trial.unplanned_exits, trial.reasons) == (0, [])
    assert seen[other] == {psutil.STATUS_STOPPED}
    assert psutil.STATUS_STOPPED not in seen[topology]
    assert psutil.STATUS_STOPPED not in states(bench, other)


def test_a_trial_that_fails_leaves_nobody_standing_still(
        bench: Bench, file: ScenarioFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Generator) -> float:
        raise ConnectionError("nobody sends")

    monkeypatch.setattr(Generator, "go", refuse)
    with pytest.raises(ConnectionError):
        run_trial(bench, 3, latency_trial(file, "faulted", "monolith"))
    for name in STORES:
        assert psutil.STATUS_STOPPED not in states(bench, name)
    for stack in bench.deployment.stacks:
        assert urllib3.request("GET", f"{stack.base_url}/readyz", timeout=5).status == 200
