"""What `scenarios.yaml` may say: every key with its type, range, unit and meaning.

The models are the documentation: `docs/scenarios.md` is printed from them
(`python -m lab.scenario_docs`), and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contract.load import Journey
from lab.topology import SERVICES, Deployable, Topology

Positive = Annotated[float, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Section(BaseModel):
    """A part of the file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DeployableKeys(Section):
    """One program of a topology."""

    replicas: Annotated[int, Field(ge=1, le=16)] = 1
    """How many processes of it run behind the proxy. Unit: processes."""
    threads: Annotated[int, Field(ge=1, le=128)] = 1
    """Blocking threads of each replica (Flask only; services use an event loop). Unit: threads."""
    db_connections: Annotated[int, Field(ge=1, le=100)] = 4
    """Greatest number of connections of each replica to one database. Unit: connections."""


class TopologyKeys(Section):
    """A way to run one store."""

    store: Literal["monolith", "microservices"]
    """Which implementation runs."""
    colocated: bool = False
    """All services in one process, calls between them without a socket. Unit: yes or no."""
    database_servers: Literal["one", "each"] = "one"
    """One PostgreSQL server for all databases of the store, or one server for each database."""
    deployables: dict[str, DeployableKeys]
    """The programs by name: `monolith`, or every service, or `colocated`."""

    def named(self, name: str) -> Topology:
        """Turn these keys into what the deployment starts."""
        return Topology(
            name=name, store=self.store, colocated=self.colocated,
            database_servers=self.database_servers,
            deployables=tuple(
                Deployable(program, given.replicas, given.threads, given.db_connections)
                for program, given in self.deployables.items()),
        )

    @model_validator(mode="after")
    def _has_the_programs_of_its_store(self) -> Self:
        expected = {"monolith"} if self.store == "monolith" else set(SERVICES)
        if self.colocated:
            if self.store != "microservices":
                raise ValueError("colocated is for the store microservices only")
            expected = {"colocated"}
        if set(self.deployables) != expected:
            raise ValueError(f"deployables must be exactly {', '.join(sorted(expected))}")
        return self


class WorkloadKeys(Section):
    """Who comes."""

    weights: Annotated[dict[Journey, Annotated[float, Field(ge=0)]], Field(min_length=1)]
    """How often each journey is taken, relative to the others. Unit: none (they are normalised)."""
    think_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Mean pause between two steps of a journey, exponentially distributed. Unit: seconds."""
    zipf: Annotated[float, Field(ge=0, le=3)] = 0.8
    """Exponent of product popularity; 0 makes all products equally popular. Unit: none."""

    @model_validator(mode="after")
    def _somebody_comes(self) -> Self:
        if sum(self.weights.values()) <= 0:
            raise ValueError("at least one weight must be above 0")
        return self


class FaultKeys(Section):
    """A defect, the same in both stores."""

    module: Literal["catalog", "search", "cart", "orders", "payments", "bank"]
    """The module whose own code breaks; `bank` is the outside party."""
    kind: Literal["crash", "hang", "slow", "error"]
    """`crash` ends the process, `hang` never answers while the fault lasts, `slow` waits, `error`
    raises an exception nobody expects."""
    dose: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the calls that it hits. Unit: 0 to 1."""
    delay_ms: Annotated[float, Field(ge=0, le=60_000)] = 0.0
    """How long `slow` waits. Unit: milliseconds."""


class DataKeys(Section):
    """The seed data, the same bytes in both stores."""

    seed: int = 20
    """Seed of the generator. Unit: none."""
    products: Annotated[int, Field(ge=20, le=1_000_000)] = 2_000
    """Products in 20 categories. Unit: rows."""
    customers: Annotated[int, Field(ge=10, le=100_000)] = 500
    """Customers with a password and a token. Unit: rows."""


class BudgetKeys(Section):
    """What the whole architecture may use: proxy, application and databases together."""

    cpus: Annotated[float, Field(gt=0, le=256)] | None = None
    """CPU quota; none is written `null`. Unit: cores."""
    memory_mb: Annotated[int, Field(ge=256)] | None = None
    """Memory limit; none is written `null`. Unit: mebibytes."""


