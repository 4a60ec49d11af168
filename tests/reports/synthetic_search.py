"""A run in which a known world was asked by the lab's own plan: searches, hot mixes, idle."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contract.results import REQUESTS, SCHEMA_VERSION, TABLES
from contract.run_record import Limits, PartCost, RunRecord, TrialRecord
from lab.plan import Plan
from lab.plan.search import Answered, next_question
from lab.plan.trials import PlannedTrial
from lab.scenario import ScenarioFile
from lab.scenario_file import read_scenarios
from lab.trial_record import record_of
from reports.search import Probe, Search, threshold_of

ROOT = Path(__file__).parents[2]
Demands = dict[str, dict[str, float]]
"""Workload → part → CPU-seconds a journey."""

MONOLITH: Demands = {
    "shop": {"envoy": 0.0008, "monolith": 0.0046, "postgres": 0.0026},
    "hot_search": {"envoy": 0.0006, "monolith": 0.0034, "postgres": 0.0060}}
MICROSERVICES: Demands = {
    "shop": {"envoy": 0.0012, "postgres": 0.0036, "storefront": 0.0052, "catalog": 0.0030,
             "search": 0.0014, "cart": 0.0020, "orders": 0.0014, "payments": 0.0006,
             "accounts": 0.0008},
    "hot_search": {"envoy": 0.0008, "postgres": 0.0062, "storefront": 0.0030, "catalog": 0.0002,
                   "search": 0.0078, "cart": 0.0001, "orders": 0.0001, "payments": 0.0001,
                   "accounts": 0.0001}}
MB = 1_000_000


@dataclass(frozen=True)
class World:
    """What is true of both stores."""

    demand: dict[str, Demands] = field(
        default_factory=lambda: {"monolith": MONOLITH, "microservices": MICROSERVICES})
    yields: float = 0.9
    """Capacity as a share of the utilisation bound."""
    contention: float = 0.0
    """USL α over cores in units of 0.3, and over replicas."""
    noise: float = 0.0
    """Standard deviation of ln capacity from repeat to repeat."""
    idle_cores: dict[str, float] = field(
        default_factory=lambda: {"monolith": 0.01, "microservices": 0.04})
    cost_noise: float = 0.01
    orders_share: float = 0.2
    """Of journeys that order; each sends two requests of 500 bytes."""
    seed: int = 3

    def capacity(self, trial: TrialRecord) -> float:
        """Journeys per second that a trial's store carries."""
        demand = self.demand[trial.topology][trial.workload]
        cpus = trial.cpu_budget or 1.0
        bound = (min(share / demand[part] for part, share in trial.shares.items())
                 if trial.shares else cpus / sum(demand.values()))
        n = max(1.0, cpus / 0.3) + trial.replicas - 1
        return bound * self.yields / (1 + self.contention * (n - 1))


SHOP: dict[str, Any] = {
    "search": [{"workload": "shop", "points": [{"cpus": 0.3}, {"cpus": 0.6}, {"cpus": 0.9}]}]}
HOT: dict[str, Any] = {"hot_parts": [
    {"workload": "hot_search", "ordinary": "shop", "cpus": 0.9, "rate_per_s": 20, "tune": [1.25],
     "hot_part": {"monolith": "monolith", "microservices": "search"}}]}
COST: dict[str, Any] = {
    "latency": [{"workload": "shop", "rate_per_s": 20, "pairs": 6, "warmup_s": 1,
                 "measure_s": 6}],
    "idle": {"measure_s": 5, "groups": 3}}


@cache
def _shipped() -> ScenarioFile:
    return read_scenarios(ROOT / "scenarios.yaml")


def write_search_run(folder: Path, world: World | None = None, **parts: Any) -> Path:
    """Plan `parts` of a scenario, let the world answer, write run.json and the tables."""
    truth = world or World()
    keys = {"description": "a known world", "seed": 7, "slo_ms": 250,
            "topologies": list(truth.demand), "budget": {"cpus": 0.9, "memory_mb": 2048}, **parts}
    file = ScenarioFile.model_validate({**_shipped().model_dump(), "scenarios": {"known": keys}})
    plan, trials, tables = Plan(file, "known"), [], []
    while planned := plan.next(trials):
        for one in planned:
            trial = _recorded(len(trials), one)
            tables.append(_answer(trial, truth))
            trials.append(trial)
    folder.mkdir(parents=True, exist_ok=True)
    _write(pa.concat_tables([table for table in tables if table is not None]
                            or [REQUESTS.empty_table()]), folder, "requests")
    for name in ("resources", "events", "audit"):
        _write(TABLES[name].empty_table(), folder, name)
    record = _record(trials, file.scenarios["known"].model_dump(mode="json"), list(truth.demand))
    (folder / "run.json").write_text(record.model_dump_json())
    return folder


def trial(**changes: Any) -> TrialRecord:
    """A probe's trial as far as a search reads it."""
    keys: dict[str, Any] = {
        "id": 0, "phase": "search", "pair": 0, "topology": "monolith", "store": "monolith",
        "workload": "shop", "rate_profile": [(1, 1), (4, 1)], "seed": 1, "warmup_s": 1,
        "measure_s": 4, "cpu_budget": 0.9, "slo_ms": 250}
    return TrialRecord.model_validate(keys | changes)


def searched(capacity: float, resolution: float = 0.05, first: float = 50.0,
             repeat: int = 0) -> Search:
    """What the lab's own search finds in a store that holds up to its capacity."""
    answers: list[Answered] = []
    while asked := next_question(answers, first, resolution):
        answers.append(Answered(asked.difficulty, asked.difficulty <= capacity, asked.step))
    probes = [Probe(trial(), one.difficulty, one.step, 100, 100 if one.holds else 50, one.holds)
              for one in answers]
    return Search(f"s/{repeat}", "rate", repeat, probes, 0, threshold_of(probes, "rate"))


