"""Who holds database connections: both stores, their own servers' word for it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import urllib3

from lab.connections import by_part, read_connections
from lab.deploy.deployment import Deployment
from lab.deploy.ports import HOST
from lab.deploy.stack import Stack
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import DATABASES, SERVICES, Deployable, Topology

MONOLITH = Topology("monolith", "monolith", (Deployable("monolith", 1, 6, 2),))
MICROSERVICES = Topology("microservices", "microservices", tuple(
    Deployable(name, 2 if name == "catalog" else 1, db_connections=3) for name in SERVICES))


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("run"), PlatformKeys(restart_delay_s=0.2),
                    DataKeys(products=60, customers=10)) as made:
        yield made


def clients_of(stack: Stack) -> int:
    """Everybody who is connected to one of the store's databases, but for this one."""
    with psycopg.connect(next(iter(stack.database_urls.values()))) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = ANY(%s) "
            "AND pid <> pg_backend_pid()", [list(stack.database_urls)]).fetchone()
    assert row
    return int(row[0])


def test_connections_are_the_programs_own_and_add_up_to_the_whole(deployment: Deployment) -> None:
    """The lab's own are not counted; every service's are, its replicas' together."""
    monolith, services = deployment.start(MONOLITH), deployment.start(MICROSERVICES)
    port = monolith.processes["monolith", 0].command.port
    for _ in range(8):
        urllib3.request("GET", f"http://{HOST}:{port}/api/products/7", timeout=5)
    for stack in (monolith, services):
        held = read_connections(stack)
        assert sum(held.values()) == clients_of(stack)
        assert set(held) == set(DATABASES[stack.topology.store])
        with psycopg.connect(next(iter(stack.database_urls.values()))):
            assert read_connections(stack) == held, "a superuser is nobody's program"
        for program in stack.topology.deployables:
            assert held.get(program.name, 0) <= program.replicas * program.db_connections
    assert held["catalog"] >= 2, "each replica asked its database whether it is ready"


def test_services_in_one_process_hold_what_all_their_roles_hold() -> None:
    roles = {"accounts": 1, "catalog": 4, "orders": 0}
    assert by_part(roles, ["colocated"]) == {"colocated": 5}
    assert by_part(roles, SERVICES) == roles
    assert by_part({"monolith": 7}, ["monolith"]) == {"monolith": 7}
    assert by_part({}, ["colocated"]) == {}
