"""A random sequence of operations, done to all targets in lock step: what one answers, all
answer, and in the end they hold the same.

`TWINSTORE_TEST_DEPTH=deep` walks longer, with other seeds each time, and shrinks what it finds.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.contract.suite.final_state import check_books, final_state, settle
from tests.contract.suite.normal import Normalizer
from tests.contract.suite.shop import Answer, Ask
from tests.contract.suite.targets import Floor, Target
from tests.contract.suite.test_bad_input import CASES

DEEP = os.environ.get("TWINSTORE_TEST_DEPTH") == "deep"
SEEN_WITHIN_S = 2.0
NOBODYS = "00000000-0000-4000-8000-000000000000"
PASSWORD = "long enough"

MUST_BE_MET = {
    ("place_order", 201, ""), ("place_order", 402, "card_declined"),
    ("place_order", 409, "out_of_stock"), ("place_order", 409, "cart_empty"),
    ("place_order", 422, "idempotency_key_reused"), ("place_order", 503, "bank_unavailable"),
    ("cancel_order", 200, ""), ("get_order", 200, ""), ("get_payment", 200, ""),
    ("register_account", 201, ""), ("sign_in", 201, ""),
}

people = st.integers(0, 2)
pieces = st.sampled_from([1, 1, 2, 3, 99])
products = st.sampled_from([1, 2, 3, 4, 5, 2001, 2002, 999_999_999])
existing = st.sampled_from([1, 2, 3, 4, 5])
cards = st.sampled_from(["tok_approve"] * 4 + ["tok_decline", "tok_error", "tok_unknown"])
keys = st.sampled_from(["k0", "k1", "k2", "k3", "k4", "k5"])
pages = st.sampled_from(["", "page=2&page_size=2", "page_size=100", "page=0", "page=9999"])
searches = st.sampled_from([
    "q=lamp", "q=oak&sort=price_asc", "q=steel&sort=price_desc&page_size=50", "q=fresh",
    "q=no.%201", "q=kettle&max_price=3000", "q=collection"])
harmless = [case for case in CASES if case.who in ("nobody", "customer", "admin")
            and len(case.body or b"") < 10_000]


class Walk(RuleBasedStateMachine):
    """One walk: the same steps in every target."""

    floor: Floor
    targets: list[Target]
    met: Counter[tuple[str, int, str]]
    """(endpoint, status, code) → how often."""

    @initialize()
    def open_the_shops(self) -> None:
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda target: target.stack.restore(), self.targets))
        self.floor.deployment.reset_bank()
        self.normalizers = [Normalizer() for _ in self.targets]
        self.people = [[self.floor.token(number)] * len(self.targets) for number in (2, 3, 4)]
        self.admin = self.floor.admin()
        self.orders: list[tuple[int, list[dict[str, Any]]]] = []
        for product_id, stock in ((1, 2), (2, 0), (3, 150)):
            self.together("change_product", path={"product_id": product_id}, token=self.admin,
                          json={"stock": stock})

    def together(self, endpoint: str, *, who: int | None = None, **given: Any) -> list[Answer]:
        """Ask all targets; their answers must be the same."""
        return self.ask([Ask(endpoint, **given)] * len(self.targets), who)

    def ask(self, asks: list[Ask], who: int | None = None) -> list[Answer]:
        answers = []
        for number, (target, ask) in enumerate(zip(self.targets, asks, strict=True)):
            token = ask.token if who is None else self.people[who][number]
            answers.append(target.shop.send(Ask(
                ask.endpoint, ask.path, ask.query, ask.json, token, ask.key)))
        self.compare(answers)
        self.met[asks[0].endpoint, *answers[0].outcome] += 1
        return answers

    def compare(self, answers: list[Answer]) -> None:
        said = self.normal(answers)
        for target, one in zip(self.targets, said, strict=True):
            assert one == said[0], f"{self.targets[0].name} {said[0]}\n{target.name} {one}"

    def normal(self, answers: list[Answer]) -> list[tuple[int, Any]]:
        return [(answer.status, normalizer.normal(answer.data))
                for answer, normalizer in zip(answers, self.normalizers, strict=True)]

    @rule(number=st.integers(0, 3), password=st.sampled_from([PASSWORD, PASSWORD, "wrong one"]))
    def register_or_sign_in(self, number: int, password: str) -> None:
        email = f"walker{number}@b.example"
        self.together("register_account",
                      json={"email": email, "name": "Walker", "password": PASSWORD})
        answers = self.together("sign_in", json={"email": email, "password": password})
        if answers[0].status == 201:
            self.people[2] = [answer.data["token"] for answer in answers]

    @rule(query=pages, product_id=products)
    def browse(self, query: str, product_id: int) -> None:
        self.together("list_products", query=query)
        self.together("get_product", path={"product_id": product_id})

    @rule(query=searches)
    def search(self, query: str) -> None:
        """The index may follow with a delay, so a difference has some time to go away."""
        patience = time.monotonic() + SEEN_WITHIN_S
        while True:
            answers = [target.shop.call("search_products", query=query)
                       for target in self.targets]
            if len({answer.body for answer in answers}) == 1 or time.monotonic() > patience:
                break
        self.compare(answers)

    @rule(who=people, product_id=products, quantity=pieces)
    def put(self, who: int, product_id: int, quantity: int) -> None:
        self.together("put_item", who=who, path={"product_id": product_id},
                      json={"quantity": quantity})

    @rule(who=people, product_id=products)
    def remove(self, who: int, product_id: int) -> None:
        self.together("remove_item", who=who, path={"product_id": product_id})
        self.together("show_cart", who=who)

    @rule(who=people, product_id=existing, quantity=pieces, card=cards, key=keys)
    def order(self, who: int, product_id: int, quantity: int, card: str, key: str) -> None:
        self.together("put_item", who=who, path={"product_id": product_id},
                      json={"quantity": quantity})
        self.check_out(who, card, key)

    @rule(who=people, card=cards, key=keys)
    def check_out(self, who: int, card: str, key: str) -> None:
        answers = self.together("place_order", who=who, key=key, json={"card_token": card})
        again = self.together("place_order", who=who, key=key, json={"card_token": card})
        if answers[0].code not in ("cart_empty", "idempotency_key_reused"):
            assert [a.body for a in again] == [a.body for a in answers]
        if answers[0].status == 201:
            self.orders.append((who, [answer.data for answer in answers]))
        self.together("show_cart", who=who)

    @rule(who=people, card=cards, product_id=st.sampled_from([3, 4, 5]))
    def order_under_a_key_of_its_own(self, who: int, card: str, product_id: int) -> None:
        self.order(who, product_id, 1, card, f"own-{sum(self.met.values())}")

    @rule(who=people, query=pages)
    def list_orders(self, who: int, query: str) -> None:
        self.together("list_orders", who=who, query=query)

    @rule(which=st.integers(0, 9), stranger=st.sampled_from([False, False, False, True]),
          cancels=st.booleans())
    def look_at_an_order(self, which: int, stranger: bool, cancels: bool) -> None:
        if not self.orders:
            return
        buyer, orders = self.orders[which % len(self.orders)]
        who = (buyer + 1) % 3 if stranger else buyer
        if cancels:
            self.ask([Ask("cancel_order", {"order_id": o["id"]}) for o in orders], who)
        self.ask([Ask("get_order", {"order_id": o["id"]}) for o in orders], who)
        self.ask([Ask("get_payment", {"payment_id": o["payment_id"]}) for o in orders], who)

    @rule(product_id=products, price=st.sampled_from([None, 0, 1, 99_999, 100_000_000]),
          stock=st.sampled_from([None, 0, 1, 5, 1_000_000]))
    def change(self, product_id: int, price: int | None, stock: int | None) -> None:
        wanted: dict[str, Any] = {}
        if price is not None:
            wanted["price"] = {"amount_minor": price, "currency": "EUR"}
        if stock is not None:
            wanted["stock"] = stock
        self.together("change_product", token=self.admin, path={"product_id": product_id},
                      json=wanted)

    @rule(name=st.sampled_from(["Fresh Lamp", "Fresh Oak Kettle", "Łódź 🦊 fresh"]),
          category=st.sampled_from(["lighting", "kitchen", "no-such"]))
    def create(self, name: str, category: str) -> None:
        self.together("create_product", token=self.admin, json={
            "name": name, "category": category, "stock": 3, "description": "fresh steel",
            "price": {"amount_minor": 1_234, "currency": "EUR"}})

    @rule(case=st.sampled_from(harmless))
    def send_nonsense(self, case: Any) -> None:
        answers = []
        for target in self.targets:
            headers = dict(case.headers)
            if case.who != "nobody":
                token = self.admin if case.who == "admin" else self.floor.token(9)
                headers["Authorization"] = f"Bearer {token}"
            answers.append(target.shop.raw(case.method, case.path, case.body, headers))
        self.compare(answers)
        assert 400 <= answers[0].status < 500

    def teardown(self) -> None:
        for target in self.targets:
            settle(target)
        ledger = self.floor.ledger()
        states = [final_state(target, ledger) for target in self.targets]
        for target, state in zip(self.targets, states, strict=True):
            check_books(state)
            assert state == states[0], f"{self.targets[0].name} and {target.name} differ"


@pytest.mark.timeout(3600 if DEEP else 180)
def test_a_random_walk_leaves_all_stores_alike(everyone: list[Target], floor: Floor) -> None:
    met: Counter[tuple[str, int, str]] = Counter()
    walk = type("Walk", (Walk,), {"floor": floor, "targets": everyone, "met": met})
    run_state_machine_as_test(walk, settings=settings(
        max_examples=int(os.environ.get("TWINSTORE_TEST_WALKS", "60")) if DEEP else 12,
        stateful_step_count=60 if DEEP else 50,
        deadline=None,
        derandomize=not DEEP,
        database=None,
        phases=[Phase.generate, *([Phase.shrink] if DEEP else [])],
        suppress_health_check=list(HealthCheck),
    ))
    print(*sorted(met.items()), sep="\n")
    assert set(met) >= MUST_BE_MET, "the walk was too short to mean anything"
