"""One trial: restore → gate → spin → warm up → measure (and break) → drain → spin → audit.

An idle trial has no load: between the two spins the kernel's accounting runs, nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import urllib3

from contract.faults import Armed
from contract.load import LoadSpec, LoadSummary
from contract.run_record import FaultRecord, ProbeRecord, TrialRecord
from lab.answers import holds, read_answers
from lab.audit.auditor import audit
from lab.audit.books import read_books, read_received
from lab.audit.invariants import Finding
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.deploy.supervisor import StackEvent
from lab.errors import LabError
from lab.generator import Generator
from lab.plan.trials import PlannedFault, PlannedTrial, workload_of
from lab.resources import Sampler
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile, ScenarioKeys
from lab.spin import spin_ms
from lab.stacks import Stacks
from lab.watch import Watch

_REST_S: Final = 15.0
"""How long a store may take to come to rest before it is audited as it is."""
_GATE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Bench:
    """What all trials of a run share."""

    file: ScenarioFile
    scenario: ScenarioKeys
    deployment: Deployment
    stacks: Stacks
    folder: RunFolder
    tokens: Path
    web_port: int | None = None
    tell: Callable[[str], None] = field(default=lambda _: None)


class GateError(LabError):
    """A store is not fit to be measured."""


def run_trial(bench: Bench, number: int, planned: PlannedTrial) -> TrialRecord:
    """Run one planned trial, write its rows, return its record."""
    stack = bench.stacks.get(planned)
    record = _record(bench, number, planned, stack)
    stack.set_budget(planned.budget)
    if planned.relayed:
        stack.set_hop_ms(planned.hop_ms)
        record.hop_measured_ms = stack.measure_hop_ms()
    oom_kills = _oom_kills(stack)
    if planned.phase == "idle":
        _stand_idle(bench, stack, record)
    else:
        _load(bench, stack, planned, record)
    record.oom_kills = _oom_kills(stack) - oom_kills
    return record


def _oom_kills(stack: Stack) -> int:
    return getattr(stack.group, "oom_kills", lambda: 0)()


def _load(bench: Bench, stack: Stack, planned: PlannedTrial, record: TrialRecord) -> None:
    spec = _spec(bench, record.id, planned, stack)
    with Generator(spec, bench.folder.parts / f"{record.id:05d}.load.json",
                   bench.folder.logs / "generator.log", bench.deployment.generator_cpus,
                   web_port=bench.web_port) as generator:
        bench.deployment.watch(generator.pid)
        received = _prepare(bench, stack)
        generator.await_ready()
        record.spin_before_ms = spin_ms(bench.deployment.system_cpus)
        record.started_unix_s = time.time()
        summary = _drive(bench, stack, planned, record, generator, spec)
    record.spin_after_ms = spin_ms(bench.deployment.system_cpus)
    _copy_summary(record, summary)
    _copy_answers(record, Path(spec.requests_path))
    findings, rest_s = _audit(bench, stack, received, Path(spec.requests_path))
    bench.folder.save_rows(record.id, "audit", [
        (record.id, planned.topology, f.invariant, f.checked, f.violations, f.detail, rest_s)
        for f in findings
    ])


def _stand_idle(bench: Bench, stack: Stack, record: TrialRecord) -> None:
    _prepare(bench, stack)
    record.spin_before_ms = spin_ms(bench.deployment.system_cpus)
    record.started_unix_s = time.time()
    with Sampler(record.id, stack, None, time.perf_counter()) as sampler:
        time.sleep(record.measure_s)
    _copy_window(record, sampler, record.measure_s)
    record.spin_after_ms = spin_ms(bench.deployment.system_cpus)
    bench.folder.save_rows(record.id, "resources", sampler.rows)


def _prepare(bench: Bench, stack: Stack) -> dict[int, int]:
    """Put the data back, forget the bank's ledger, wait until healthy; return pieces received."""
    stack.restore()
    bench.deployment.reset_bank()
    _await_ready(stack.base_url)
    return read_received(stack.database_urls)


def _await_ready(base_url: str) -> None:
    deadline = time.monotonic() + _GATE_S
    last = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = urllib3.request("GET", f"{base_url}/readyz", timeout=2, retries=False)
            if answer.status == 200:
                return
            last = f"status {answer.status}"
        except urllib3.exceptions.HTTPError as unreachable:
            last = type(unreachable).__name__
        time.sleep(0.1)
    raise GateError(f"{base_url}/readyz is not ready after {_GATE_S:.0f} s: {last}")


def _drive(bench: Bench, stack: Stack, planned: PlannedTrial, record: TrialRecord,
           generator: Generator, spec: LoadSpec) -> LoadSummary:
    events: list[tuple[object, ...]] = []
    t0 = generator.go()

    def note(part: str, replica: int, kind: str, detail: str) -> None:
        at_s = time.perf_counter() - t0
        events.append((record.id, at_s, planned.topology, part, replica, kind, detail))

    def heard(event: StackEvent) -> None:
        note(event.part, event.replica, event.kind, event.detail)

    ended = threading.Event()
    with (Sampler(record.id, stack, generator.pid, t0) as sampler, stack.listening(heard),
          Watch(stack, t0, planned.warmup_s, planned.load_s) as watch):
        breaker = threading.Thread(
            target=_break, args=(bench, planned.fault, record, t0, ended, note), daemon=True)
        breaker.start()
        try:
            summary = generator.finish(planned.load_s + spec.drain_s + 30)
        finally:
            ended.set()
            breaker.join()
    _copy_window(record, sampler, planned.load_s)
    record.pools, record.connections = watch.pools, watch.connections
    if planned.fault is None:
        record.unplanned_exits = sum(event[5] == "exit" for event in events)
    bench.folder.save_rows(record.id, "resources", sampler.rows)
    bench.folder.save_rows(record.id, "events", events)
    return summary