def _recorded(number: int, planned: PlannedTrial) -> TrialRecord:
    store = "monolith" if planned.topology == "monolith" else "microservices"
    trial = record_of(number, planned, store, 250)
    trial.generator_cpu_share, trial.lag_p99_ms, trial.lag_max_ms = 0.2, 0.1, 0.5
    trial.spin_before_ms = trial.spin_after_ms = 2.3
    trial.connections = 24
    return trial


def _answer(trial: TrialRecord, truth: World) -> pa.Table | None:
    """Fill the record in; return the rows, None without load."""
    rng = np.random.default_rng([truth.seed, trial.id])
    search = trial.probe.search if trial.probe else str(trial.id)
    drawn = np.random.default_rng([truth.seed, *search.encode()])
    capacity = truth.capacity(trial) * float(np.exp(drawn.normal(0, truth.noise))) if (
        trial.phase != "idle") else 0.0
    rate = trial.rate_profile[-1][1]
    trial.cost = _costs(trial, truth, min(rate, capacity), rng)
    if trial.phase == "idle":
        return None
    trial.stopped_early = trial.probe is not None and rate > 1.4 * capacity
    table = _rows(trial, truth, rate > capacity, rng)
    trial.rows_scheduled = trial.rows_written = table.num_rows
    if trial.probe:
        measured = table["intended_s"].to_numpy() >= trial.warmup_s
        trial.probe.scheduled = int(measured.sum())
        trial.probe.good = int((measured & (table["end_s"].to_numpy()
                                            - table["intended_s"].to_numpy() < 0.25)).sum())
        limit_mib = trial.memory_budget_mb or math.inf
        trial.probe.holds = rate <= capacity and trial.cost["total"].memory_bytes <= (
            limit_mib * 2**20)
    return table


def _costs(trial: TrialRecord, truth: World, served: float,
           rng: np.random.Generator) -> dict[str, PartCost]:
    demand = truth.demand[trial.topology].get(trial.workload) or (
        truth.demand[trial.topology]["shop"])
    each = truth.idle_cores[trial.topology] / len(demand)
    cost = {part: PartCost(
        cpu_s=(served * d * float(np.exp(rng.normal(0, truth.cost_noise))) + each)
        * trial.measure_s, memory_bytes=(140 if part == "postgres" else 60) * MB
        * (trial.replicas if trial.replicated in (None, part) else 1))
        for part, d in demand.items()}
    return {**cost, "total": PartCost(
        cpu_s=sum(c.cpu_s for c in cost.values()),
        memory_bytes=sum(c.memory_bytes for c in cost.values()))}


def _rows(trial: TrialRecord, truth: World, is_over: bool, rng: np.random.Generator) -> pa.Table:
    at, starts = 0.0, []
    for seconds, rate in trial.rate_profile:
        n = round(seconds * rate)
        starts.append(at + (np.arange(n) + 0.5) / max(n, 1) * seconds)
        at += seconds
    arrival = np.repeat(np.concatenate(starts), 2)
    n = len(arrival)
    step = np.tile([0, 1], n // 2)
    journey = np.repeat(np.arange(n // 2), 2)
    orders = journey % round(1 / truth.orders_share) == 0
    names = np.where(step == 0, "list_products", np.where(orders, "place_order", "get_product"))
    late = is_over & (rng.random(n) < 0.3)
    intended = arrival + step * 0.001
    end = intended + np.where(late, 1.0, 0.005 * rng.lognormal(0, 0.2, n))
    text = {"journey": "browse", "feature": "browse", "outcome": "ok", "error_code": ""}
    columns: dict[str, Any] = {
        "trial": np.full(n, trial.id), "journey_no": journey, "step": step, "endpoint": names,
        "intended_s": intended, "dispatch_s": intended, "send_s": intended, "end_s": end,
        "status": np.full(n, 200), "service_calls": np.zeros(n), "bytes": np.full(n, 500),
        "reference": [""] * n, "statements": np.full(n, 2), "sql_rows": np.full(n, 5),
        **{name: [value] * n for name, value in text.items()}}
    return pa.table([
        pa.array(columns[f.name], pa.string()).dictionary_encode().cast(f.type)
        if pa.types.is_dictionary(f.type) else pa.array(columns[f.name]).cast(f.type)
        for f in REQUESTS], schema=REQUESTS)


def _write(table: pa.Table, folder: Path, name: str) -> None:
    versioned = table.replace_schema_metadata({"schema_version": str(SCHEMA_VERSION)})
    pq.write_table(versioned, folder / f"{name}.parquet")


def _record(trials: list[TrialRecord], keys: dict[str, Any], names: list[str]) -> RunRecord:
    return RunRecord(
        schema_version=SCHEMA_VERSION, run="20260101-000000-known", scenario="known",
        scenario_resolved=keys, seed=7, started_unix_s=1_767_225_600.0, finished=True,
        duration_s=600.0, machine={"system": "Linux", "cpus": 2, "cpu_model": "A CPU"},
        versions={"python": "3.11.2"}, commit="0123abc", limits=Limits(
            cpu_budget=0.9, memory_budget_mb=2048, enforced_by="cgroup v2",
            enforced=["CPU quota", "memory limit"], not_enforced=[], system_cpus=[0],
            generator_cpus=[1]),
        topologies={name: {"processes": 3, "replicas": 1, "db_connections": 24}
                    for name in names},
        seed_digest=dict.fromkeys(names, "ab" * 32), contract_smoke=dict.fromkeys(names, True),
        contract_suite="ab", trials=trials)
