"""What runs: a topology names a store's deployables, their replicas, threads and connections."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Final, Literal

from contract.reach import Place, place_of

Store = Literal["monolith", "microservices"]

SERVICES: Final = ("accounts", "catalog", "search", "cart", "orders", "payments", "storefront")
DATABASES: Final[dict[Store, tuple[str, ...]]] = {
    "monolith": ("monolith",),
    "microservices": ("accounts", "catalog", "search", "cart", "orders", "payments"),
}
"""Databases of each store.  The storefront has none."""


@dataclass(frozen=True, slots=True)
class Deployable:
    """One program that is started, and how many of it.

    `threads`: blocking threads of one replica (the monolith's; services use an event loop).
    `db_connections`: greatest number of connections of one replica to one database.
    """

    name: str
    replicas: int = 1
    threads: int = 1
    db_connections: int = 4


@dataclass(frozen=True, slots=True)
class Topology:
    """A named way to run one store."""

    name: str
    store: Store
    deployables: tuple[Deployable, ...]
    colocated: bool = False
    """All services in one process, calls between them without a socket."""
    database_servers: Literal["one", "each"] = "one"
    """One PostgreSQL server for all databases of the store, or a server for each."""
    posture: Literal["raw", "resilient"] = "raw"
    """Whether retries, circuit breaking, ejection, shedding and bulkheads are on."""
    relayed: bool = False
    """Calls between services pass a relay, which can put a distance on them."""
    breakable: bool = False
    """These calls, and the ways to bank and databases, pass relays that can break them."""

    @property
    def has_calls(self) -> bool:
        """Whether parts of the store call each other over the network."""
        return self.store == "microservices" and not self.colocated

    def place(self, module: str) -> Place:
        """Say what decides whom a fault in that module reaches."""
        return place_of({"deployables": {one.name: asdict(one) for one in self.deployables},
                         "database_servers": self.database_servers}, self.store, module)

    def with_replicas(self, n: int, only: str | None = None) -> Topology:
        """Return it with n times as many of every program, and not more of anything they share.

        `only`: of that program alone, the others stay as they are.  Connections and the
        monolith's threads are divided, rounded down: at least 1 connection and 2 threads each, so
        only a total that n does not divide changes.  `Stack.describe` says what came of it.
        Raises ValueError for n < 1 and for a program it does not have.
        """
        if n < 1:
            raise ValueError(f"{n} replicas of a store are none")
        if only is not None and only not in {one.name for one in self.deployables}:
            raise ValueError(f"{self.name} has no program {only}")
        return replace(self, deployables=tuple(
            _divided(one, n) if only in (None, one.name) else one for one in self.deployables))


def _divided(program: Deployable, n: int) -> Deployable:
    return replace(
        program, replicas=program.replicas * n,
        threads=max(min(2, program.threads), program.threads // n),
        db_connections=max(1, program.db_connections // n))


@dataclass(frozen=True, slots=True)
class Budget:
    """What the whole architecture (proxy, application, databases together) may use.

    `cpus`: cores; `memory_mb`: mebibytes; None is no limit.
    `shares` (partitioned only): cores by part name (`envoy`, `postgres` or
    `postgres-<database>`, and the deployables); their sum is the budget.
    """

    cpus: float | None = None
    memory_mb: int | None = None
    mode: Literal["pooled", "partitioned"] = "pooled"
    shares: dict[str, float] = field(default_factory=dict)