class ClientKeys(Section):
    """How the load generator behaves."""

    concurrency: Annotated[int, Field(ge=1, le=5_000)] = 300
    """Greatest number of journeys in flight; the waiting of the others counts. Unit: journeys."""
    timeout_s: Seconds = 10.0
    """Deadline of one request. Unit: seconds."""
    drain_s: Seconds = 10.0
    """How long open requests are awaited after the last arrival. Unit: seconds."""


class PlatformKeys(Section):
    """What an operator's platform does about dead replicas, for both stores alike."""

    restart: bool = True
    """Whether a dead replica is started again. Unit: yes or no."""
    restart_delay_s: Annotated[float, Field(ge=0, le=600)] = 1.0
    """How long after its end, doubled at each further end up to 8 times. Unit: seconds."""


class GuardKeys(Section):
    """When a trial can't be trusted; blind to the system's own latency."""

    lag_p99_ms: Positive = 2.0
    """Reject above this generator lag (or 20 % of the trial's median). Unit: milliseconds."""
    lag_max_ms: Positive = 20.0
    """Reject when any arrival is released later than this. Unit: milliseconds."""
    generator_cpu: Annotated[float, Field(gt=0, le=1)] = 0.65
    """Reject above this share of the generator's core. Unit: 0 to 1."""
    spin_ratio: Annotated[float, Field(gt=1)] = 1.25
    """Reject when the calibration loop of one arm only is this much slower than the run's best
    decile. Unit: ratio."""
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    """How often a rejected pair is measured again. Unit: times."""


class StopKeys(Section):
    """When enough pairs were measured: on the width of intervals, never on what they show."""

    p50: Annotated[float, Field(gt=0, le=1)] | None = None
    """Half-width of the 95 % interval of the median's ratio. Unit: 0 to 1."""
    p95: Annotated[float, Field(gt=0, le=1)] | None = None
    """The same for the 95th percentile. Unit: 0 to 1."""
    least_pairs: Annotated[int, Field(ge=3, le=500)] = 6
    """No series stops before it has so many pairs of two stores. Unit: pairs."""


class LatencyKeys(Section):
    """Part one: response times at one offered rate."""

    workload: str
    """Name of a workload."""
    rate_per_s: Positive
    """Offered rate. Unit: journeys per second."""
    pairs: Annotated[int, Field(ge=1, le=500)]
    """Greatest number of interleaved pairs; every fifth is the same store twice. Unit: pairs."""
    stop: StopKeys | None = None
    """Stop earlier, when intervals are this narrow; leave out to measure all pairs."""
    topologies: list[str] | None = None
    """Topologies of this series, all in one group; leave out for the scenario's."""
    warmup_s: Seconds
    """Load before the measured window. Unit: seconds."""
    measure_s: Seconds
    """The measured window. Unit: seconds."""


class CapacityKeys(Section):
    """Part two: the highest rate that still meets the objective, by CPU budget."""

    workload: str
    """Name of a workload."""
    cpus: Annotated[list[Positive], Field(min_length=1, max_length=20)]
    """CPU budgets of the whole architecture. Unit: cores."""
    first_rate_per_s: dict[str, Positive]
    """Rate of the first step for one core, by topology; it scales with the budget.
    Unit: journeys per second."""
    growth: Annotated[float, Field(gt=1, le=2)] = 1.25
    """Each step's rate relative to the one before: the resolution of the answer. Unit: ratio."""
    steps: Annotated[int, Field(ge=2, le=50)] = 10
    """Greatest number of steps. Unit: steps."""
    step_s: Seconds = 2.0
    """Length of a step. Unit: seconds."""
    warmup_s: Seconds = 2.0
    """Load at the first rate before the first step. Unit: seconds."""
    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    """How often each ramp is run. Unit: times."""


