"""A run folder made of planted effects: what the lab would have written, with known answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contract.audit_sql import AuditSql, InvariantSql, TableRead
from contract.endpoints import BY_NAME, DEPENDS_ON
from contract.results import AUDIT, EVENTS, REQUESTS, RESOURCES, SCHEMA_VERSION
from contract.run_record import (
    FaultRecord,
    Limits,
    PartCost,
    PoolUse,
    RunRecord,
    TrialRecord,
)

JOURNEYS = {
    "browse": ["list_products", "get_product", "get_product"],
    "search": ["search_products", "get_product"],
    "fill_cart": ["get_product", "put_item", "show_cart"],
    "check_out": ["put_item", "show_cart", "place_order"],
    "look_at_orders": ["list_orders"],
}
SINGLE = {"product_read": "get_product", "list_small": "list_products",
          "list_medium": "list_products", "list_large": "list_products", "sign_in": "sign_in"}
"""Workloads of one request."""
WEIGHTS = {"browse": 40, "search": 25, "fill_cart": 15, "check_out": 15, "look_at_orders": 5}
CALLS = {"get_product": 1, "list_products": 1, "search_products": 1, "put_item": 2,
         "show_cart": 2, "place_order": 5, "list_orders": 1, "sign_in": 0}
BASE_MS = {"get_product": 3.0, "list_products": 5.0, "search_products": 7.0, "put_item": 6.0,
           "show_cart": 5.0, "place_order": 18.0, "list_orders": 4.0, "sign_in": 60.0}


@dataclass(frozen=True)
class Planted:
    """What is true in a synthetic run."""

    slower: float = 1.8
    """Latency of the microservices divided by the monolith's."""
    hop_ms: float = 1.5
    noise: float = 0.04
    pairs: int = 3
    aa_every: int = 5
    rate: float = 20.0
    measure_s: float = 8.0
    capacity: dict[str, float] = field(
        default_factory=lambda: {"monolith": 60.0, "microservices": 28.0})
    """Journeys per second and CPU."""
    cpus: tuple[float, ...] = (0.3, 0.55, 0.9)
    first_rate: dict[str, float] = field(
        default_factory=lambda: {"monolith": 40.0, "microservices": 20.0})
    faults: tuple[str, ...] = ("payments-crash", "payments-hang", "bank-slow")
    collateral: dict[str, float] = field(
        default_factory=lambda: {"monolith": 0.5, "microservices": 0.0})
    """Share of requests of independent features that fail while a fault is armed."""
    fired: int = 12
    repeats: int = 1
    """Of phase isolation; each has journeys of its own, the same with and without a fault."""
    consistent_s: dict[str, float] = field(
        default_factory=lambda: {"monolith": 0.3, "microservices": 2.1})
    """From clearing until the books balanced; a topology that is missing: never."""
    sells: bool = True
    """Were sales recorded?"""
    red: tuple[str, ...] = ()
    """Topologies with a violated invariant."""
    rejected: tuple[int, ...] = ()
    flagged: tuple[int, ...] = ()
    all_fail: bool = False
    phases: tuple[str, ...] = ("latency", "capacity", "hot", "isolation")
    topologies: tuple[str, ...] = ("monolith", "microservices")
    limited: bool = True
    seed: int = 7
    series: tuple[tuple[str, float], ...] = ()
    """(workload, rate) of each latency series; without any, one that has no name."""
    in_one_process: tuple[str, ...] = ()
    """Workloads that `colocated` is measured under too."""
    slower_in: dict[str, float] = field(default_factory=dict)
    """`slower` by workload."""
    distances: tuple[float, ...] = ()
    """One way, ms: phase distance, three groups."""
    drift: float = 1.0
    """How much slower the monolith becomes from the first latency trial to the last."""
    cold: float = 1.0
    """How much slower the monolith is in the first third of each measured window."""
    pools: dict[str, PoolUse] = field(default_factory=dict)
    """Of the monolith, in every latency trial."""
    idle_cores: dict[str, float] = field(default_factory=dict)
    finished: bool = True
    contract_suite: str = "cd" * 32
    cpu_model: str = "A CPU"
    digest: str = "ab" * 32


