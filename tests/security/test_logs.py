"""What clients entrust to a store is in none of its logs, however its requests end."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from contract.faults import Armed
from contract.http import IDEMPOTENCY_HEADER, SERVICE_TOKEN_HEADER
from tests.contract.suite.shop import Answer
from tests.contract.suite.targets import Floor, Target, closed_database, eventually

JSON = {"Content-Type": "application/json"}


class Secrets:
    """Values that are recognised wherever they turn up."""

    def __init__(self) -> None:
        mark = uuid.uuid4().hex
        self.password = f"password-{mark}"
        self.wrong_password = f"wrong-{mark}"
        self.card = f"tok_{mark}"
        self.key = f"key-{mark}"
        self.email = f"{mark}@b.example"
        self.name = f"Name {mark}"
        self.tokens: list[str] = []

    def all(self) -> list[str]:
        return [self.password, self.wrong_password, self.card, self.key, self.email, self.name,
                *self.tokens]


@contextlib.contextmanager
def altered(target: Target, domain: str, change: str, undo: str) -> Iterator[None]:
    """A domain's tables are not what its code expects, while the block runs."""
    urls = target.stack.database_urls
    with psycopg.connect(urls.get(domain) or urls["monolith"], autocommit=True,
                         connect_timeout=5) as connection:
        connection.execute(change)
        try:
            yield
        finally:
            connection.execute(undo)


def refusing(target: Target, domain: str, table: str) -> contextlib.AbstractContextManager[None]:
    """A table takes no row: PostgreSQL's message has the whole row that it refused."""
    return altered(target, domain, f"ALTER TABLE {table} ADD CONSTRAINT no_row CHECK "
                   "(false) NOT VALID", f"ALTER TABLE {table} DROP CONSTRAINT no_row")


def without(target: Target, domain: str, table: str) -> contextlib.AbstractContextManager[None]:
    return altered(target, domain, f"ALTER TABLE {table} RENAME TO hidden",
                   f"ALTER TABLE hidden RENAME TO {table}")


