"""The lease of a checkout is a key of the scenario, and the same for both stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import psutil
import pytest

import microservices.settings
import monolith.settings
from lab.deploy.deployment import Deployment
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import SERVICES, Deployable, Topology

LEASE = "TWINSTORE_LEASE_S"
TOPOLOGIES = (
    Topology("monolith", "monolith", (Deployable("monolith", 1, 4, 8),)),
    Topology("microservices", "microservices", tuple(
        Deployable(name, db_connections=2) for name in SERVICES)),
)


@pytest.fixture(scope="module")
def leases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str | None]]:
    """What each program of both stores was told, by its name."""
    with Deployment(tmp_path_factory.mktemp("run"), PlatformKeys(lease_s=1.25),
                    DataKeys(products=60, customers=10)) as made:
        yield {part: psutil.Process(process.pid).environ().get(LEASE)
               for topology in TOPOLOGIES
               for (part, _), process in made.start(topology).processes.items()}


def test_who_sells_is_told_the_lease_of_the_scenario_and_nobody_else(
        leases: dict[str, str | None]) -> None:
    assert {"monolith", "orders", "payments", "envoy"} <= set(leases)
    assert {part for part, told in leases.items() if told is not None} == {"monolith", "orders"}
    assert leases["monolith"] == leases["orders"] == "1.25"


@pytest.mark.parametrize("settings", [monolith.settings.Settings, microservices.settings.Settings])
def test_a_scenario_that_says_nothing_leaves_the_lease_as_it_is(settings: type) -> None:
    own = {field.name: field.default for field in fields(settings)}["lease_s"]
    assert own == PlatformKeys().lease_s
