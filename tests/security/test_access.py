"""Every cell of the access matrix, in every store, at the edge and at the application itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract import seed
from contract.access import (
    CALLERS,
    INTERNAL_AT_EDGE,
    INTERNAL_AT_SERVICE,
    Caller,
    Cell,
    access_codes,
    matrix,
    table,
)
from contract.endpoints import BY_NAME, DOMAINS, ENDPOINTS, Endpoint
from tests.contract.suite.shop import Answer, Ask, Shop, check_problem
from tests.contract.suite.targets import Floor, Target, new_product, place
from tests.contract.suite.test_twins import internal_operations
from tests.security.callers import Headers, headers_of_callers

DOCS = Path(__file__).parents[2] / "docs" / "security.md"
EUR = {"amount_minor": 1_000, "currency": "EUR"}
CELLS = [(name, caller, cell) for name, row in matrix().items() if name in BY_NAME
         for caller, cell in row.items()]
REFUSED = [cell for cell in CELLS if cell[2].code]
GRANTED = [cell for cell in CELLS if not cell[2].code]


def ids(value: object) -> str:
    return str(value)


@dataclass
class Scene:
    """One store with an owner who has a cart, an order and a payment."""

    target: Target
    admin: str
    owner: str
    product: int
    order: dict[str, Any]

    def doors(self, endpoint: Endpoint) -> list[Shop]:
        """The edge, and the application behind it."""
        parts = {"monolith": "monolith", "colocated": "colocated"}
        part = parts.get(self.target.name, endpoint.domain)
        port = self.target.stack.processes[part, 0].command.port
        return [self.target.shop, Shop(f"{self.target.name} app", f"http://127.0.0.1:{port}")]

    def prepare(self, endpoint: str) -> None:
        """Give the owner again what a granted request takes away."""
        if endpoint in ("remove_item", "place_order"):
            self.target.shop.get("put_item", path={"product_id": self.product},
                                 json={"quantity": 1}, token=self.owner)
        if endpoint == "cancel_order":
            self.order = place(self.target.shop, self.owner, {self.product: 1}).data

    def ask(self, endpoint: str, headers: Headers) -> Ask:
        """A request without fault, whoever sends it."""
        bodies: dict[str, Any] = {
            "register_account": {"email": f"{uuid.uuid4().hex}@b.example", "name": "New",
                                 "password": "long enough"},
            "sign_in": {"email": seed.ADMIN_EMAIL, "password": seed.SEED_PASSWORD},
            "create_product": {"name": "A", "category": "kitchen", "price": EUR, "stock": 1},
            "change_product": {"price": EUR},
            "put_item": {"quantity": 2},
            "place_order": {"card_token": "tok_approve"},
        }
        path = {"product_id": self.product, "order_id": self.order["id"],
                "payment_id": self.order["payment_id"]}
        return Ask(endpoint, path=path, json=bodies.get(endpoint), headers=headers,
                   query="q=lamp" if endpoint == "search_products" else "",
                   key=uuid.uuid4().hex if endpoint == "place_order" else None)


@pytest.fixture(scope="module")
def owner(floor: Floor) -> int:
    return floor.account()


@pytest.fixture(scope="module")
def callers(floor: Floor, owner: int) -> dict[Caller, Headers]:
    return headers_of_callers(floor, owner)


@pytest.fixture(scope="module")
def scenes(everyone: list[Target], floor: Floor, owner: int) -> list[Scene]:
    return [staged(target, floor.admin(), floor.token(owner)) for target in everyone]


def staged(target: Target, admin: str, owner: str) -> Scene:
    product = new_product(target.shop, admin, stock=1_000)
    order = place(target.shop, owner, {product: 1}).data
    scene = Scene(target, admin, owner, product, order)
    scene.prepare("remove_item")
    return scene


@pytest.fixture(scope="module")
def states_before(scenes: list[Scene]) -> list[dict[str, str]]:
    return [scene.target.settled_state() for scene in scenes]


@pytest.mark.parametrize(("endpoint", "caller", "cell"), REFUSED, ids=ids)
def test_who_may_not_is_refused_as_declared(
        endpoint: str, caller: Caller, cell: Cell, scenes: list[Scene],
        callers: dict[Caller, Headers], states_before: list[dict[str, str]]) -> None:
    said = set()
    for scene in scenes:
        for door in scene.doors(BY_NAME[endpoint]):
            answer = door.send(scene.ask(endpoint, callers[caller]))
            assert answer.outcome == (cell.status, cell.code), (door, answer)
            said.add(answer.data["detail"])
    assert len(said) == 1


def test_what_was_refused_changed_nothing(
        scenes: list[Scene], states_before: list[dict[str, str]]) -> None:
    assert [scene.target.settled_state() for scene in scenes] == states_before


@pytest.mark.parametrize(("endpoint", "caller", "cell"), GRANTED, ids=ids)
def test_who_may_is_let_in_and_sees_only_what_is_theirs(
        endpoint: str, caller: Caller, cell: Cell, scenes: list[Scene],
        callers: dict[Caller, Headers]) -> None:
    for scene in scenes:
        for door in scene.doors(BY_NAME[endpoint]):
            scene.prepare(endpoint)
            answer = door.send(scene.ask(endpoint, callers[caller]))
            assert answer.status == cell.status, (door, answer)
            if BY_NAME[endpoint].access == "customer" and caller != "owner":
                assert shows_nothing_of(answer, scene), (door, answer)


def shows_nothing_of(answer: Answer, scene: Scene) -> bool:
    """Say whether none of the owner's ids is in an answer."""
    return not any(scene.order[name].encode() in answer.body for name in ("id", "payment_id"))


