"""A trial's record: from the plan, the generator's summary and the rows."""

from __future__ import annotations

from pathlib import Path

from contract.load import LoadSummary
from contract.probe_record import ProbeRecord
from contract.run_record import FaultRecord, TrialRecord
from lab.answers import holds, read_answers
from lab.faults.met import requests_met
from lab.plan.trials import PlannedTrial
from lab.topology import Store, Topology


def record_of(number: int, planned: PlannedTrial, store: Store, slo_ms: float) -> TrialRecord:
    """Begin the record of a trial."""
    fault, probe = planned.fault, planned.probe
    return TrialRecord(
        id=number, phase=planned.phase, series=planned.series, pair=planned.pair,
        attempt=planned.attempt, arm=planned.arm, is_aa=planned.is_aa, topology=planned.topology,
        store=store, workload=planned.workload,
        rate_profile=list(planned.rate_profile), seed=planned.seed, warmup_s=planned.warmup_s,
        measure_s=planned.measure_s, cpu_budget=planned.budget.cpus,
        memory_budget_mb=planned.budget.memory_mb, budget_mode=planned.budget.mode,
        shares=planned.budget.shares, scaled=planned.scaled, replicas=planned.replicas,
        replicated=planned.replicated, hop_ms=planned.hop_ms, posture=planned.posture,
        slo_ms=slo_ms,
        probe=probe and ProbeRecord(search=probe.search, variable=probe.variable,
                                    value=probe.value, step=probe.step),
        fault=fault and FaultRecord(
            name=fault.name, module=fault.keys.module, kind=fault.keys.kind,
            dose=fault.keys.dose, delay_ms=fault.keys.delay_ms, at_s=fault.at_s,
            for_s=fault.for_s),
    )


def copy_summary(record: TrialRecord, summary: LoadSummary) -> None:
    """Take over what the generator says of itself."""
    record.rows_scheduled = summary.rows_scheduled
    record.rows_written = summary.rows_written
    record.stopped_early = summary.stopped_early
    record.generator_cpu_share = summary.measured_cpu_share
    record.lag_p99_ms = summary.lag_p99_ms
    record.lag_max_ms = summary.lag_max_ms


def copy_connections(record: TrialRecord, by_part: dict[str, int]) -> None:
    """Take over how many connections were held, by part and altogether."""
    record.connections_by_part, record.connections = by_part, sum(by_part.values())


def copy_answers(record: TrialRecord, requests: Path, topology: Topology) -> None:
    """Take over what the rows answer, and whether they met the fault."""
    answers = read_answers(requests, record)
    record.p50_ms, record.p95_ms = answers.p50_ms, answers.p95_ms
    if record.fault:
        record.fault.met = requests_met(record.fault, requests,
                                        topology.place(record.fault.module))
    if record.probe:
        record.probe.scheduled, record.probe.good = answers.scheduled, answers.good
        record.probe.holds = holds(answers, record)
