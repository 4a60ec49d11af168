"""A monolith on a real PostgreSQL, and a bank at the other end of a real socket."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine
from werkzeug.test import TestResponse

from contract import seed
from contract.http import IDEMPOTENCY_HEADER
from contract.tokens import Principal, issue, load_private_key, load_public_key, new_key_pair
from monolith.app import create_app
from monolith.seed import load
from monolith.settings import Settings
from monolith.store import Store
from tests.neighbours import SimulatedBank, postgres, simulated_bank

PRODUCTS, CUSTOMERS = 40, 60
NEVER_S = 3600.0


@dataclass
class Shop:
    """One application, and what tests look at besides its answers."""

    app: Flask
    bank: SimulatedBank
    url: str

    @property
    def store(self) -> Store:
        store = self.app.extensions["twinstore"]
        assert isinstance(store, Store)
        return store

    def ask(self, method: str, path: str, account: int | None = None,
            body: dict[str, Any] | None = None, key: str | None = None,
            **given: Any) -> TestResponse:
        headers = dict(given.pop("headers", {}))
        if account is not None:
            role = "admin" if account == seed.ADMIN_ID else "customer"
            token, _ = issue(Principal(account, role), self.store.settings.signing_key)
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers[IDEMPOTENCY_HEADER] = key
        return self.app.test_client().open(path, method=method, json=body, headers=headers,
                                           **given)

    def put(self, account: int, product: int, quantity: int = 1) -> None:
        answer = self.ask("PUT", f"/api/cart/items/{product}", account, {"quantity": quantity})
        assert answer.status_code == 200, answer.data

    def order(self, account: int, card: str = "tok_approve",
              key: str | None = None) -> TestResponse:
        return self.ask("POST", "/api/orders", account, {"card_token": card},
                        key=key or uuid.uuid4().hex)

    def rows(self, sql: str, **given: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql, given).fetchall()

    def stock(self, product: int) -> tuple[Any, ...]:
        """(on hand, reserved, sold)"""
        return self.rows("SELECT on_hand, reserved, sold FROM products WHERE id = %(id)s",
                         id=product)[0]

    def set_stock(self, product: int, stock: int) -> None:
        answer = self.ask("PATCH", f"/api/products/{product}", seed.ADMIN_ID, {"stock": stock})
        assert answer.status_code == 200, answer.data


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    with postgres() as url_of:
        yield url_of()


@pytest.fixture(scope="session")
def bank() -> Iterator[SimulatedBank]:
    with simulated_bank() as running:
        yield running


@pytest.fixture(scope="session")
def settings(database_url: str, bank: SimulatedBank) -> Settings:
    keys = new_key_pair()
    return Settings(
        database_url=database_url.replace("postgresql://", "postgresql+psycopg://"),
        database_pool=8, bank_url=bank.url, bank_deadline_s=5, resume_every_s=NEVER_S,
        signing_key=load_private_key(keys.private_pem),
        verifying_key=load_public_key(keys.public_pem))


@pytest.fixture
def open_shop(settings: Settings, bank: SimulatedBank, database_url: str) -> Iterator[Any]:
    """Open a shop on fresh data; further calls open other processes on the same data."""
    opened: list[Shop] = []

    def open_one(**changes: Any) -> Shop:
        shop = Shop(create_app(replace(settings, **changes)), bank, database_url)
        if not opened:
            engine = create_engine(settings.database_url)
            load(engine, seed.generate(7, PRODUCTS, CUSTOMERS))
            engine.dispose()
            bank.reset()
        opened.append(shop)
        return shop

    yield open_one
    for shop in opened:
        shop.app.extensions["resumer"].stop()
        shop.store.database.dispose()


@pytest.fixture
def shop(open_shop: Any) -> Shop:
    opened = open_shop()
    assert isinstance(opened, Shop)
    return opened


def code(answer: TestResponse) -> str:
    """The code of a problem document."""
    return str(json.loads(answer.data)["code"])
