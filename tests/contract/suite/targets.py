"""The three targets: both stores and the control, side by side, started once for all tests."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from contract.bank import LedgerEntry
from contract.seed import ADMIN_ID, DEFAULT_CUSTOMERS
from contract.tokens import Principal, issue, load_private_key
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.topology import SERVICES, Deployable, Topology
from tests.contract.suite.shop import Answer, Ask, Shop

TARGETS = tuple(os.environ.get("TWINSTORE_TEST_TARGETS",
                               "monolith,colocated,microservices").split(","))
"""Fewer while working on one store."""

TOPOLOGIES = {
    # Two replicas where state kept in a process by mistake would show.
    "monolith": Topology("monolith", "monolith", (
        Deployable("monolith", replicas=2, threads=8, db_connections=8),)),
    "colocated": Topology("colocated", "microservices", (
        Deployable("colocated", db_connections=4),), colocated=True),
    "microservices": Topology("microservices", "microservices", tuple(
        Deployable(name, replicas=2 if name in ("catalog", "orders") else 1, db_connections=4)
        for name in SERVICES)),
}
PATIENCE_S = 20.0

_BACKGROUND = {"outbox", "feed"}
"""Tables that move by themselves: how far the search index has followed."""


@dataclass
class Target:
    """One store, running."""

    name: str
    stack: Stack
    shop: Shop

    def query(self, domain: str, statement: str) -> list[tuple[Any, ...]]:
        """Ask a domain's database, as its superuser."""
        urls = self.stack.database_urls
        url = urls.get(domain) or urls["monolith"]
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(statement).fetchall()

    def has_checkout(self, key: str) -> bool:
        """Say whether somebody has begun a checkout under an Idempotency-Key."""
        return bool(self.query("orders", (
            f"SELECT 1 FROM checkouts WHERE idempotency_key = '{key}'")))

    def kill(self, part: str) -> None:
        """Kill every process of a part, as a crash of the machine would; it is restarted."""
        for (name, _), process in list(self.stack.processes.items()):
            if name == part:
                family = psutil.Process(process.pid)
                for member in [*family.children(recursive=True), family]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        member.kill()

    def state(self) -> dict[str, str]:
        """Hash every table of every database."""
        return {f"{name}.{table}": digest
                for name, url in self.stack.database_urls.items()
                for table, digest in _digests(url)}

    def has_followed(self) -> bool:
        """Say whether the search index knows all that the catalog changed."""
        if "search" not in self.stack.database_urls:
            return True
        position = "SELECT transaction, number FROM {} ORDER BY 1 DESC, 2 DESC LIMIT 1"
        changed = self.query("catalog", position.format("outbox"))
        return not changed or self.query("search", position.format("feed")) >= changed

    def settled_state(self) -> dict[str, str]:
        """Hash everything once nothing moves any more and the search index has followed."""
        seen: list[dict[str, str]] = [self.state()]

        def is_settled() -> dict[str, str] | None:
            followed = self.has_followed()
            seen.append(self.state())
            return seen[-1] if followed and seen[-1] == seen[-2] else None

        found: dict[str, str] = eventually(is_settled)
        return found


@dataclass
class Floor:
    """The shop floor: whatever the tests share."""

    deployment: Deployment
    targets: dict[str, Target] = field(default_factory=dict)
    _customers: Iterator[int] = field(
        default_factory=lambda: iter(range(ADMIN_ID + 1, ADMIN_ID + 1 + DEFAULT_CUSTOMERS)))
    _names: Iterator[int] = field(default_factory=itertools.count)

    def target(self, name: str) -> Target:
        """Return a target, started at its first use."""
        if name not in self.targets:
            stack = self.deployment.start(TOPOLOGIES[name])
            self.targets[name] = Target(name, stack, Shop(name, stack.base_url))
        return self.targets[name]

    def everyone(self) -> list[Target]:
        """Return all targets."""
        return [self.target(name) for name in TARGETS]

    def token(self, account_id: int, role: Any = "customer", *, age_s: float = 0) -> str:
        """Sign a token as accounts would."""
        key = load_private_key(self.deployment.signing_key_pem)
        return issue(Principal(account_id, role), key, time.time() - age_s)[0]

    def account(self) -> int:
        """Return a seed customer whom no other test uses: their cart is empty."""
        return next(self._customers)

    def customer(self) -> str:
        """Return the token of such a customer."""
        return self.token(self.account())

    def admin(self) -> str:
        return self.token(ADMIN_ID, "admin")

    def ledger(self) -> list[LedgerEntry]:
        return self.deployment.bank_ledger()

    def movements(self, order_id: str) -> list[str]:
        """What the bank did for an order, in order."""
        return [entry.kind for entry in self.ledger() if entry.key == order_id]

    @contextlib.contextmanager
    def silent_bank(self) -> Iterator[None]:
        """The bank takes requests and never answers, while the block runs."""
        bank = self.deployment._bank
        assert bank is not None
        process = psutil.Process(bank.pid)
        family = [process, *process.children(recursive=True)]
        for member in family:
            member.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for member in family:
                member.send_signal(signal.SIGCONT)


def open_floor(folder: Path) -> contextlib.AbstractContextManager[Deployment]:
    """Start what all targets share; they may use the whole machine."""
    return Deployment(folder, cpus=None)


@contextlib.contextmanager
def closed_database(url: str, name: str) -> Iterator[None]:
    """Nobody gets into a database while the block runs; who is inside is thrown out."""
    maintenance = url.rsplit("/", 1)[0] + "/postgres"
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(maintenance, autocommit=True, connect_timeout=5) as connection:
        connection.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        try:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE datname = %s", (name,))
            yield
        finally:
            connection.execute(allow.format(sql.Identifier(name), sql.Literal(True)))


def place(shop: Shop, token: str, lines: dict[int, int], card: str = "tok_approve",
          key: str | None = None) -> Answer:
    """Fill a cart and check it out."""
    for product_id, quantity in lines.items():
        shop.get("put_item", path={"product_id": product_id}, json={"quantity": quantity},
                 token=token)
    return shop.call("place_order", json={"card_token": card}, token=token,
                     key=key or str(uuid.uuid4()))


def new_product(shop: Shop, admin: str, stock: int, price_minor: int = 1_000,
                name: str = "Test Piece") -> int:
    """Create a product for one test alone."""
    made = shop.get("create_product", token=admin, json={
        "name": name, "category": "kitchen", "stock": stock,
        "price": {"amount_minor": price_minor, "currency": "EUR"}})
    return int(made["id"])


def eventually(look: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
    """Look until it is true; return what was seen, or fail."""
    patience = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < patience, "it did not happen in time"
        time.sleep(0.05)
    return seen


def ask_all(targets: list[Target], ask: Ask) -> list[Answer]:
    """Ask every target the same."""
    return [target.shop.send(ask) for target in targets]


def _digests(url: str) -> Iterator[tuple[str, str]]:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        tables = [str(row[0]) for row in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
        for table in tables:
            if table in _BACKGROUND:
                continue
            row = connection.execute(sql.SQL(
                "SELECT coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '') "
                "FROM {} t").format(sql.Identifier(table))).fetchone()
            assert row is not None
            yield table, str(row[0])
