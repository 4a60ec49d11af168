"""Both stores in both postures while payments hang, and the books of the resilient ones."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest
import urllib3

from contract.errors import Problem
from contract.faults import Armed
from contract.posture import RAW, RESILIENT
from contract.seed import ADMIN_ID
from contract.tokens import Principal, issue, load_private_key
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import SERVICES, Deployable, Topology
from lab.verify import smoke
from tests.lab.deploy.test_variants import (
    Buyer,
    ask,
    kill_family,
    pending_payments,
    violations,
    wait_for_answer,
    wait_until,
)

THREADS = 12
TOPOLOGIES = {
    "monolith": Topology("monolith", "monolith", (Deployable("monolith", 1, THREADS, 12),)),
    "microservices": Topology("microservices", "microservices",
                              tuple(Deployable(name) for name in SERVICES)),
}
ITEM, PIECES, CROWD = 7, 10, 100
"""`Buyer` buys product 7."""
HANGING = 16
"""Checkouts at once: more than the monolith has threads."""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("run"),
                    PlatformKeys(restart=False), DataKeys(products=60, customers=110)) as made:
        yield made


@pytest.fixture(scope="module", params=["monolith", "microservices"])
def resilient(request: pytest.FixtureRequest, deployment: Deployment) -> Stack:
    return deployment.start(replace(TOPOLOGIES[request.param], posture="resilient"))


@pytest.fixture(scope="module")
def raw(deployment: Deployment) -> Stack:
    return deployment.start(TOPOLOGIES["monolith"])


def browse(stack: Stack) -> int:
    """Return the status; 0 when no answer came soon."""
    try:
        return urllib3.request("GET", f"{stack.base_url}/api/products/7", timeout=1.5,
                               retries=False).status
    except urllib3.exceptions.HTTPError:
        return 0


def check_out_with_hanging_payments(deployment: Deployment, stack: Stack,
                                    ) -> tuple[list[int], list[urllib3.BaseHTTPResponse],
                                               list[str]]:
    """Return what browsing gave meanwhile, and the answers; the fault is gone afterwards."""
    deployment.reset_bank()
    stack.restore()
    assert wait_until(lambda: ask(stack, "GET", "/readyz").status == 200)
    buyers = [Buyer(deployment, stack, number) for number in range(2, 2 + HANGING)]
    with ThreadPoolExecutor(HANGING) as pool:
        deployment.board.arm(Armed("payments", "hang"))
        try:
            answers = [pool.submit(buyer.check_out) for buyer in buyers]
            assert wait_until(lambda: pending_payments(stack) >= min(HANGING, THREADS)
                              or any(one.done() for one in answers))
            seen = [browse(stack) for _ in range(5)]
        finally:
            deployment.board.clear()
        came = [answer for one in answers if (answer := one.result()) is not None]
    placed = [answer.json()["id"] for answer in came if answer.status == 201]
    return seen, came, placed


def test_raw_hanging_payments_take_the_whole_monolith(deployment: Deployment,
                                                       raw: Stack) -> None:
    seen, _, placed = check_out_with_hanging_payments(deployment, raw)
    assert 200 not in seen
    assert wait_until(lambda: browse(raw) == 200)
    assert violations(deployment, raw, set(placed)) == {}


def test_resilient_hanging_payments_leave_browsing_alone(deployment: Deployment,
                                                         resilient: Stack) -> None:
    seen, came, placed = check_out_with_hanging_payments(deployment, resilient)
    assert set(seen) == {200}
    refused = [Problem.model_validate_json(one.data).code for one in came if one.status == 503]
    assert refused.count("bank_unavailable") >= HANGING - (RESILIENT.bank_calls or 0)
    assert violations(deployment, resilient, set(placed)) == {}


def test_the_contract_holds_in_the_resilient_posture(resilient: Stack) -> None:
    resilient.restore()
    assert smoke(resilient.base_url) == []


def test_a_checkout_broken_in_the_middle_is_paid_once_or_not_at_all(
        deployment: Deployment, resilient: Stack) -> None:
    """Who drives it dies while the bank is asked; sent again under its key, it has one answer."""
    resilient.restore()
    deployment.reset_bank()
    assert wait_until(lambda: ask(resilient, "GET", "/readyz").status == 200)
    part = "monolith" if resilient.topology.store == "monolith" else "orders"
    buyers = [Buyer(deployment, resilient, number, "tok_slow") for number in range(30, 34)]
    with ThreadPoolExecutor(len(buyers)) as pool:
        answers = pool.map(Buyer.check_out, buyers)
        assert wait_until(lambda: pending_payments(resilient) == len(buyers))
        kill_family(resilient.processes[part, 0].pid)
        list(answers)
    assert wait_until(lambda: not resilient.processes[part, 0].is_alive)
    resilient._supervisor.bring_up()  # the platform of this module restarts nobody by itself
    finals = [wait_for_answer(buyer) for buyer in buyers]
    placed = {answer.json()["id"] for answer in finals if answer.status == 201}
    assert violations(deployment, resilient, placed) == {}
    captured = [entry.key for entry in deployment.bank_ledger() if entry.kind == "capture"]
    assert len(captured) == len(set(captured)) <= len(buyers)


@pytest.mark.parametrize("seed", range(3))
def test_a_crowd_on_one_item_is_served_or_refused_cleanly_and_nothing_is_oversold(
        deployment: Deployment, resilient: Stack, seed: int) -> None:
    """Shedding and bulkhead may refuse whom the raw posture would serve; pieces add up all the
    same, and who comes later gets what is left."""
    resilient.restore()
    deployment.reset_bank()
    assert wait_until(lambda: ask(resilient, "GET", "/readyz").status == 200)
    set_stock(deployment, resilient, ITEM, PIECES)
    with ThreadPoolExecutor(8) as pool:
        crowd = list(pool.map(lambda number: Buyer(deployment, resilient, number, quantity=1),
                              random.Random(seed).sample(range(2, 2 + CROWD), CROWD)))
    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(Buyer.check_out, crowd))
    assert {outcome(answer) for answer in answers} <= {
        (201, ""), (409, "out_of_stock"), (503, "bank_unavailable"),
        (503, "upstream_unavailable"), (503, "dependency_unavailable"),
        (503, "database_unavailable")}
    placed = ids_of(answers)
    assert len(placed) <= PIECES
    assert violations(deployment, resilient, placed) == {}  # at rest: what was undone is back
    for _ in range(5):  # one at a time: nobody is shed; a silent part may cost one its turn
        for late in crowd:
            late.key = uuid.uuid4().hex
            placed |= ids_of([late.check_out()])
        assert violations(deployment, resilient, placed) == {}
        if stock_of(resilient, ITEM) == 0:
            break
    assert stock_of(resilient, ITEM) == 0  # an order may stand of which its buyer heard nothing
    assert 0 < len(placed) <= PIECES
    assert violations(deployment, resilient, placed) == {}
    assert ask(resilient, "GET", f"/api/products/{ITEM}").json()["stock"] == 0


def ids_of(answers: list[urllib3.BaseHTTPResponse | None]) -> set[str]:
    """The orders that were acknowledged."""
    return {answer.json()["id"] for answer in answers if answer and answer.status == 201}


def outcome(answer: urllib3.BaseHTTPResponse | None) -> tuple[int, str]:
    """Status and problem code; (0, "") without an answer."""
    return (answer.status, str(answer.json().get("code", ""))) if answer else (0, "")


def stock_of(stack: Stack, product: int) -> int:
    return int(ask(stack, "GET", f"/api/products/{product}").json()["stock"])


def set_stock(deployment: Deployment, stack: Stack, product: int, stock: int) -> None:
    key = load_private_key(deployment.signing_key_pem)
    token, _ = issue(Principal(ADMIN_ID, "admin"), key)
    changed = ask(stack, "PATCH", f"/api/products/{product}", {"stock": stock},
                  Authorization=f"Bearer {token}")
    assert changed.status == 200, changed.data


def test_a_part_that_died_for_good_is_back_for_the_next_trial(resilient: Stack) -> None:
    part = "monolith" if resilient.topology.store == "monolith" else "catalog"
    kill_family(resilient.processes[part, 0].pid)
    assert wait_until(lambda: not resilient.processes[part, 0].is_alive)
    resilient.restore()
    assert wait_until(lambda: browse(resilient) == 200)


def test_a_stack_says_its_posture_in_numbers(resilient: Stack, raw: Stack) -> None:
    assert resilient.describe()["posture"] == asdict(RESILIENT)
    assert raw.describe()["posture"] == asdict(RAW)