SQL = AuditSql(
    invariants={
        "I2": InvariantSql(sql="SELECT lost", split_sql="SELECT lost",
                           tables=["orders", "acknowledged"]),
        "I7": InvariantSql(sql="SELECT stuck", split_sql="SELECT stuck_or_held",
                           tables=["orders", "reservations"])},
    reads={"orders": TableRead(database="orders", sql="SELECT id FROM orders WHERE 1 < 2"),
           "reservations": TableRead(database="catalog", sql="SELECT id FROM reservations")},
    outside="CREATE TEMP TABLE acknowledged (order_id text);")

SERVICES = ("accounts", "catalog", "search", "cart", "orders", "payments", "storefront")
KINDS = {"payments-crash": ("payments", "crash", 0.0), "payments-hang": ("payments", "hang", 0.0),
         "bank-slow": ("bank", "slow", 2000.0)}


def write_run(folder: Path, planted: Planted | None = None) -> Path:
    """Write run.json and the four tables; return the folder."""
    truth = planted or Planted()
    rng = np.random.default_rng(truth.seed)
    trials = _plan(truth)
    tables, finished = [], []
    for trial in trials:
        table = _rows(trial, truth, rng)
        tables.append(table)
        finished.append(_finish(trial, table, truth, rng))
    folder.mkdir(parents=True, exist_ok=True)
    requests = pa.concat_tables(tables) if tables else REQUESTS.empty_table()
    _write(requests, folder / "requests.parquet")
    _write(_audit(finished, truth), folder / "audit.parquet")
    _write(_events(finished), folder / "events.parquet")
    _write(RESOURCES.empty_table(), folder / "resources.parquet")
    (folder / "run.json").write_text(_record(finished, truth).model_dump_json(indent=1))
    return folder


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table.replace_schema_metadata({"schema_version": str(SCHEMA_VERSION)}), path,
                   compression="zstd")


def _plan(truth: Planted) -> list[TrialRecord]:
    trials: list[TrialRecord] = []
    pair = 0

    def add(**keys: object) -> None:
        store = "monolith" if keys["topology"] == "monolith" else "microservices"
        profile = keys["rate_profile"]
        defaults = {"id": len(trials), "pair": pair, "store": store, "seed": pair + 100,
                    "workload": "shop", "cpu_budget": 0.9, "memory_budget_mb": 2048,
                    "warmup_s": profile[0][0],  # type: ignore[index]
                    "measure_s": sum(s for s, _ in profile[1:]), "slo_ms": 250.0}  # type: ignore
        trials.append(TrialRecord.model_validate(defaults | keys))

    if "latency" in truth.phases:
        for workload, rate in truth.series or (("shop", truth.rate),):
            more = ("colocated",) if workload in truth.in_one_process else ()
            for number in range(truth.pairs):
                aa = number % truth.aa_every == truth.aa_every - 1
                names = ("monolith", "monolith") if aa else (*truth.topologies, *more)
                for position, topology in enumerate(names):
                    add(phase="latency", topology=topology, is_aa=aa, workload=workload,
                        series=f"{workload}@{rate:g}" if truth.series else "",
                        arm="b" if aa and position else "a",
                        rate_profile=[(2.0, rate), (truth.measure_s, rate)])
                pair += 1
    for _ in range(3 if truth.distances else 0):
        for ms in truth.distances:
            add(phase="distance", topology="microservices", hop_ms=ms, hop_measured_ms=ms * 1.01,
                series="shop@20", rate_profile=[(2.0, 20.0), (truth.measure_s, 20.0)])
        pair += 1
    for topology in truth.idle_cores:
        add(phase="idle", topology=topology, rate_profile=[(8.0, 0.0)], warmup_s=0.0,
            measure_s=8.0)
    pair += bool(truth.idle_cores)
    for phase in ("capacity", "hot"):
        if phase not in truth.phases:
            continue
        for cpus in truth.cpus if phase == "capacity" else truth.cpus[-1:]:
            for topology in truth.topologies:
                ways = ["everything"] if topology == "monolith" else ["everything", "hot_part"]
                for way in ways if phase == "hot" else [None]:
                    first = truth.first_rate.get(topology, 20.0) * cpus
                    steps = [(1.5, first * 1.25**k) for k in range(9)]
                    add(phase=phase, topology=topology, cpu_budget=cpus, scaled=way,
                        workload="hot_search" if phase == "hot" else "shop",
                        budget_mode="partitioned" if phase == "hot" else "pooled",
                        rate_profile=[(1.5, first), *steps])
            pair += 1
    for repeat in range(truth.repeats if "isolation" in truth.phases else 0):
        for name in (None, *truth.faults):
            for topology in truth.topologies:
                fault = None
                if name:
                    module, kind, delay = KINDS[name]
                    fault = FaultRecord(name=name, module=module, kind=kind, dose=1.0,
                                        delay_ms=delay, at_s=4.0, for_s=4.0, armed_at_s=4.01,
                                        cleared_at_s=8.02, times_fired=truth.fired)
                add(phase="isolation", topology=topology, fault=fault, seed=9000 + repeat,
                    rate_profile=[(1.5, 15.0), (11.5, 15.0)])
            pair += 1
    return trials


