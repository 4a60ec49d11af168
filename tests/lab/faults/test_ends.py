"""Which processes a fault is to end, in every way to run a store; nothing is started."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lab.faults.ends import ended_by
from lab.faults.parts import BankDown
from lab.faults.site import FaultError, Site
from lab.scenario import FaultKeys

URL = "postgresql://localhost:{}/shop"


def a_site(*programs: str, servers: dict[str, int], seed: int = 1) -> Site:
    """Two replicas of each program; `servers`: port of the server that has a database."""
    names = {"postgres": 0} if len(set(servers.values())) == 1 else {
        f"postgres-{database}": port for database, port in servers.items()}
    processes: dict[Any, Any] = {(name, 0): SimpleNamespace(command=SimpleNamespace(
        port=port or min(servers.values()))) for name, port in names.items()}
    processes |= {(name, replica): SimpleNamespace(command=SimpleNamespace(port=1))
                  for name in programs for replica in (0, 1)}
    processes["envoy", 0] = SimpleNamespace(command=SimpleNamespace(port=2))
    stack: Any = SimpleNamespace(
        processes=processes, database_urls={d: URL.format(port) for d, port in servers.items()},
        topology=SimpleNamespace(
            name="store", deployables=[SimpleNamespace(name=name) for name in programs]))
    deployment: Any = SimpleNamespace()
    return Site(deployment, stack, seed)


MONOLITH = a_site("monolith", servers={"monolith": 5001})
SERVICES = a_site("catalog", "payments", servers={"catalog": 5001, "payments": 5002})
COLOCATED = a_site("colocated", servers={"catalog": 5001, "payments": 5001})


def ends(site: Site, module: str, kind: str, **more: float) -> set[tuple[str, int]]:
    return set(ended_by(site, FaultKeys.model_validate({"module": module, "kind": kind, **more})))


@pytest.mark.parametrize("kind", ["crash", "poison"])
def test_a_defect_ends_replicas_of_the_program_that_runs_its_module(kind: str) -> None:
    assert ends(MONOLITH, "catalog", kind) == {("monolith", 0), ("monolith", 1)}
    assert ends(COLOCATED, "catalog", kind) == {("colocated", 0), ("colocated", 1)}
    assert ends(SERVICES, "catalog", kind) == {("catalog", 0), ("catalog", 1)}


def test_one_replica_is_killed_the_one_that_the_seed_chooses() -> None:
    assert ends(SERVICES, "catalog", "replica_kill") == {("catalog", 1)}
    assert ends(SERVICES, "cart", "replica_kill") == set(), "arming it will say what is wrong"


def test_a_database_that_is_down_is_the_server_of_the_module() -> None:
    assert ends(SERVICES, "payments", "database_down") == {("postgres-payments", 0)}
    assert ends(MONOLITH, "payments", "database_down") == {("postgres", 0)}
    assert ends(SERVICES, "database", "down") == {("postgres-catalog", 0),
                                                  ("postgres-payments", 0)}


def test_a_leak_may_end_whoever_shares_the_memory() -> None:
    assert ends(SERVICES, "catalog", "leak", leak_mb=8) == set(SERVICES.stack.processes)


@pytest.mark.parametrize(("module", "kind"), [
    ("bank", "slow"), ("bank", "error"), ("bank", "hang"), ("bank", "down"), ("catalog", "hang"),
    ("catalog", "error"), ("catalog", "pool"), ("catalog", "burn"), ("catalog", "database_lock"),
    ("catalog", "network_cut"), ("database", "network_drop"), ("bank", "network_delay"),
    ("catalog", "replica_freeze")])
def test_other_faults_end_nothing_of_the_store(module: str, kind: str) -> None:
    for site in (MONOLITH, SERVICES, COLOCATED):
        assert ends(site, module, kind, delay_ms=5, connections=1) == set()


def test_a_bank_that_had_ended_by_itself_is_not_killed_once_more() -> None:
    dead: Any = SimpleNamespace(bank=SimpleNamespace(process=SimpleNamespace(is_alive=False)))
    with pytest.raises(FaultError, match="had ended by itself"):
        BankDown(Site(dead, MONOLITH.stack, 1)).arm()
