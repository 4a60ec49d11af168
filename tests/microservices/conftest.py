"""All services in one process on a real PostgreSQL, and a bank at the other end of a socket."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import psycopg
import pytest
from fastapi import FastAPI

from contract import seed
from contract.endpoints import DOMAINS
from contract.http import IDEMPOTENCY_HEADER
from contract.tokens import Principal, issue, load_private_key, load_public_key, new_key_pair
from lab.audit.books import Acknowledged, Books, read_books
from lab.audit.invariants import check_all, is_settled
from microservices.colocated import InProcess, _owner, call, create_app
from microservices.orders.checkout import Leases
from microservices.orders.operations import resume_checkouts
from microservices.payments.bank import Bank
from microservices.payments.operations import resume_payments
from microservices.peers import Answer
from microservices.search.feed import follow_catalog
from microservices.seed import METADATA, load
from microservices.service import Service
from microservices.settings import Settings
from tests.neighbours import SimulatedBank, postgres, simulated_bank

PRODUCTS, CUSTOMERS = 40, 60
NEVER_S = 3600.0
T = TypeVar("T")


class Crash(BaseException):
    """The process of orders ends here: nothing in the code may catch it."""


class Wire:
    """The transport between the services of a test; can be cut, or crash its caller."""

    Crash = Crash

    def __init__(self) -> None:
        self.inner = InProcess()
        self.silent: set[str] = set()
        self.lost_answers: set[str] = set()
        self.crash_before: str | None = None
        self.crash_after: str | None = None
        self.said: list[str] = []

    async def send(self, service: str, method: str, path: str, headers: dict[str, str],
                   body: bytes) -> Answer:
        operation = path.rsplit("/", 1)[-1]
        self.said.append(operation)
        if operation == self.crash_before:
            raise Crash(operation)
        if {service, operation} & self.silent:
            raise ConnectionRefusedError(service)
        answer = await self.inner.send(service, method, path, headers, body)
        if operation == self.crash_after:
            raise Crash(operation)
        if operation in self.lost_answers:
            raise TimeoutError(operation)
        return answer

    def heal(self) -> None:
        self.silent, self.lost_answers = set(), set()
        self.crash_before = self.crash_after = None

    async def close(self) -> None:
        """Nothing to let go."""


@dataclass
class Shop:
    """All services, and what tests look at besides their answers."""

    apps: Mapping[str, FastAPI]
    wire: Wire
    bank: SimulatedBank
    urls: Mapping[str, str]
    runner: asyncio.Runner
    settings: Mapping[str, Settings]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def service(self, name: str) -> Service:
        return cast(Service, self.apps[name].state.service)

    def headers(self, account: int | None = None, key: str | None = None,
                **more: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json", **more}
        if account is not None:
            signing_key = self.settings["accounts"].signing_key
            assert signing_key is not None
            role = "admin" if account == seed.ADMIN_ID else "customer"
            token, _ = issue(Principal(account, cast(Any, role)), signing_key)
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers[IDEMPOTENCY_HEADER] = key
        return headers

    async def asking(self, method: str, target: str, account: int | None = None,
                     body: Any = None, key: str | None = None, **headers: str) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        app = self.apps[_owner(target.partition("?")[0])]
        return await call(app, method, target, self.headers(account, key, **headers), data)

    def ask(self, *args: Any, **given: Any) -> Answer:
        return self.run(self.asking(*args, **given))

    def put(self, account: int, product: int, quantity: int = 1) -> None:
        answer = self.ask("PUT", f"/api/cart/items/{product}", account, {"quantity": quantity})
        assert answer.status == 200, answer.body

    def order(self, account: int, card: str = "tok_approve", key: str | None = None) -> Answer:
        return self.ask("POST", "/api/orders", account, {"card_token": card},
                        key=key or uuid.uuid4().hex)

    def cart(self, account: int) -> list[tuple[int, int]]:
        items = json.loads(self.ask("GET", "/api/cart", account).body)["items"]
        return [(item["product_id"], item["quantity"]) for item in items]

    def rows(self, service: str, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.urls[service], autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def stock(self, product: int) -> tuple[Any, ...]:
        """(on hand, reserved, sold)"""
        return self.rows("catalog", "SELECT on_hand, reserved, sold FROM products "
                                    f"WHERE id = {product}")[0]

    def set_stock(self, product: int, stock: int) -> None:
        answer = self.ask("PATCH", f"/api/products/{product}", seed.ADMIN_ID, {"stock": stock})
        assert answer.status == 200, answer.body

    @property
    def leases(self) -> Leases:
        return cast(Leases, self.apps["orders"].state.leases)

    def resume(self, lease_s: float = 0) -> int:
        """Let the background workers of orders, then of payments, go round once."""
        orders, payments = self.service("orders"), self.service("payments")
        leases = replace(self.leases, lease_s=lease_s)
        bank = cast(Bank, self.apps["payments"].state.bank)
        return (self.run(resume_checkouts(orders.database, orders.peers, leases))
                + self.run(resume_payments(payments.database, bank)))

    def follow(self) -> int:
        search = self.service("search")
        return self.run(follow_catalog(search.database, search.peers))

    def books(self, acknowledged: set[str] | None = None) -> Books:
        return read_books(dict(self.urls), self.bank.entries_of_the_store(), {},
                          Acknowledged(frozenset(acknowledged or ())))

    def is_settled(self) -> bool:
        return is_settled(self.books())

    def assert_consistent(self, acknowledged: set[str] | None = None) -> None:
        books = self.books(acknowledged)
        wrong = [finding for finding in check_all(books) if finding.violations]
        assert not wrong
        assert is_settled(books)


@pytest.fixture(scope="session")
def database_urls() -> Iterator[dict[str, str]]:
    with postgres() as url_of:
        with psycopg.connect(url_of(), autocommit=True) as connection:
            for service in METADATA:
                connection.execute(f"CREATE DATABASE {service}")
        yield {service: url_of(service) for service in METADATA}


@pytest.fixture(scope="session")
def bank() -> Iterator[SimulatedBank]:
    with simulated_bank() as running:
        yield running


@pytest.fixture(scope="session")
def settings(database_urls: dict[str, str], bank: SimulatedBank) -> dict[str, Settings]:
    keys = new_key_pair()
    return {
        service: Settings(
            service=service, verifying_key=load_public_key(keys.public_pem),
            signing_key=load_private_key(keys.private_pem), service_token="s3cret",
            database_url=database_urls.get(service, "").replace("postgresql:",
                                                                "postgresql+psycopg:"),
            bank_url=bank.url, bank_deadline_s=1.5, lease_s=0, resume_every_s=NEVER_S)
        for service in DOMAINS
    }


@pytest.fixture
def open_shop(settings: dict[str, Settings], bank: SimulatedBank,
              database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Open a shop on fresh data.  Background work rests; tests call it."""
    monkeypatch.setattr("microservices.search.app.FOLLOW_EVERY_S", NEVER_S)
    runner, stack = asyncio.Runner(), AsyncExitStack()

    def open_one(**changes: Any) -> Shop:
        given = {name: replace(value, **changes) for name, value in settings.items()}
        load({name: url.replace("postgresql:", "postgresql+psycopg:")
              for name, url in database_urls.items()}, seed.generate(7, PRODUCTS, CUSTOMERS))
        bank.reset()
        wire = Wire()
        monkeypatch.setattr("microservices.colocated.InProcess", lambda: wire)
        wire.apps = wire.inner.apps  # type: ignore[attr-defined]
        store = create_app(given)
        monkeypatch.undo()
        monkeypatch.setattr("microservices.search.app.FOLLOW_EVERY_S", NEVER_S)
        for app in store.apps.values():
            runner.run(stack.enter_async_context(app.router.lifespan_context(app)))
        return Shop(store.apps, wire, bank, database_urls, runner, given)

    yield open_one
    runner.run(stack.aclose())
    runner.close()


@pytest.fixture
def shop(open_shop: Any) -> Shop:
    return cast(Shop, open_shop())
