"""What runs and who comes: topologies, workloads, seed data, defects."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contract.load import Journey
from lab.faults.catalogue import Kind, Module, mistake_in
from lab.keys.section import Section
from lab.topology import SERVICES, Deployable, Topology


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
    """How often each journey is taken, relative to the others; the steps of each stand in
    contract/journeys.py. Unit: none (they are normalised)."""
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
    """A defect, the same in both stores: docs/faults.md has the catalogue."""

    module: Module
    """The module whose own code, data, process or link breaks; `bank` is the outside party,
    `database` every database server of the store."""
    kind: Kind
    """In the module's code: `crash` ends the process, `hang` never answers while the fault lasts,
    `slow` waits, `error` raises an exception nobody expects, `burn` takes CPU time, `leak` keeps
    memory, `poison` is a crash by certain requests only, `pool` keeps database connections.
    Around it: `down` (bank, database), `database_down` and `database_lock` (the module's tables),
    `network_cut`, `network_drop` and `network_delay` (calls to it), `replica_kill` and
    `replica_freeze` (one process that runs it)."""
    dose: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the calls that it hits; for `poison` of the contents. Unit: 0 to 1."""
    delay_ms: Annotated[float, Field(ge=0, le=60_000)] = 0.0
    """How long `slow` waits and `network_delay` delays each way, and how much CPU time `burn`
    takes. Unit: milliseconds."""
    leak_mb: Annotated[float, Field(ge=0, le=4096)] = 0.0
    """What `leak` keeps for each call that it hits. Unit: mebibytes."""
    connections: Annotated[int, Field(ge=0, le=100)] = 0
    """How many database connections `pool` keeps for each call that it hits. Unit: connections."""

    @model_validator(mode="after")
    def _can_be_armed(self) -> Self:
        wrong = mistake_in(self.module, self.kind, self.dose,
                           {"delay_ms": self.delay_ms, "leak_mb": self.leak_mb,
                            "connections": self.connections})
        if wrong:
            raise ValueError(wrong)
        return self


class DataKeys(Section):
    """The seed data, the same bytes in both stores."""

    seed: int = 20
    """Seed of the generator. Unit: none."""
    products: Annotated[int, Field(ge=20, le=1_000_000)] = 2_000
    """Products in 20 categories. Unit: rows."""
    customers: Annotated[int, Field(ge=10, le=100_000)] = 500
    """Customers with a password and a token. Unit: rows."""
    scarce: Annotated[int, Field(ge=0, le=1_000)] = 0
    """More products, of two, four or eight pieces in turn; only the journeys `buy_scarce` and
    `buy_several` ask for them, for an ordinary product where there are none. Unit: rows."""