def _rows(trial: TrialRecord, truth: Planted, rng: np.random.Generator) -> pa.Table:
    seeded = np.random.default_rng(trial.seed)
    starts, rates = [], []
    at = 0.0
    for seconds, rate in trial.rate_profile:
        n = seeded.poisson(seconds * rate)
        starts.append(np.sort(at + seeded.random(n) * seconds))
        rates.append(np.full(n, rate))
        at += seconds
    arrivals, rate_at = np.concatenate(starts), np.concatenate(rates)
    journeys = ({trial.workload: [SINGLE[trial.workload]]} if trial.workload in SINGLE
                else JOURNEYS)
    names = list(journeys)
    weights = np.array([WEIGHTS.get(name, 1) for name in names], float)
    if trial.workload == "hot_search":
        weights = np.array([5, 85, 5, 5, 0], float)
    kind = seeded.choice(len(names), len(arrivals), p=weights / weights.sum())
    steps = np.array([len(journeys[name]) for name in names])[kind]
    index = np.repeat(np.arange(len(arrivals)), steps)
    step = np.concatenate([np.arange(n) for n in steps]) if len(steps) else np.array([], int)
    endpoint = np.array([journeys[names[k]][s] for k, s in zip(kind[index], step, strict=True)],
                        dtype=object)
    service = _service_ms(trial, truth, endpoint, rate_at[index], rng) / 1000
    if trial.topology == "monolith":
        third = trial.warmup_s + trial.measure_s / 3
        service[arrivals[index] < third] *= truth.cold
    lag, wait = rng.exponential(2e-5, len(index)), rng.exponential(1e-4, len(index))
    think = rng.exponential(0.05, len(index))
    intended = np.empty(len(index))
    end = np.empty(len(index))
    for s in range(4):  # the steps of a journey follow each other
        here = np.flatnonzero(step == s)
        intended[here] = arrivals[index[here]] if s == 0 else end[here - 1] + think[here]
        end[here] = intended[here] + lag[here] + wait[here] + service[here]
    outcome, status = _outcomes(trial, truth, endpoint, intended, end, rng)
    end = np.where(outcome == "timeout", intended + 4.0, end)
    micro = trial.store == "microservices"
    columns = {
        "trial": np.full(len(index), trial.id), "journey_no": index, "step": step,
        "journey": np.array(names, dtype=object)[kind[index]],
        "feature": np.array([BY_NAME[name].feature for name in endpoint], dtype=object),
        "endpoint": endpoint, "intended_s": intended, "dispatch_s": intended + lag,
        "send_s": intended + lag + wait, "end_s": end, "status": status, "outcome": outcome,
        "error_code": np.where(outcome == "ok", "", "internal_error").astype(object),
        "service_calls": np.array([CALLS[name] if micro else 0 for name in endpoint]),
        "bytes": np.full(len(index), 512),
        "reference": np.full(len(index), "", dtype=object),
        "statements": np.full(len(index), 2),
        "sql_rows": np.full(len(index), 20),
    }
    return pa.table([pa.array(columns[f.name], type=f.type) if f.name not in _NAMES
                     else pa.array(columns[f.name], type=pa.string()).dictionary_encode()
                     .cast(f.type) for f in REQUESTS], schema=REQUESTS)