def _copy_window(record: TrialRecord, sampler: Sampler, until_s: float) -> None:
    window = sampler.window(record.warmup_s, until_s)
    record.cost, record.throttled_share = window.parts, window.throttled_share


def _break(bench: Bench, fault: PlannedFault | None, record: TrialRecord, t0: float,
           ended: threading.Event, note: Callable[[str, int, str, str], None]) -> None:
    """Arm and clear the fault on the trial's time line; count how often it fired."""
    if fault is None or record.fault is None:
        return
    board, fired = bench.deployment.board, bench.deployment.fired_path
    fired_before = _lines(fired)
    if not ended.wait(t0 + fault.at_s - time.perf_counter()):
        board.arm(Armed(fault.keys.module, fault.keys.kind, fault.keys.dose, fault.keys.delay_ms,
                        record.seed))
        record.fault.armed_at_s = time.perf_counter() - t0
        note(fault.keys.module, 0, "fault_armed", fault.name)
        ended.wait(t0 + fault.at_s + fault.for_s - time.perf_counter())
        board.clear()
        record.fault.cleared_at_s = time.perf_counter() - t0
        note(fault.keys.module, 0, "fault_cleared", fault.name)
    record.fault.times_fired = _lines(fired) - fired_before


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _audit(bench: Bench, stack: Stack, received: dict[int, int],
           requests: Path) -> tuple[list[Finding], float]:
    acknowledged = _acknowledged(requests)
    return audit(
        lambda: read_books(stack.database_urls, bench.deployment.bank_ledger(), received,
                           acknowledged),
        _REST_S,
    )


def _acknowledged(requests: Path) -> set[str]:
    """The ids of orders that clients were told are placed."""
    table = pq.read_table(requests, columns=["endpoint", "status", "reference"])
    rows = zip(table["endpoint"].to_pylist(), table["status"].to_pylist(),
               table["reference"].to_pylist(), strict=True)
    return {reference for endpoint, status, reference in rows
            if endpoint == "place_order" and status == 201 and reference}


def _record(bench: Bench, number: int, planned: PlannedTrial, stack: Stack) -> TrialRecord:
    fault, probe = planned.fault, planned.probe
    return TrialRecord(
        id=number, phase=planned.phase, series=planned.series, pair=planned.pair,
        attempt=planned.attempt, arm=planned.arm, is_aa=planned.is_aa, topology=planned.topology,
        store=stack.topology.store, workload=planned.workload,
        rate_profile=list(planned.rate_profile), seed=planned.seed, warmup_s=planned.warmup_s,
        measure_s=planned.measure_s, cpu_budget=planned.budget.cpus,
        memory_budget_mb=planned.budget.memory_mb, budget_mode=planned.budget.mode,
        shares=planned.budget.shares, scaled=planned.scaled, replicas=planned.replicas,
        hop_ms=planned.hop_ms, posture=planned.posture, slo_ms=bench.scenario.slo_ms,
        probe=probe and ProbeRecord(search=probe.search, variable=probe.variable,
                                    value=probe.value, step=probe.step),
        fault=fault and FaultRecord(
            name=fault.name, module=fault.keys.module, kind=fault.keys.kind,
            dose=fault.keys.dose, delay_ms=fault.keys.delay_ms, at_s=fault.at_s,
            for_s=fault.for_s),
    )


def _spec(bench: Bench, number: int, planned: PlannedTrial, stack: Stack) -> LoadSpec:
    client = bench.scenario.client
    return LoadSpec(
        trial=number, base_url=stack.base_url,
        workload=workload_of(bench.file.workloads[planned.workload]),
        rate_profile=list(planned.rate_profile), seed=planned.seed,
        concurrency=client.concurrency, timeout_s=client.timeout_s, drain_s=client.drain_s,
        slo_ms=bench.scenario.slo_ms, early_stop=planned.early_stop,
        products=bench.scenario.data.products, tokens_file=str(bench.tokens),
        requests_path=str(bench.folder.part(number, "requests")),
        summary_path=str(bench.folder.parts / f"{number:05d}.summary.json"),
    )


def _copy_summary(record: TrialRecord, summary: LoadSummary) -> None:
    record.rows_scheduled = summary.rows_scheduled
    record.rows_written = summary.rows_written
    record.stopped_early = summary.stopped_early
    record.generator_cpu_share = summary.measured_cpu_share
    record.lag_p99_ms = summary.lag_p99_ms
    record.lag_max_ms = summary.lag_max_ms


def _copy_answers(record: TrialRecord, requests: Path) -> None:
    answers = read_answers(requests, record)
    record.p50_ms, record.p95_ms = answers.p50_ms, answers.p95_ms
    if record.probe:
        record.probe.scheduled, record.probe.good = answers.scheduled, answers.good
        record.probe.holds = holds(answers, record)