class DistanceKeys(Section):
    """Part one as well: a network distance put between the services of a store."""

    workload: str
    """Name of a workload."""
    rate_per_s: Positive
    """Offered rate. Unit: journeys per second."""
    hop_ms: Annotated[list[Annotated[float, Field(ge=0, le=1000)]], Field(min_length=1)]
    """Distances, one way, of every call between services. Unit: milliseconds."""
    groups: Annotated[int, Field(ge=1, le=100)]
    """How often all distances are measured, in an order of their own each time. Unit: times."""
    warmup_s: Seconds
    """Load before the measured window. Unit: seconds."""
    measure_s: Seconds
    """The measured window. Unit: seconds."""


class PointKeys(Section):
    """Resources at which a capacity is searched."""

    cpus: Positive
    """Budget of the whole architecture. Unit: cores."""
    replicas: Annotated[int, Field(ge=1, le=16)] = 1
    """Replicas of every program; the budget is split evenly over them. Unit: processes."""


class SearchKeys(Section):
    """Part two: capacity by a search, the probes of all topologies interleaved."""

    workload: str
    """Name of a workload."""
    points: Annotated[list[PointKeys], Field(min_length=1, max_length=40)]
    """Where capacity is searched."""
    resolution: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """Bisection ends when the two ends of the answer are this close. Unit: 0 to 1."""
    warmup_s: Seconds = 1.5
    """Load before each probe's measured window. Unit: seconds."""
    probe_s: Seconds = 4.0
    """The measured window of a probe. Unit: seconds."""
    confirm_factor: Annotated[float, Field(ge=1, le=20)] = 3.0
    """The answer is confirmed by a window this many times longer. Unit: ratio."""
    most_probes: Annotated[int, Field(ge=4, le=100)] = 20
    """A search that has not ended by then ends without an answer. Unit: trials."""
    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    """How often each search is made. Unit: times."""


class HotKeys(CapacityKeys):
    """Part two as well: one hot feature, everything scaled against only the hot part scaled, at
    equal total budget (partitioned). `cpus` has one entry."""

    shares: dict[str, dict[Literal["everything", "hot_part"], dict[str, Positive]]]
    """Topology → way of scaling → part (`envoy`, `postgres`, a program) → its share of the
    budget. Unit: relative; normalised to the budget."""


class IdleKeys(Section):
    """What a store costs while nobody comes."""

    measure_s: Seconds
    """How long. Unit: seconds."""


class PriceKeys(Section):
    """What resources cost: example prices, to be replaced by the reader's own."""

    currency: str = "EUR"
    """Name of the money."""
    core_hour: Annotated[float, Field(ge=0)] = 0.04
    """A CPU core for an hour. Unit: money."""
    gb_hour: Annotated[float, Field(ge=0)] = 0.005
    """A gigabyte (10⁹ bytes) of memory for an hour. Unit: money."""
    connection_hour: Annotated[float, Field(ge=0)] = 0.0
    """A database connection for an hour. Unit: money."""
    gb_sent: Annotated[float, Field(ge=0)] = 0.05
    """A gigabyte sent to clients. Unit: money."""


class IsolationKeys(Section):
    """Part three: the same defect in both stores, against a matched run without."""

    workload: str
    """Name of a workload."""
    rate_per_s: Positive
    """Offered rate. Unit: journeys per second."""
    faults: Annotated[list[str], Field(min_length=1)]
    """Names of faults, each tried on every topology."""
    warmup_s: Seconds
    """Load before the measured window. Unit: seconds."""
    before_s: Seconds
    """Measured time before the fault. Unit: seconds."""
    fault_s: Seconds
    """How long the fault lasts. Unit: seconds."""
    after_s: Seconds
    """Measured time after it was cleared. Unit: seconds."""
    repeats: Annotated[int, Field(ge=1, le=50)] = 1
    """How often each fault, and the run without, is measured. Unit: times."""


