"""`run.json`: what was run, on what, within which limits, in which order, and what went wrong.

The lab writes it, reports read it; together with the Parquet tables it is all they need.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contract.audit_sql import AuditSql
from contract.expected_loss import ExpectedLoss
from contract.probe_record import ProbeRecord
from contract.results import SCHEMA_VERSION


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FaultRecord(_Record):
    """A fault as it was meant, and what the manipulation check saw."""

    name: str
    module: str
    kind: str
    dose: float
    delay_ms: float
    at_s: float
    """Seconds after the trial's start of load."""
    for_s: float
    armed_at_s: float | None = None
    cleared_at_s: float | None = None
    settled_at_s: float | None = None
    """When what it broke was back; None: never, or not recorded."""
    times_fired: int = 0
    """How often the defect acted: calls hit, processes ended, seconds a lock was held, …"""
    chances: int = 0
    """How often it could have acted: calls that passed its place while it was armed; 0: unknown."""
    met: int | None = None
    """Of a broken database or way: requests sent meanwhile that need it; None: not counted."""
    applies: bool = True
    """No: this store has no such place (no network between modules of one process)."""
    void: str = ""
    """Why the trial proves nothing: the fault did not act, or at another dose; "" otherwise."""


class PartCost(_Record):
    """What one part used during the measured window, by the kernel's accounting."""

    cpu_s: float
    memory_bytes: int
    """Mean resident size; shared pages counted in each process."""


class PoolUse(_Record):
    """A pool of one part over the measured window: connections, threads; replicas summed."""

    size: int
    busy_mean: float
    """Time-averaged number taken: busy seconds / window (Little's law: throughput × holding)."""
    taken: int
    """How often one was taken."""
    waited: int
    """How often somebody had to wait for one."""
    wait_s: float
    """All waiting together."""


EDGE: Final = "envoy"
"""The part under which traffic of the edge is counted: what visitors sent and got."""


class PartTraffic(_Record):
    """Bytes of HTTP (heads included) through the proxy over the measured window, and tries.

    A call is counted at the part that is asked, once.  Of `EDGE`: what visitors sent and got; it
    is tried nowhere.
    """

    received: int
    """Requests, as the proxy passed them on to the part: visitors' and other services'."""
    sent: int
    """The part's answers."""
    calls_received: int = 0
    """Requests of other services, as their callers sent them."""
    calls_sent: int = 0
    """Answers to other services, as their callers got them."""
    tries: int = 0
    """Tries of the proxy to reach the part for a request; 0 for all parts: not recorded."""
    retries: int = 0
    """Those of them that were not the first for their request."""


