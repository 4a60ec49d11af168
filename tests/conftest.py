"""One deployment for all tests that need running stores: the contract suite, security."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from lab.budget.group import available_cores, pin_new
from tests.contract.suite.seal import Seal
from tests.contract.suite.shop import Shop
from tests.contract.suite.targets import TARGETS, Floor, Target, open_floor

FAULTS: Final = Path(__file__).parent / "lab" / "faults"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Seal(tuple(TARGETS)), "contract-seal")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stores that stay up until the end come last: nobody else shares the machine with them."""
    items.sort(key=lambda item: ("floor" in getattr(item, "fixturenames", ()),
                                 item.path.is_relative_to(FAULTS)))


@pytest.fixture(scope="session")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    cores = available_cores()
    with open_floor(tmp_path_factory.mktemp("contract")) as deployment:
        pin_new(0, cores)  # it is open until the end: other tests start what they need anywhere
        yield Floor(deployment)


@pytest.fixture(scope="session", params=TARGETS)
def target(request: pytest.FixtureRequest, floor: Floor) -> Target:
    return floor.target(request.param)


@pytest.fixture
def shop(target: Target) -> Shop:
    return target.shop


@pytest.fixture(scope="session")
def everyone(floor: Floor) -> list[Target]:
    return floor.everyone()


@pytest.fixture
def token(floor: Floor) -> str:
    return floor.customer()


@pytest.fixture(scope="session")
def admin(floor: Floor) -> str:
    return floor.admin()
