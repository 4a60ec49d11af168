"""What is measured: the parts of a scenario."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from lab.keys.section import Positive, Seconds, Section

VISITORS_FOR_P95: Final = 440
"""What reports.estimate asks for, and a tenth."""
PAIRS_FOR_A_WIDTH: Final = 8
"""Sooner, a spread that only happens to look small would end too many series
(docs/decisions/0196-no-width-before-eight-pairs.md)."""


class StopKeys(Section):
    """When enough pairs were measured: on the width of intervals, never on what they show."""

    p50: Annotated[float, Field(gt=0, le=1)] | None = None
    """Half-width of the 95 % interval of the median's ratio. Unit: 0 to 1."""
    p95: Annotated[float, Field(gt=0, le=1)] | None = None
    """The same for the 95th percentile. Unit: 0 to 1."""
    least_pairs: Annotated[int, Field(ge=PAIRS_FOR_A_WIDTH, le=500)] = PAIRS_FOR_A_WIDTH
    """No interval stops a series that has fewer pairs of two stores. Unit: pairs."""
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """No further pair begins that would end after so much load and overhead; leave out for no
    limit. Unit: seconds."""


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
    topologies: Annotated[list[str], Field(min_length=1)] | None = None
    """Topologies of this series, all in one group; leave out for the scenario's."""
    aa: bool = False
    """Every pair is the first topology twice: the noise floor itself. Unit: yes or no."""
    warmup_s: Seconds
    """Load before the measured window. Unit: seconds."""
    measure_s: Seconds
    """The measured window. Unit: seconds."""

    @model_validator(mode="after")
    def _can_reach_what_it_stops_on(self) -> Self:
        visitors = self.rate_per_s * self.measure_s
        if self.stop and self.stop.p95 and visitors < VISITORS_FOR_P95:
            raise ValueError(
                f"stop.p95 needs {VISITORS_FOR_P95} visitors a trial (400 rows for a p95, and "
                f"arrivals are random); rate_per_s × measure_s is {visitors:g}")
        return self


class DistanceKeys(Section):
    """Part one as well: a network distance put between the services of a store."""

    workload: str
    """Name of a workload."""
    rate_per_s: Positive
    """Offered rate. Unit: journeys per second."""
    hop_ms: Annotated[list[Annotated[float, Field(ge=0, le=1000)]], Field(min_length=1)]
    """Distances, one way, of every call between services. Unit: milliseconds."""
    topology: str = "microservices"
    """Whose services are moved apart."""
    groups: Annotated[int, Field(ge=1, le=100)]
    """How often all distances are measured, in an order of their own each time. Unit: times."""
    warmup_s: Seconds
    """Load before the measured window. Unit: seconds."""
    measure_s: Seconds
    """The measured window. Unit: seconds."""


class IdleKeys(Section):
    """What a store costs while nobody comes."""

    measure_s: Seconds
    """How long. Unit: seconds."""
    groups: Annotated[int, Field(ge=1, le=100)] = 2
    """How often every topology is watched. Unit: times."""


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


class HotKeys(CapacityKeys):
    """Part two as well: one hot feature, everything scaled against only the hot part scaled, at
    equal total budget (partitioned). `cpus` has one entry."""

    cpus: Annotated[list[Positive], Field(min_length=1, max_length=1)]
    """Budget of the whole architecture. Unit: cores."""
    shares: dict[str, dict[Literal["everything", "hot_part"], dict[str, Positive]]]
    """Topology → way of scaling → part (`envoy`, `postgres`, a program) → its share of the
    budget. Unit: relative; normalised to the budget."""


class PointKeys(Section):
    """Resources at which a capacity is searched."""

    cpus: Positive
    """Budget of the whole architecture, pooled. Unit: cores."""
    replicas: Annotated[int, Field(ge=1, le=16)] = 1
    """Replicas of every program; connections and threads are divided among them.
    Unit: processes."""