class TrialRecord(_Record):
    """One measured window on one topology."""

    id: int
    phase: Literal["latency", "distance", "capacity", "search", "hot", "idle", "isolation"]
    series: str = ""
    """Trials of one phase that belong together: a workload at a rate, a point of a curve."""
    pair: int
    """Trials of one pair are adjacent and comparable."""
    attempt: int = 0
    """Counts the measurements of the pair: both arms are measured again when one is rejected."""
    arm: Literal["a", "b"] = "a"
    """Distinguishes the two trials of an A/A pair."""
    is_aa: bool = False
    topology: str
    store: Literal["monolith", "microservices"]
    workload: str
    rate_profile: list[tuple[float, float]]
    """(seconds, journeys per second) one after the other, warm-up first."""
    seed: int
    warmup_s: float
    measure_s: float
    cpu_budget: float | None
    """Cores for the whole architecture; None: not limited."""
    memory_budget_mb: int | None = None
    budget_mode: Literal["pooled", "partitioned"] = "pooled"
    shares: dict[str, float] = {}
    """Cores per part when partitioned."""
    scaled: str | None = None
    """How a hot mix was scaled: pooled, everything, hot_part, replicas_of_hot_part, …"""
    replicas: int = 1
    """Replicas of every program of the store, or of the one in `replicated`."""
    replicated: str | None = None
    """The only program that has them; None: every program."""
    hop_ms: float = 0.0
    """Distance between services, one way, that was asked for; 0: none was put in."""
    hop_measured_ms: float | None = None
    """How much longer one way took than without, half of a round trip; None: not measured."""
    probe: ProbeRecord | None = None
    fault: FaultRecord | None = None
    consistent_at_s: float | None = None
    """Seconds after the start of load when the books were consistent (settled, and the same when
    read again), looked at from the end of the drain on; None: they never were."""
    posture: Literal["raw", "resilient"] = "raw"
    """Whether retries, circuit breaking, ejection, shedding and bulkheads are on."""
    slo_ms: float
    """A request is good when it is right and its response takes at most this."""
    status: Literal["ok", "flagged", "rejected"] = "ok"
    reasons: list[str] = []
    stopped_early: bool = False
    rows_scheduled: int = 0
    rows_written: int = 0
    generator_cpu_share: float = 0.0
    """Of the generator's one core, during the measured window."""
    lag_p99_ms: float = 0.0
    lag_max_ms: float = 0.0
    p50_ms: float | None = None
    """Response time of first requests in the measured window; None: too few right answers."""
    p95_ms: float | None = None
    spin_before_ms: float = 0.0
    spin_after_ms: float = 0.0
    throttled_share: float = 0.0
    cost: dict[str, PartCost] = {}
    """By part; `total` is the whole budget group."""
    pools: dict[str, PoolUse] = {}
    """By `part/pool`, for example `monolith/threads`, `orders/connections`."""
    connections: int = 0
    """Connections that the databases served when the window ended."""
    connections_by_part: dict[str, int] = {}
    """By the program that held them, busy or not, where it has a database.  Empty: unknown."""
    traffic: dict[str, PartTraffic] = {}
    """By part, `envoy` is the edge.  Empty: not recorded, or not over the whole window."""
    unplanned_exits: int = 0
    """Ends of parts that nothing was meant to end, then or at all."""
    oom_kills: int = 0
    """Processes of the store that the kernel ended for want of memory."""
    started_unix_s: float = 0.0
    """For people; never used in arithmetic."""
    sold_orders: int | None = None
    """Orders that stand confirmed in the books after the trial; None: not recorded."""
    sold_minor: int | None = None
    """Their totals, in minor units of contract.money.CURRENCY."""

    @property
    def lacks_memory(self) -> bool:
        """Whether it asks how little memory its store, started afresh, can do with."""
        return self.probe is not None and self.probe.variable == "memory"


class Limits(_Record):
    """What was asked for and what the machine really enforced."""

    cpu_budget: float | None
    memory_budget_mb: int | None
    enforced_by: str
    """For example: cgroup v1, cgroup v2, systemd scope, affinity only, nothing."""
    enforced: list[str]
    not_enforced: list[str]
    system_cpus: list[int]
    generator_cpus: list[int]


class RunRecord(_Record):
    """The whole run."""

    schema_version: Annotated[int, Field(default=SCHEMA_VERSION)]
    run: str
    scenario: str
    scenario_resolved: dict[str, Any]
    seed: int
    started_unix_s: float
    finished: bool = False
    duration_s: float = 0.0
    machine: dict[str, str | int | float | bool]
    versions: dict[str, str]
    commit: str = ""
    limits: Limits
    topologies: dict[str, dict[str, Any]]
    """As started: parts, replicas, threads, connections, processes."""
    variants: dict[str, dict[str, Any]] = {}
    """The same of what trials asked for beside them: `microservices × 2`, `… of search`."""
    seed_digest: dict[str, str] = {}
    """By topology; equal, or the run was refused."""
    contract_smoke: dict[str, bool] = {}
    """By topology."""
    contract_suite: str = ""
    """Digest of the sources for which all of it passed; "" when it was waived."""
    sources: str = ""
    """Digest of the stores' sources and the contract suite."""
    definitions: dict[str, Any] = {}
    """Topologies, workloads and faults of the scenario file, so that the run can go on."""
    resumed: int = 0
    """How often the run was interrupted and went on."""
    startup_s: dict[str, float] = {}
    expected: dict[str, dict[str, dict[str, ExpectedLoss]]] = {}
    """Fault → topology → feature, written before the first trial.  Empty: not recorded."""
    trials: list[TrialRecord] = []
    not_controlled: list[str] = []
    """Sentences for page one."""
    split_added: dict[str, int] = {}
    """Lines of code by file that only exist because the store was split."""
    lines: dict[str, int] = {}
    """Lines of code by store; empty: not recorded."""
    audit_sql: AuditSql | None = None
    """None: recorded before the statements were."""
