"""One deployment for all tests that need running stores: the contract suite, security."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.suite.seal import Seal
from tests.contract.suite.shop import Shop
from tests.contract.suite.targets import TARGETS, Floor, Target, open_floor


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Seal(tuple(TARGETS)), "contract-seal")


@pytest.fixture(scope="session")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    with open_floor(tmp_path_factory.mktemp("contract")) as deployment:
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
