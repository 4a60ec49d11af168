"""What `scenarios.yaml` may say: every key with its type, range, unit and meaning.

The models are the documentation: `docs/scenarios.md` is printed from them
(`python -m lab.scenario_docs`), and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from lab.keys.conditions import BudgetKeys, ClientKeys, GuardKeys, PlatformKeys, PriceKeys
from lab.keys.measurements import (
    CapacityKeys,
    DistanceKeys,
    HotKeys,
    HotPartKeys,
    IdleKeys,
    IsolationKeys,
    LatencyKeys,
    PointKeys,
    ProbingKeys,
    SearchKeys,
    StopKeys,
)
from lab.keys.section import Positive, Section
from lab.keys.shop import DataKeys, DeployableKeys, FaultKeys, TopologyKeys, WorkloadKeys

__all__ = [
    "BudgetKeys", "CapacityKeys", "ClientKeys", "DataKeys", "DeployableKeys", "DistanceKeys",
    "FaultKeys", "GuardKeys", "HotKeys", "HotPartKeys", "IdleKeys", "IsolationKeys", "LatencyKeys",
    "PlatformKeys", "PointKeys", "PriceKeys", "ProbingKeys", "ScenarioFile", "ScenarioKeys",
    "SearchKeys", "Section", "StopKeys", "TopologyKeys", "WorkloadKeys",
]


class ScenarioKeys(Section):
    """One experiment."""

    description: str
    """A sentence for `twinstore list`."""
    seed: int
    """Seed of schedules, order of arms and doses. Unit: none."""
    topologies: Annotated[list[str], Field(min_length=1, max_length=6)]
    """Names of topologies. Reports compare the first monolith with the first other one that is not
    `colocated`; a stop rule looks at the first two of its series."""
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
    """No pair or search begins after this, one that has begun is finished; leave out for no limit.
    Unit: seconds."""
    prices: PriceKeys = PriceKeys()
    """What resources cost."""
    latency: list[LatencyKeys] = Field(default_factory=list)
    """Part one; the first series makes the headline. Leave out to skip."""
    distance: DistanceKeys | None = None
    """Network distance between services; leave out to skip."""
    idle: IdleKeys | None = None
    """Cost without load; leave out to skip."""
    capacity: CapacityKeys | None = None
    """Part two as a quick ramp; leave out to skip."""
    search: list[SearchKeys] = Field(default_factory=list)
    """Part two as a search; leave out to skip."""
    hot: HotKeys | None = None
    """The hot part of part two as a quick ramp; leave out to skip."""
    hot_parts: list[HotPartKeys] = Field(default_factory=list)
    """The hot part of part two as a search, one entry a hot mix; leave out to skip."""
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
        for index, mix in enumerate(self.hot_parts):
            if missing := set(self.topologies) - set(mix.hot_part):
                raise ValueError(
                    f"hot_parts.{index}.hot_part lacks {', '.join(sorted(missing))}")
            if mix.least_memory and self.budget.memory_mb is None:
                raise ValueError(f"hot_parts.{index}.least_memory begins at the budget's limit: "
                                 "budget.memory_mb is missing")
        series = [(entry.workload, entry.rate_per_s) for entry in self.latency]
        if len(set(series)) < len(series):
            raise ValueError("two latency series have the same workload and rate")
        points = [(name, entry.workload, point.cpus, point.replicas) for entry in self.search
                  for point in entry.points for name in entry.topologies or self.topologies]
        if len(set(points)) < len(points):
            raise ValueError("two searches have the same topology, workload, cpus and replicas")
        hot = [entry.workload for entry in self.hot_parts]
        if len(set(hot)) < len(hot):
            raise ValueError("two hot_parts have the same workload")
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

    def with_seed(self, name: str, seed: int) -> Self:
        """The same file in which one scenario has another seed."""
        scenario = self.scenarios[name].model_copy(update={"seed": seed})
        return self.model_copy(update={"scenarios": {**self.scenarios, name: scenario}})


SECTIONS: Final[tuple[type[Section], ...]] = (
    ScenarioFile, TopologyKeys, DeployableKeys, WorkloadKeys, FaultKeys, ScenarioKeys, DataKeys,
    BudgetKeys, ClientKeys, PlatformKeys, GuardKeys, PriceKeys, LatencyKeys, StopKeys,
    DistanceKeys, IdleKeys, CapacityKeys, HotKeys, SearchKeys, PointKeys, HotPartKeys,
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
    for where, kind, name in _names_in(scenario):
        known: dict[str, list[str]] = {
            "topology": sorted(file.topologies), "workload": sorted(file.workloads),
            "fault": sorted(file.faults), "own topology": scenario.topologies,
            **{f"program of {one}": sorted(keys.deployables)
               for one, keys in file.topologies.items()}}
        allowed = known.get(kind, [name])  # of an unknown topology, which is said already
        if name not in allowed:
            yield (*path, *where), name, allowed


Name = tuple[tuple[Any, ...], str, str]
"""(path below the scenario, what it names, the name)"""


def _names_in(scenario: ScenarioKeys) -> Iterator[Name]:
    for index, topology in enumerate(scenario.topologies):
        yield ("topologies", index), "topology", topology
    for part in ("distance", "capacity", "hot", "isolation"):
        section = getattr(scenario, part)
        if section is not None:
            yield from _names_of((part,), section)
    for part in ("latency", "search", "hot_parts"):
        for index, section in enumerate(getattr(scenario, part)):
            yield from _names_of((part, index), section)


def _names_of(where: tuple[Any, ...], section: Section) -> Iterator[Name]:
    for key in ("workload", "ordinary"):
        if hasattr(section, key):
            yield (*where, key), "workload", getattr(section, key)
    if hasattr(section, "topology"):
        yield (*where, "topology"), "topology", section.topology
    for index, name in enumerate(getattr(section, "topologies", None) or ()):
        yield (*where, "topologies", index), "topology", name
    faults = getattr(section, "faults", ())
    for index, name in enumerate(() if faults == "all" else faults):
        yield (*where, "faults", index), "fault", name
    for key in ("first_rate_per_s", "hot_part"):
        for name in getattr(section, key, {}):
            yield (*where, key, name), "own topology", name
    for topology, program in getattr(section, "hot_part", {}).items():
        yield (*where, "hot_part", topology), f"program of {topology}", program
