"""A process that dies in the middle of a checkout: nothing paid is lost, nothing is kept
that was not acknowledged or can't be, and the answer to the key is one answer for ever."""

from __future__ import annotations

import http.client
import uuid
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from contract.faults import Armed
from tests.contract.suite.final_state import check_books, final_state, settle
from tests.contract.suite.shop import Answer
from tests.contract.suite.targets import Floor, Target, eventually, place

WITHIN_S = 40.0
"""A lease of 10 s, a restart, and patience for a busy machine."""

MONEY_AND_STORY = {201: [["capture"]], 503: [["void"], ["capture", "refund"], []]}
"""Final answer → what the bank may have done."""

PARTS = {"monolith": "monolith", "colocated": "colocated", "microservices": "orders"}


def buy(target: Target, token: str, key: str, card: str) -> Answer | None:
    """Check out; None when the connection broke or the proxy answered instead."""
    try:
        return target.shop.raw(
            "POST", "/api/orders", b'{"card_token":"%s"}' % card.encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}",
             "Idempotency-Key": key})
    except (http.client.HTTPException, OSError):
        return None


def final_answer(target: Target, token: str, key: str, card: str) -> Answer:
    """Retry as a client would, until an answer is kept under the key; return that one."""

    def ask() -> Answer | None:
        answer = buy(target, token, key, card)
        kept = target.query("orders", (
            f"SELECT response_body FROM checkouts WHERE idempotency_key = '{key}'"))
        is_kept = answer is not None and bool(kept) and answer.body == kept[0][0]
        return answer if is_kept else None

    found: Answer = eventually(ask, WITHIN_S)
    return found


def check_story(target: Target, floor: Floor, key: str, answer: Answer) -> None:
    """Hold the bank's movements against the final answer, and the books against themselves."""
    settle(target)
    [(order_id,)] = target.query("orders", (
        f"SELECT order_id FROM checkouts WHERE idempotency_key = '{key}'"))
    assert floor.movements(str(order_id)) in MONEY_AND_STORY[answer.status]
    check_books(final_state(target, floor.ledger()))


def in_all(targets: list[Target], story: object) -> None:
    with ThreadPoolExecutor(len(targets)) as pool:
        futures: list[Future[None]] = [pool.submit(story, t) for t in targets]  # type: ignore[arg-type]
    for future in futures:
        future.result()


def back_to_work(target: Target) -> None:
    eventually(lambda: target.shop.raw("GET", "/readyz").status == 200, WITHIN_S)
    eventually(lambda: target.shop.raw("GET", "/api/orders").status == 401, WITHIN_S)


@pytest.mark.parametrize("dies", ["who drives the checkout", "who speaks to the bank"])
def test_a_crash_while_the_bank_works_ends_in_one_consistent_story(
        dies: str, everyone: list[Target], floor: Floor) -> None:
    customers = {target.name: floor.customer() for target in everyone}

    def story(target: Target) -> None:
        key, token = str(uuid.uuid4()), customers[target.name]
        is_split = target.name == "microservices" and dies == "who speaks to the bank"
        part = "payments" if is_split else PARTS[target.name]
        target.shop.get("put_item", path={"product_id": 90}, json={"quantity": 2}, token=token)
        with ThreadPoolExecutor(1) as other:
            other.submit(buy, target, token, key, "tok_slow")
            eventually(lambda: target.query("payments", (
                "SELECT 1 FROM payments WHERE status = 'pending'")))
            target.kill(part)
        answer = final_answer(target, token, key, "tok_slow")
        for _ in range(2):
            again = buy(target, token, key, "tok_slow")
            assert again is not None
            assert (again.status, again.body) == (answer.status, answer.body)
        check_story(target, floor, key, answer)
        back_to_work(target)

    in_all(everyone, story)


def test_a_defect_that_kills_whoever_pays_leaves_clean_books(
        everyone: list[Target], floor: Floor) -> None:
    customers = {target.name: floor.customer() for target in everyone}
    keys = {target.name: str(uuid.uuid4()) for target in everyone}
    for target in everyone:
        target.shop.get("put_item", path={"product_id": 91}, json={"quantity": 1},
                        token=customers[target.name])
    floor.deployment.board.arm(Armed("payments", "crash"))
    try:
        in_all(everyone, lambda t: buy(t, customers[t.name], keys[t.name], "tok_approve"))
    finally:
        floor.deployment.board.clear()

    def story(target: Target) -> None:
        answer = final_answer(target, customers[target.name], keys[target.name], "tok_approve")
        check_story(target, floor, keys[target.name], answer)
        back_to_work(target)

    in_all(everyone, story)


@pytest.mark.parametrize("module", ["catalog", "orders", "payments"])
def test_an_unexpected_error_anywhere_in_checkout_leaves_clean_books(
        module: str, everyone: list[Target], floor: Floor) -> None:
    customers = {target.name: floor.customer() for target in everyone}
    keys = {target.name: str(uuid.uuid4()) for target in everyone}
    for target in everyone:
        target.shop.get("put_item", path={"product_id": 92}, json={"quantity": 1},
                        token=customers[target.name])
    floor.deployment.board.arm(Armed(module, "error"))
    try:
        first = {t.name: buy(t, customers[t.name], keys[t.name], "tok_approve") for t in everyone}
    finally:
        floor.deployment.board.clear()
    for target in everyone:
        refused = first[target.name]
        assert refused is not None
        assert refused.status in (500, 503)
        assert b"injected" not in refused.body
        settle(target)
        check_books(final_state(target, floor.ledger()))
        retried = place(target.shop, customers[target.name], {92: 1})
        assert retried.status == 201