@pytest.mark.parametrize("caller", CALLERS)
def test_internal_operations_do_not_exist_at_the_edge(
        caller: Caller, scenes: list[Scene], callers: dict[Caller, Headers]) -> None:
    cell = matrix()[INTERNAL_AT_EDGE][caller]
    for scene in scenes:
        for operation in internal_operations():
            answer = scene.target.shop.raw("POST", f"/internal/{operation}", b"{}",
                                           callers[caller] | JSON)
            assert answer.outcome == (cell.status, cell.code), (scene.target.name, answer)
            check_problem(answer)


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("caller", CALLERS)
def test_internal_operations_take_the_service_token_only(
        caller: Caller, scenes: list[Scene], callers: dict[Caller, Headers]) -> None:
    services = [scene for scene in scenes if scene.target.name == "microservices"]
    if not services:
        pytest.skip("needs the microservices")
    cell = matrix()[INTERNAL_AT_SERVICE][caller]
    asked = set()
    for (part, replica), process in services[0].target.stack.processes.items():
        if part not in DOMAINS or replica:
            continue
        service = Shop(part, f"http://127.0.0.1:{process.command.port}")
        for operation in internal_operations():
            answer = service.raw("POST", f"/internal/{operation}", b"{}", callers[caller] | JSON)
            if answer.code == "route_not_found":  # another service's
                continue
            assert answer.outcome == (cell.status, cell.code), (part, operation, answer)
            asked.add(operation)
    assert asked == set(internal_operations())


def test_the_matrix_has_a_cell_for_everybody_everywhere() -> None:
    whole = matrix()
    assert set(whole) == {e.name for e in ENDPOINTS} | {INTERNAL_AT_EDGE, INTERNAL_AT_SERVICE}
    assert all(set(row) == set(CALLERS) for row in whole.values())


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.name)
def test_a_refusal_is_declared_by_its_endpoint(endpoint: Endpoint) -> None:
    declared = {"", *endpoint.errors, *access_codes(endpoint)}
    assert {cell.code for cell in matrix()[endpoint.name].values()} <= declared


def test_the_documentation_shows_the_matrix() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert table() in text
    for caller, description in CALLERS.items():
        assert f"- **{caller}**: {description}" in text