class Visitor:
    """Somebody who entrusts secrets to one store, in every way in which it can fail."""

    def __init__(self, target: Target, secrets: Secrets, floor: Floor) -> None:
        self.target, self.secrets, self.floor = target, secrets, floor
        self.account = {"email": secrets.email, "name": secrets.name,
                        "password": secrets.password}
        self.credentials = {"email": secrets.email, "password": secrets.password}
        self.token = ""

    def visit(self) -> None:
        self.arrive()
        self.shop()
        self.err()
        self.meet_defects()

    def arrive(self) -> None:
        shop, wrong = self.target.shop, self.secrets.wrong_password
        shop.get("register_account", json=self.account)
        assert shop.call("register_account", json=self.account).code == "email_taken"
        self.token = shop.get("sign_in", json=self.credentials)["token"]
        self.secrets.tokens.append(self.token)
        refused = shop.call("sign_in", json=self.credentials | {"password": wrong})
        assert refused.code == "credentials_wrong"

    def shop(self) -> None:
        shop = self.target.shop
        self.fill()
        assert self.pay(self.secrets.card, self.secrets.key).code == "card_declined"
        assert self.pay("tok_error", uuid.uuid4().hex).code == "bank_unavailable"
        self.fill()
        assert self.pay("tok_approve", self.secrets.key + "-paid").status == 201
        shop.get("list_orders", token=self.token)

    def err(self) -> None:
        """Secrets in places where they are refused."""
        shop, secrets = self.target.shop, self.secrets
        broken = f'{{"password": "{secrets.password}", "card_token": "{secrets.card}'.encode()
        for path in ("/api/accounts", "/api/sessions"):
            assert shop.raw("POST", path, broken, JSON).code == "malformed_json"
            wrong = f'{{"password": ["{secrets.password}"], "{secrets.card}": 1}}'.encode()
            assert shop.raw("POST", path, wrong, JSON).code == "validation_failed"
        for header in (f"Bearer {self.token}x", f"Bearer {secrets.password}",
                       f"Basic {secrets.password}", f"Bearer {self.token} " + "x" * 70_000):
            answer = shop.raw("GET", "/api/cart", headers={"Authorization": header})
            assert answer.status in (401, 431)
        shop.raw("GET", f"/api/search?q={secrets.password}&token={self.token}")
        shop.raw("GET", f"/nowhere/{self.token}?key={secrets.key}")
        shop.raw("POST", "/api/orders", b"{" * 9, JSON | {
            IDEMPOTENCY_HEADER: secrets.key, "Authorization": f"Bearer {self.token}"})
        shop.raw("GET", "/livez", headers={
            SERVICE_TOKEN_HEADER: self.floor.deployment.service_token})

    def meet_defects(self) -> None:
        target = self.target
        newcomer = self.account | {"email": f"new-{self.secrets.email}"}
        for broken in (refusing, without):
            with broken(target, "accounts", "accounts"):
                assert self.ask("/api/accounts", newcomer).status == 500
            self.fill()
            with broken(target, "orders", "checkouts"):
                answer = self.pay(self.secrets.card, self.secrets.key + broken.__name__)
                assert answer.status == 500
        database = "accounts" if "accounts" in target.stack.database_urls else "monolith"
        with closed_database(target.stack.database_urls[database], database):
            assert self.ask("/api/sessions", self.credentials).status == 503
        eventually(self.every_replica_answers)
        for module in ("orders", "payments"):
            self.fill()
            self.floor.deployment.board.arm(Armed(module, "error"))
            try:
                answer = self.pay(self.secrets.card, self.secrets.key + module)
                assert answer.status in (500, 503)
            finally:
                self.floor.deployment.board.clear()

    def every_replica_answers(self) -> bool:
        """A replica learns that its connections are dead when it uses one: at its first answer."""
        return all(self.put().status == 200 for _ in range(16))

    def put(self) -> Answer:
        return self.target.shop.raw("PUT", "/api/cart/items/9", b'{"quantity":1}', JSON | {
            "Authorization": f"Bearer {self.token}"})

    def fill(self) -> None:
        answer = self.put()
        assert answer.status == 200, answer

    def pay(self, card: str, key: str) -> Answer:
        return self.ask("/api/orders", {"card_token": card}, {
            "Authorization": f"Bearer {self.token}", IDEMPOTENCY_HEADER: key})

    def ask(self, path: str, data: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        import json

        return self.target.shop.raw("POST", path, json.dumps(data).encode(),
                                    JSON | (headers or {}))


@pytest.fixture(scope="module")
def visited(everyone: list[Target], floor: Floor) -> Secrets:
    secrets = Secrets()
    for target in everyone:
        Visitor(target, secrets, floor).visit()
    return secrets


def log_files(floor: Floor) -> list[Path]:
    deployment = floor.deployment
    return [*sorted(p for p in deployment.logs.rglob("*") if p.is_file()), deployment.fired_path]


def found_in(text: str, secrets: list[str]) -> list[str]:
    """Return the lines that have a secret in them."""
    return [line[:400] for line in text.splitlines() if any(s in line for s in secrets)]


def test_what_clients_entrust_is_in_no_log(visited: Secrets, floor: Floor) -> None:
    leaks = {path.name: found_in(path.read_text("utf-8", "replace"), visited.all())
             for path in log_files(floor)}
    assert {name: lines for name, lines in leaks.items() if lines} == {}


def test_the_run_s_own_secrets_are_in_no_log(visited: Secrets, floor: Floor) -> None:
    own = secrets_of(floor)
    leaks = {path.name: found_in(path.read_text("utf-8", "replace"), own)
             for path in log_files(floor)}
    assert {name: lines for name, lines in leaks.items() if lines} == {}


def test_no_process_shows_a_secret_on_its_command_line(visited: Secrets, floor: Floor) -> None:
    own = secrets_of(floor)
    shown = []
    for target in floor.everyone():
        for process in target.stack.processes.values():
            words = " ".join(psutil.Process(process.pid).cmdline())
            shown += found_in(words, own)
    assert shown == []


def secrets_of(floor: Floor) -> list[str]:
    """The signing key's lines, the service token, every database password."""
    deployment = floor.deployment
    pem = [line for line in deployment.signing_key_pem.splitlines() if not line.startswith("-")]
    urls = [value for target in floor.everyone() for process in target.stack.processes.values()
            for name, value in process.command.environ.items() if name.endswith("DATABASE_URL")]
    urls += [url for target in floor.everyone() for url in target.stack.database_urls.values()]
    passwords = {url.split("@")[0].rsplit(":", 1)[1] for url in urls}
    assert len(passwords) > len(floor.everyone())
    return [*pem, deployment.service_token, *passwords]


def test_the_logs_that_were_read_tell_of_the_failures(visited: Secrets, floor: Floor) -> None:
    """Logs without secrets because they are without anything would show nothing."""
    text = "\n".join(path.read_text("utf-8", "replace") for path in log_files(floor))
    for told in ("CheckViolation", "UndefinedTable", "InjectedError", "no_row",
                 'relation "checkouts" does not exist'):
        assert told in text, told
    for target in floor.everyone():
        names = {path.name for path in (floor.deployment.logs / target.name).iterdir()}
        assert {"postgres-0.log", "envoy-0.log"} <= names