_NAMES = {"journey", "feature", "endpoint", "outcome", "error_code"}


def _service_ms(trial: TrialRecord, truth: Planted, endpoint: np.ndarray, rate: np.ndarray,
                rng: np.random.Generator) -> np.ndarray:
    base = np.array([BASE_MS[name] for name in endpoint])
    if trial.store == "microservices":
        calls = np.array([CALLS[name] for name in endpoint])
        hop_ms = 0.0 if trial.topology == "colocated" else truth.hop_ms
        hop_ms += 2 * (trial.hop_measured_ms or 0.0)
        base = base * truth.slower_in.get(trial.workload, truth.slower) + hop_ms * calls
    level = np.exp(rng.normal(0, truth.noise))
    if trial.phase == "latency" and trial.topology == "monolith":
        last = max(truth.pairs * len(truth.series or (0,)) - 1, 1)
        level *= truth.drift ** (trial.pair / last)
    ms = base * level * rng.lognormal(0, 0.45, len(endpoint))
    if trial.phase in ("capacity", "hot"):
        limit = truth.capacity.get(trial.topology, 25.0) * (trial.cpu_budget or 1.0)
        limit *= 1.6 if trial.scaled == "hot_part" else 1.0
        over = np.maximum(rate / limit - 1, 0)
        ms = ms + over * 4000 * rng.random(len(endpoint))
    return ms