class ScenarioKeys(Section):
    """One experiment."""

    description: str
    """A sentence for `twinstore list`."""
    seed: int
    """Seed of schedules, order of arms and doses. Unit: none."""
    topologies: Annotated[list[str], Field(min_length=1, max_length=6)]
    """Names of topologies; the first two are compared."""
    slo_ms: Positive = 250.0
    """A request is good when it is right and answered within this. Unit: milliseconds."""
    data: DataKeys = DataKeys()
    """The seed data."""
    budget: BudgetKeys = BudgetKeys()
    """The budget of each architecture, pooled over its parts."""
    client: ClientKeys = ClientKeys()
    """The load generator."""
    platform: PlatformKeys = PlatformKeys()
    """Restart policy."""
    guards: GuardKeys = GuardKeys()
    """Thresholds beyond which a trial is rejected."""
    time_budget_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """No pair or search begins after this; leave out for no limit. Unit: seconds."""
    prices: PriceKeys = PriceKeys()
    """What resources cost."""
    latency: list[LatencyKeys] = []
    """Part one; the first series makes the headline. Leave out to skip."""
    distance: DistanceKeys | None = None
    """Network distance between services; leave out to skip."""
    idle: IdleKeys | None = None
    """Cost without load; leave out to skip."""
    capacity: CapacityKeys | None = None
    """Part two as a quick ramp; leave out to skip."""
    search: list[SearchKeys] = []
    """Part two as a search; leave out to skip."""
    hot: HotKeys | None = None
    """The hot part of part two; leave out to skip."""
    isolation: IsolationKeys | None = None
    """Part three; leave out to skip."""

    @model_validator(mode="after")
    def _names_every_topology(self) -> Self:
        for part, section in (("capacity", self.capacity), ("hot", self.hot)):
            missing = set(self.topologies) - set(section.first_rate_per_s) if section else set()
            if missing:
                raise ValueError(f"{part}.first_rate_per_s lacks {', '.join(sorted(missing))}")
        missing = set(self.topologies) - set(self.hot.shares) if self.hot else set()
        if missing:
            raise ValueError(f"hot.shares lacks {', '.join(sorted(missing))}")
        return self


class ScenarioFile(Section):
    """The whole file."""

    topologies: dict[str, TopologyKeys]
    """Ways to run a store, by name."""
    workloads: dict[str, WorkloadKeys]
    """Mixes of journeys, by name."""
    faults: dict[str, FaultKeys]
    """Defects, by name."""
    scenarios: dict[str, ScenarioKeys]
    """Experiments, by name."""


SECTIONS: Final[tuple[type[Section], ...]] = (
    ScenarioFile, TopologyKeys, DeployableKeys, WorkloadKeys, FaultKeys, ScenarioKeys, DataKeys,
    BudgetKeys, ClientKeys, PlatformKeys, GuardKeys, LatencyKeys, CapacityKeys, HotKeys,
    IsolationKeys,
)


Unknown = tuple[tuple[Any, ...], str, list[str]]


def unknown_names(file: ScenarioFile) -> list[Unknown]:
    """Find names that nothing in the file defines: (path to the value, name, allowed)."""
    return [
        unknown
        for name, scenario in file.scenarios.items()
        for unknown in _unknown_in(("scenarios", name), scenario, file)
    ]


def _unknown_in(path: tuple[Any, ...], scenario: ScenarioKeys,
                file: ScenarioFile) -> Iterator[Unknown]:
    for index, topology in enumerate(scenario.topologies):
        if topology not in file.topologies:
            yield (*path, "topologies", index), topology, sorted(file.topologies)
    sections = {"latency": scenario.latency, "capacity": scenario.capacity,
                "hot": scenario.hot, "isolation": scenario.isolation}
    for part, section in sections.items():
        if section is not None and section.workload not in file.workloads:
            yield (*path, part, "workload"), section.workload, sorted(file.workloads)
        if isinstance(section, CapacityKeys):
            for topology in section.first_rate_per_s:
                if topology not in scenario.topologies:
                    yield ((*path, part, "first_rate_per_s", topology), topology,
                           scenario.topologies)
    for index, fault in enumerate(scenario.isolation.faults if scenario.isolation else ()):
        if fault not in file.faults:
            yield (*path, "isolation", "faults", index), fault, sorted(file.faults)
