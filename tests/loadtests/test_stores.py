"""Every journey against both real stores: their answers are right, and say what they needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest
import urllib3

from contract.http import IDEMPOTENCY_HEADER, WORK_HEADER, read_work
from contract.load import Journey, LoadSpec, Workload
from contract.seed import DEFAULT_PRODUCTS
from contract.tokens import Principal, issue, load_private_key
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.topology import SERVICES, Deployable, Topology
from loadtests.asks import Memory
from loadtests.draw import Journeys
from loadtests.journeys import JOURNEYS
from loadtests.message import judge

TOPOLOGIES = {
    "monolith": Topology("monolith", "monolith", (Deployable("monolith", 1, 4, 4),)),
    "microservices": Topology("microservices", "microservices", tuple(
        Deployable(name, db_connections=2) for name in SERVICES)),
}
ROUNDS = 5
CUSTOMER = 20


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("run")) as made:
        yield made


@pytest.fixture(scope="module", params=TOPOLOGIES)
def stack(request: pytest.FixtureRequest, deployment: Deployment) -> Stack:
    return deployment.start(TOPOLOGIES[request.param])


@pytest.fixture
def headers(deployment: Deployment) -> dict[str, str]:
    token, _ = issue(Principal(CUSTOMER, "customer"), load_private_key(deployment.signing_key_pem))
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def drawer() -> Journeys:
    return Journeys(LoadSpec(
        trial=1, base_url="", workload=Workload(weights={"browse": 1.0}), rate_profile=[], seed=5,
        products=DEFAULT_PRODUCTS, tokens_file="", requests_path="", summary_path=""))


@pytest.mark.parametrize("name", get_args(Journey))
def test_every_step_of_a_journey_is_answered_rightly(
        stack: Stack, drawer: Journeys, headers: dict[str, str], name: Journey) -> None:
    http = urllib3.PoolManager(retries=False)
    for number in range(ROUNDS):
        draw, memory = drawer.draw(number, 1000 + number), Memory()
        for step in JOURNEYS[name]:
            ask = step.ask(draw, memory)
            sent = headers | ({"Content-Type": "application/json"} if ask.body else {})
            sent |= {IDEMPOTENCY_HEADER: f"{name}-{ask.key}"} if ask.key else {}
            answer = http.request(ask.method, stack.base_url + ask.target, headers=sent,
                                  body=ask.body or None, timeout=10)
            assert judge(ask, draw, memory, answer.status, answer.data) == "ok", answer.data
            work = read_work(answer.headers[WORK_HEADER])
            assert 1 <= work.statements <= work.rows + 5
            assert (work.calls > 0) <= (stack.topology.name == "microservices")
    http.clear()
