"""A part that dies during a trial from the outside: the trial is no result, the run goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from contract.run_record import TrialRecord
from lab.deploy.ports import HOST
from lab.deploy.warden import MARK
from lab.generator import Generator, GeneratorError
from lab.incidents import Incidents
from lab.plan import Plan, PlannedTrial
from lab.scenario import ScenarioFile
from lab.trial import Bench, run_trial
from reports.guards import judge
from tests.e2e.bench_of import bench_of, run_of, scenarios_of
from tests.e2e.lab_process import SCENARIO, Lab, labs, wait_until
from tests.e2e.moments import BEGINS, check_records

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ScenarioFile:
    return scenarios_of(SCENARIO.format(pairs=1), tmp_path_factory.mktemp("file"))


@pytest.fixture(scope="module")
def bench(file: ScenarioFile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One store under it."""
    with bench_of(file, "endings", tmp_path_factory.mktemp("results")) as found:
        yield found


@pytest.fixture(scope="module")
def planned(file: ScenarioFile) -> PlannedTrial:
    return Plan(file, "endings").next([])[0]


def kill_family(pid: int) -> None:
    for member in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()


def pid_of(bench: Bench, part: str) -> int:
    if part == "bank":
        return bench.deployment.bank.pid
    if part == "warden":
        return bench.deployment.warden.pid
    return bench.deployment.stacks[0].processes[part, 0].pid


def run_and_kill(bench: Bench, planned: PlannedTrial, number: int, pid: int,
                 monkeypatch: pytest.MonkeyPatch) -> TrialRecord:
    """Run a trial; a half a second after its load began somebody kills a process."""
    go = Generator.go

    def go_and_kill(self: Generator) -> float:
        t0 = go(self)
        threading.Timer(0.5, kill_family, (pid,)).start()
        return t0

    with monkeypatch.context() as patch:
        patch.setattr(Generator, "go", go_and_kill)
        return run_trial(bench, number, planned)


@pytest.mark.parametrize("part", ["monolith", "postgres", "envoy", "bank", "warden"])
def test_a_trial_during_which_a_part_dies_is_rejected_by_name_and_the_next_one_counts(
        part: str, bench: Bench, planned: PlannedTrial, monkeypatch: pytest.MonkeyPatch) -> None:
    voided = run_and_kill(bench, planned, 1, pid_of(bench, part), monkeypatch)
    judged = judge(run_of(voided), {})[0]
    assert judged.status == "rejected"
    where = {"bank": "logs/bank-0.log", "warden": ""}.get(part, f"logs/monolith/{part}-0.log")
    named = [reason for reason in judged.reasons
             if reason.startswith(f"{part} (replica 0)") and "ended with code" in reason]
    assert named, judged.reasons
    assert where in named[0]
    events = pq.read_table(bench.folder.part(1, "events")).to_pylist()
    assert (part, "exit") in [(event["part"], event["kind"]) for event in events]

    clean = run_trial(bench, 2, planned)
    assert judge(run_of(clean), {})[0].status != "rejected", clean.reasons
    assert (clean.unplanned_exits, clean.reasons) == (0, [])
    assert clean.rows_written == clean.rows_scheduled > 0


def test_a_generator_that_dies_stops_the_run_and_not_what_else_runs(
        bench: Bench, planned: PlannedTrial, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warden would know it by its mark, registered or not."""
    go, marks = Generator.go, list[str | None]()

    def go_and_kill(self: Generator) -> float:
        marks.append(psutil.Process(self.pid).environ().get(MARK))
        t0 = go(self)
        threading.Timer(0.5, kill_family, (self.pid,)).start()
        return t0

    with monkeypatch.context() as patch:
        patch.setattr(Generator, "go", go_and_kill)
        with pytest.raises(GeneratorError, match=r"ended early \(code -9\);.*generator\.log"):
            run_trial(bench, 1, planned)
    assert marks == [bench.deployment.mark]
    assert run_trial(bench, 1, planned).unplanned_exits == 0


def test_an_idle_store_is_watched_as_well(bench: Bench, planned: PlannedTrial,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody comes; a part that ends and is started again costs what standing idle does not."""
    enter, pid = Incidents.__enter__, pid_of(bench, "monolith")

    def enter_and_kill(self: Incidents) -> Incidents:
        threading.Timer(0.3, kill_family, (pid,)).start()
        return enter(self)

    monkeypatch.setattr(Incidents, "__enter__", enter_and_kill)
    idle = replace(planned, phase="idle", rate_profile=((1.0, 0.0),), warmup_s=0.0)
    assert run_trial(bench, 1, idle).unplanned_exits == 1


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    path = tmp_path / "scenarios.yaml"
    path.write_text(SCENARIO.format(pairs=2), encoding="utf-8")
    with labs(path, tmp_path / "results") as begin:
        yield begin


def squatter_at(port: int) -> socket.socket:
    """Take a port as soon as nobody has it: before a trial's page, or after it."""
    taken: list[socket.socket] = []

    def take() -> bool:
        with contextlib.suppress(OSError):
            taken.append(socket.create_server((HOST, port)))
        return bool(taken)

    wait_until(take, f"port {port} is free for an instant")
    return taken[0]


def test_a_run_whose_generator_and_warden_were_killed_goes_on_and_its_page_moves(
        start: Callable[..., Lab], tmp_path: Path) -> None:
    lab = start("endings", "--web")
    port = int(lab.await_line(r"Locust's page, during").rpartition(":")[2])
    with squatter_at(port):
        lab.await_line(rf"Port {port} is taken: Locust's page is now at")
    begun = lab.output.count("latency: ")
    lab.await_line(BEGINS["trial"], nth=begun + 1)
    os.kill(lab.part("lab.deploy.sweep").pid, signal.SIGKILL)
    lab.part("locust").kill()
    assert lab.wait() == 1
    assert "the load generator ended early (code -9)" in lab.output
    assert "generator.log" in lab.output
    assert "Traceback" not in lab.output
    lab.await_nothing_left()
    folder = next((tmp_path / "results").iterdir())
    assert f"twinstore run --resume {folder}" in lab.output
    before = check_records(folder, None)
    assert before
    assert len(before.trials) == begun
    written = subprocess.run([sys.executable, "-m", "lab", "report", str(folder)],
                             capture_output=True, text=True, timeout=60, check=False)
    assert written.returncode == 0, written.stdout + written.stderr
    early = (folder / "report" / "index.html").read_bytes()

    resumed = start("--resume", str(folder))
    assert resumed.wait() == 0, resumed.output
    resumed.await_nothing_left()
    after = check_records(folder, before)
    assert after
    assert after.finished
    assert len(after.trials) == 4
    assert (folder / "report" / "index.html").read_bytes() != early


def test_a_lab_that_is_killed_after_its_warden_leaves_nothing(start: Callable[..., Lab]) -> None:
    lab = start("endings")
    lab.await_line(BEGINS["trial"])
    lab.look()
    first = lab.part("lab.deploy.sweep")
    first.kill()
    psutil.wait_procs([first], timeout=10)
    lab.part("lab.deploy.sweep")
    lab.kill()
    lab.wait()
    lab.await_nothing_left()