class ProbingKeys(Section):
    """How a search asks: ramp, bisect, confirm."""

    pilot_rate_per_s: Positive = 5.0
    """Rate of the first probe, which tells CPU seconds a journey. Unit: journeys per second."""
    resolution: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """Bisection ends when the two ends of the answer are this close. Unit: 0 to 1."""
    warmup_s: Seconds = 1.5
    """Load before each probe's measured window. Unit: seconds."""
    probe_s: Seconds = 4.0
    """The measured window of a probe. Unit: seconds."""
    confirm_factor: Annotated[float, Field(ge=1, le=20)] = 3.0
    """The answer is confirmed by a window this many times longer. Unit: ratio."""
    most_probes: Annotated[int, Field(ge=4, le=100)] = 26
    """A search ends after so many answered probes, or after twice as many with those rejected, with
    what was confirmed by then. Unit: trials."""
    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    """How often each search is made. Unit: times."""


class SearchKeys(ProbingKeys):
    """Part two: capacity by a search, the probes of all topologies interleaved."""

    workload: str
    """Name of a workload."""
    points: Annotated[list[PointKeys], Field(min_length=1, max_length=40)]
    """Where capacity is searched."""
    topologies: Annotated[list[str], Field(min_length=1)] | None = None
    """Topologies that are searched; leave out for the scenario's."""


class HotPartKeys(ProbingKeys):
    """Part two as well: one hot feature at equal total budget, by way of scaling.

    `pooled` is one big machine; `everything` splits the budget as the ordinary mix uses it;
    `hot_part` as the hot mix uses it, so that only what is hot has grown. The shares are measured
    first, on the pooled store, and proxy and database have theirs like every program.
    """

    workload: str
    """Name of the hot workload."""
    ordinary: str
    """Name of the workload for which the store was laid out."""
    hot_part: dict[str, str]
    """Topology → the program that is hot."""
    cpus: Positive
    """Budget of the whole architecture. Unit: cores."""
    ways: Annotated[list[Literal["pooled", "everything", "hot_part"]], Field(
        min_length=1, default_factory=lambda: ["pooled", "everything", "hot_part"])]
    """Ways of scaling that are tried."""
    tune: list[Annotated[float, Field(gt=0, le=10)]] = Field(default_factory=list)
    """More splits, for capacity alone: what the hot part works for a journey counts times this, so
    that its share grows and the rest is squeezed. Unit: ratio."""
    replicas: Annotated[int, Field(ge=1, le=16)] = 1
    """Also tried, on one pool: so many replicas of every program, and of the hot part alone;
    connections and threads are divided among them. 1: not tried. Unit: processes."""
    rate_per_s: Positive | None = None
    """Also search the fewest cores that carry this rate, by way; leave out to skip.
    Unit: journeys per second."""
    least_memory: bool = False
    """Also search the least limit of memory under which `cpus` carry that rate, `pooled` and
    started afresh for every probe; it begins at the limit of the scenario's budget. Needs
    `rate_per_s`, `pooled` among `ways`, and that limit. Unit: yes or no."""

    @model_validator(mode="after")
    def _has_a_rate_for_its_memory(self) -> Self:
        if self.least_memory and self.rate_per_s is None:
            raise ValueError("least_memory is of a rate: rate_per_s is missing")
        if self.least_memory and "pooled" not in self.ways:
            raise ValueError("least_memory is of the pooled store: pooled is not among the ways")
        return self


class IsolationKeys(Section):
    """Part three: the same defect in both stores, against a matched run without."""

    workload: str
    """Name of a workload."""
    rate_per_s: Positive
    """Offered rate. Unit: journeys per second."""
    faults: Annotated[list[str], Field(min_length=1)] | Literal["all"]
    """Names of faults, each tried on every topology; `all`: every one of the file."""
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
    replicas: Annotated[int, Field(ge=1, le=16)] = 1
    """Replicas of every program in both stores; connections and threads are divided among them.
    Unit: processes."""
    postures: Annotated[list[Literal["raw", "resilient"]], Field(
        min_length=1, default_factory=lambda: ["raw"])]
    """`raw` lets a failure propagate as it is; `resilient` has retries, circuit breaking,
    ejection, load shedding and bulkheads on, in both stores."""
