"""One trial: restore → gate → spin → warm up → measure (and break) → drain → spin → audit.

An idle trial has no load: between the two spins the kernel's accounting runs, nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from contract.load import LoadSpec, LoadSummary
from contract.run_record import TrialRecord
from lab.audit.auditor import Audited, audit
from lab.audit.books import read_books, read_received, sold_in
from lab.audit.kept import acknowledged_in, keep
from lab.connections import read_connections
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.faults.ends import ended_by
from lab.faults.site import Site
from lab.faults.timeline import act
from lab.gate import await_ready
from lab.generator import Generator, PageTaken
from lab.incidents import Incidents, Meaning, Meant
from lab.page import Page
from lab.plan.trials import PlannedTrial, workload_of
from lab.resources import Sampler
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile, ScenarioKeys
from lab.spin import spin_ms
from lab.squeeze import Squeezed, settle, squeezed
from lab.stacks import Stacks
from lab.topology import Budget
from lab.trial_record import copy_answers, copy_connections, copy_summary, record_of
from lab.watch import Watch

_PATIENCE_S: Final = 15.0
"""How long a store may take to be consistent before it is audited as it is."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all trials of a run share."""

    file: ScenarioFile
    scenario: ScenarioKeys
    deployment: Deployment
    stacks: Stacks
    folder: RunFolder
    tokens: Path
    page: Page | None = None
    tell: Callable[[str], None] = field(default=lambda _: None)


def run_trial(bench: Bench, number: int, planned: PlannedTrial) -> TrialRecord:
    """Run one planned trial, write its rows, return its record."""
    stack = bench.stacks.get(planned)
    record = record_of(number, planned, stack.topology.store, bench.scenario.slo_ms)
    stack.set_budget(_budget_at_rest(bench, planned))
    if planned.relayed:
        stack.set_hop_ms(planned.hop_ms)
        record.hop_measured_ms = stack.measure_hop_ms()
    oom_kills = stack.group.oom_kills()
    if planned.phase == "idle":
        _stand_idle(bench, stack, record)
    else:
        _load(bench, stack, planned, record)
    record.oom_kills = stack.group.oom_kills() - oom_kills
    settle(record, bench.stacks.budget.memory_mb)
    return record


def _budget_at_rest(bench: Bench, planned: PlannedTrial) -> Budget:
    """What lacks memory lacks it under load only (lab.squeeze)."""
    return (replace(planned.budget, memory_mb=bench.stacks.budget.memory_mb)
            if planned.lacks_memory else planned.budget)


def _load(bench: Bench, stack: Stack, planned: PlannedTrial, record: TrialRecord) -> None:
    try:
        _load_once(bench, stack, planned, record)
    except PageTaken:  # between the look and the page: nothing was sent yet
        if bench.page is None:
            raise
        bench.page.move()
        _load_once(bench, stack, planned, record)


def _load_once(bench: Bench, stack: Stack, planned: PlannedTrial, record: TrialRecord) -> None:
    spec = _spec(bench, record.id, planned, stack)
    with Generator(spec, bench.folder.parts / f"{record.id:05d}.load.json",
                   bench.folder.logs / "generator.log", bench.deployment.generator_cpus,
                   web_port=bench.page.port() if bench.page else None,
                   mark=bench.deployment.mark_variable) as generator:
        bench.deployment.watch(generator.pid)
        with bench.stacks.alone(stack):
            if planned.lacks_memory:
                stack.end_parts()
            received = _prepare(bench, stack)
            with Incidents(bench.deployment, stack,
                           _meant(bench, stack, planned, record)) as incidents:
                generator.await_ready()
                record.spin_before_ms = spin_ms(bench.deployment.system_cpus)
                record.started_unix_s = time.time()
                with squeezed(stack, planned, record):
                    summary = _drive(bench, stack, planned, record, generator, incidents)
            record.spin_after_ms = spin_ms(bench.deployment.system_cpus)
    _note_incidents(bench, record, incidents)
    copy_summary(record, summary)
    copy_answers(record, Path(spec.requests_path), stack.topology)
    audited = _audit(bench, stack, received, record, Path(spec.requests_path))
    if audited.consistent_at_s is not None:
        record.consistent_at_s = audited.consistent_at_s - incidents.t0_s