def _outcomes(trial: TrialRecord, truth: Planted, endpoint: np.ndarray, intended: np.ndarray,
              end: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    outcome = np.full(len(endpoint), "ok", dtype=object)
    status = np.full(len(endpoint), 200)
    if truth.all_fail:
        outcome[:], status[:] = "status", 500
    if trial.fault and truth.fired:
        window = (intended >= trial.fault.at_s) & (intended < trial.fault.at_s + 4.4)
        features = np.array([BY_NAME[name].feature for name in endpoint])
        needs = np.array([trial.fault.module in DEPENDS_ON[f] or
                          (trial.fault.module == "bank" and f == "checkout") for f in features])
        unlucky = rng.random(len(endpoint)) < truth.collateral.get(trial.topology, 0.0)
        bad = window & (needs | unlucky)
        kind = "timeout" if trial.fault.kind == "hang" else "status"
        outcome[bad], status[bad] = kind, 0 if kind == "timeout" else 503
    return outcome, status


def order_minor(journey_no: int) -> int:
    """What the cart of a journey costs."""
    return 1000 + journey_no * 37 % 5000


def _finish(trial: TrialRecord, table: pa.Table, truth: Planted,
            rng: np.random.Generator) -> TrialRecord:
    n = table.num_rows
    micro = trial.topology == "microservices"
    parts = (["envoy", "postgres", "catalog", "search", "cart", "orders", "payments", "accounts",
              "storefront"] if micro else ["envoy", "postgres", trial.topology])
    seconds = n * {"microservices": 0.004, "colocated": 0.0025}.get(trial.topology, 0.0018)
    each = (seconds + truth.idle_cores.get(trial.topology, 0.0) * trial.measure_s) / len(parts)
    cost = {part: PartCost(cpu_s=each * float(rng.lognormal(0, 0.1)),
                           memory_bytes=int(6e7 if part != "postgres" else 1.4e8))
            for part in parts}
    total = PartCost(cpu_s=sum(c.cpu_s for c in cost.values()),
                     memory_bytes=sum(c.memory_bytes for c in cost.values()))
    changes: dict[str, object] = {
        "rows_scheduled": n, "rows_written": n, "generator_cpu_share": 0.2,
        "lag_p99_ms": 0.09, "lag_max_ms": 0.4, "cost": {**cost, "total": total},
        "spin_before_ms": 2.3 + 0.1 * float(rng.random()),
        "spin_after_ms": 2.3 + 0.1 * float(rng.random()), "throttled_share": 0.2,
    }
    if truth.sells:
        placed = table.filter((pc.field("endpoint") == "place_order")
                              & (pc.field("outcome") == "ok"))
        changes |= {"sold_orders": placed.num_rows, "sold_minor": sum(
            order_minor(journey) for journey in placed["journey_no"].to_pylist())}
    if trial.topology in truth.consistent_s:
        over_s = 8.02 if trial.fault else trial.warmup_s + trial.measure_s
        changes["consistent_at_s"] = over_s + truth.consistent_s[trial.topology]
    if trial.phase == "latency" and trial.topology == "monolith":
        changes["pools"] = truth.pools
    if trial.id in truth.rejected:
        changes |= {"status": "rejected", "reasons": ["generator lag max 31.0 ms > 20 ms"],
                    "lag_max_ms": 31.0}
    if trial.id in truth.flagged:
        changes |= {"status": "flagged", "reasons": ["generator lag p99 1.4 ms > 1 ms"]}
    return trial.model_copy(update=changes)


def _audit(trials: list[TrialRecord], truth: Planted) -> pa.Table:
    rows = [(t.id, t.topology, f"I{k}", 2000 if k == 1 else 60,
             2 if k == 2 and t.topology in truth.red else 0,
             "order 7 acknowledged, not found" if k == 2 and t.topology in truth.red else "", 0.4)
            for t in trials for k in range(1, 8)]
    return pa.Table.from_pylist(
        [dict(zip(AUDIT.names, row, strict=True)) for row in rows], schema=AUDIT)


def _events(trials: list[TrialRecord]) -> pa.Table:
    rows = []
    for trial in trials:
        if trial.fault:
            rows.append((trial.id, trial.fault.armed_at_s, trial.topology, trial.fault.module, 0,
                         "fault_armed", trial.fault.name))
            rows.append((trial.id, trial.fault.cleared_at_s, trial.topology,
                         trial.fault.module, 0, "fault_cleared", trial.fault.name))
    return pa.Table.from_pylist(
        [dict(zip(EVENTS.names, row, strict=True)) for row in rows], schema=EVENTS)


def _record(trials: list[TrialRecord], truth: Planted) -> RunRecord:
    names = list(dict.fromkeys([*truth.topologies, *(t.topology for t in trials)]))
    return RunRecord(
        schema_version=SCHEMA_VERSION, run="20260101-000000-demo", scenario="demo",
        scenario_resolved={"slo_ms": 250, "seed": 1}, seed=1, started_unix_s=1_767_225_600.0,
        finished=truth.finished, duration_s=301.0,
        machine={"system": "Linux", "cpus": 2, "memory_gb": 7.8, "processor": truth.cpu_model},
        versions={"python": "3.11.2", "postgresql": "18.1", "envoy": "1.40.0"},
        commit="0123abc", contract_suite=truth.contract_suite, sources="cd" * 32,
        limits=Limits(cpu_budget=0.9, memory_budget_mb=2048,
                      enforced_by="cgroup v1" if truth.limited else "nothing",
                      enforced=["CPU quota", "memory limit"] if truth.limited else [],
                      not_enforced=[] if truth.limited else ["CPU quota", "memory limit"],
                      system_cpus=[0], generator_cpus=[1]),
        topologies={name: {"processes": 9 if name == "microservices" else 3,
                           "deployables": {part: {"replicas": 1} for part in (
                               SERVICES if name == "microservices" else (name,))},
                           "databases": 1 if name == "monolith" else 6,
                           "db_connections": 24} for name in names},
        seed_digest=dict.fromkeys(names, truth.digest), contract_smoke=dict.fromkeys(names, True),
        startup_s={name: 2.0 if name == "monolith" else 4.1 for name in names}, trials=trials,
        not_controlled=["CPU frequency scaling was not controlled."],
        split_added={"peers.py": 90, "catalog/clients.py": 60}, audit_sql=SQL,
    )


def no_effect(**changes: object) -> Planted:
    """A world in which both stores are the same."""
    return replace(Planted(slower=1.0, hop_ms=0.0, collateral={}), **changes)  # type: ignore
