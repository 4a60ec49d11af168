"""Records of trials made by hand, as the lab would have written them."""

from __future__ import annotations

from typing import Any

from contract.probe_record import ProbeRecord
from contract.run_record import Limits, PartCost, RunRecord, TrialRecord


def trial(number: int, pair: int, **fields: Any) -> TrialRecord:
    """One good trial of the monolith; keywords replace its fields."""
    return TrialRecord.model_validate({
        "id": number, "phase": "latency", "pair": pair, "topology": "monolith",
        "store": "monolith", "workload": "shop", "rate_profile": [(2.0, 35.0), (20.0, 35.0)],
        "seed": 1, "warmup_s": 2.0, "measure_s": 20.0, "cpu_budget": 0.9, "slo_ms": 250.0,
        "lag_p99_ms": 0.3, "spin_before_ms": 2.0, "spin_after_ms": 2.0,
        "cost": {"total": PartCost(cpu_s=5.0, memory_bytes=1)}} | fields)


def probe(number: int, search: str, step: str, value: float, **fields: Any) -> TrialRecord:
    """One probe of a search for a rate; keywords replace its trial's fields."""
    holds = fields.pop("holds", True)
    asked = ProbeRecord.model_validate(
        {"search": search, "variable": "rate", "value": value, "step": step, "holds": holds})
    return trial(number, number, phase="search", probe=asked, **fields)


def run(trials: list[TrialRecord], duration_s: float = 600.0) -> RunRecord:
    """A finished run of these trials."""
    return RunRecord.model_validate({
        "run": "by-hand", "scenario": "by-hand", "scenario_resolved": {}, "seed": 1,
        "started_unix_s": 0.0, "finished": True, "duration_s": duration_s, "machine": {},
        "versions": {}, "topologies": {}, "trials": trials,
        "limits": Limits(cpu_budget=0.9, memory_budget_mb=None, enforced_by="nothing",
                         enforced=[], not_enforced=[], system_cpus=[0], generator_cpus=[1])})