def _meant(bench: Bench, stack: Stack, planned: PlannedTrial,
           record: TrialRecord) -> Meaning | None:
    if planned.lacks_memory:
        return Squeezed(stack.group)
    if planned.fault is None or record.fault is None:
        return None
    site = Site(bench.deployment, stack, record.seed)
    return Meant(record.fault, ended_by(site, planned.fault.keys))


def _stand_idle(bench: Bench, stack: Stack, record: TrialRecord) -> None:
    with bench.stacks.alone(stack):
        _prepare(bench, stack)
        record.spin_before_ms = spin_ms(bench.deployment.system_cpus)
        record.started_unix_s = time.time()
        with (Incidents(bench.deployment, stack) as incidents,
              Sampler(record.id, stack, None, incidents.t0_s) as sampler):
            time.sleep(record.measure_s)
        copy_connections(record, read_connections(stack))
        record.spin_after_ms = spin_ms(bench.deployment.system_cpus)
    _copy_window(record, sampler, record.measure_s)
    _note_incidents(bench, record, incidents)
    bench.folder.save_rows(record.id, "resources", sampler.rows)


def _note_incidents(bench: Bench, record: TrialRecord, incidents: Incidents) -> None:
    """Keep what was heard; what ended unmeant voids the trial and is brought back."""
    reasons = incidents.reasons(bench.folder.path)
    record.unplanned_exits = len(reasons)
    record.reasons += reasons
    bench.folder.save_rows(record.id, "events", incidents.rows(record.id))
    incidents.repair()


def _prepare(bench: Bench, stack: Stack) -> dict[int, int]:
    """Put the data back, forget the bank's ledger, wait until healthy; return pieces received."""
    stack.restore()
    bench.deployment.reset_bank()
    await_ready(stack, bench.folder.logs)
    return read_received(stack.database_urls)


def _drive(bench: Bench, stack: Stack, planned: PlannedTrial, record: TrialRecord,
           generator: Generator, incidents: Incidents) -> LoadSummary:
    ended = threading.Event()
    t0 = incidents.t0_s = generator.go()
    with (Sampler(record.id, stack, generator.pid, t0) as sampler,
          Watch(stack, t0, planned.warmup_s, planned.load_s) as watch):
        breaker = threading.Thread(
            target=act, daemon=True, args=(
                Site(bench.deployment, stack, record.seed), planned.fault, record.fault, t0, ended,
                incidents.note))
        breaker.start()
        try:
            summary = generator.finish(planned.load_s + bench.scenario.client.drain_s + 30)
        finally:
            ended.set()
            breaker.join()
    _copy_window(record, sampler, planned.load_s)
    record.pools, record.traffic = watch.pools, watch.traffic
    copy_connections(record, watch.connections)
    bench.folder.save_rows(record.id, "resources", sampler.rows)
    return summary


def _copy_window(record: TrialRecord, sampler: Sampler, until_s: float) -> None:
    window = sampler.window(record.warmup_s, until_s)
    record.cost, record.throttled_share = window.parts, window.throttled_share


def _audit(bench: Bench, stack: Stack, received: dict[int, int], record: TrialRecord,
           requests: Path) -> Audited:
    acknowledged = acknowledged_in(requests)
    audited = audit(
        lambda: read_books(stack.database_urls, bench.deployment.bank_ledger(), received,
                           acknowledged),
        _PATIENCE_S,
    )
    keep(audited.books, bench.folder.books(record.id))
    record.sold_orders, record.sold_minor = sold_in(audited.books)
    bench.folder.save_rows(record.id, "audit", [
        (record.id, record.topology, f.invariant, f.checked, f.violations, f.detail,
         audited.time_to_consistent_s) for f in audited.findings
    ])
    return audited


def _spec(bench: Bench, number: int, planned: PlannedTrial, stack: Stack) -> LoadSpec:
    client = bench.scenario.client
    return LoadSpec(
        trial=number, base_url=stack.base_url,
        workload=workload_of(bench.file.workloads[planned.workload]),
        rate_profile=list(planned.rate_profile), seed=planned.seed,
        concurrency=client.concurrency, timeout_s=client.timeout_s, drain_s=client.drain_s,
        slo_ms=bench.scenario.slo_ms, early_stop=planned.early_stop,
        products=bench.scenario.data.products, scarce=bench.scenario.data.scarce,
        tokens_file=str(bench.tokens),
        requests_path=str(bench.folder.part(number, "requests")),
        summary_path=str(bench.folder.parts / f"{number:05d}.summary.json"),
    )
