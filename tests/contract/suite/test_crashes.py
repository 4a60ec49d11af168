"""A process that dies in the middle of a checkout: nothing paid is lost, nothing is kept
that was not acknowledged or can't be, and the answer to the key is one answer for ever."""

from __future__ import annotations

import http.client
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from contract.faults import Armed
from tests.contract.suite.final_state import check_books, final_state, settle
from tests.contract.suite.shop import Answer
from tests.contract.suite.targets import Floor, Target, eventually, place

WITHIN_S = 40.0
"""A lease of 7 s, a restart, and patience for a busy machine."""

MONEY_AND_STORY = {201: [["capture"]], 503: [[], ["void"], ["capture", "refund"]]}
"""Final answer → what the bank may have done."""

PARTS = {"monolith": "monolith", "colocated": "colocated", "microservices": "orders"}


@dataclass(frozen=True)
class Story:
    """A checkout that was broken off."""

    target: Target
    token: str
    key: str
    card: str


def buy(story: Story) -> Answer | None:
    """Check out; None when the connection broke."""
    try:
        return story.target.shop.raw(
            "POST", "/api/orders", b'{"card_token":"%s"}' % story.card.encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {story.token}",
             "Idempotency-Key": story.key})
    except (http.client.HTTPException, OSError):
        return None


def final_answer(story: Story) -> Answer:
    """Retry as a client would, until an answer is kept under the key; return that one."""

    def ask() -> Answer | None:
        answer = buy(story)
        kept = story.target.query("orders", (
            f"SELECT response_body FROM checkouts WHERE idempotency_key = '{story.key}'"))
        is_kept = answer is not None and bool(kept) and answer.body == kept[0][0]
        return answer if is_kept else None

    found: Answer = eventually(ask, WITHIN_S)
    return found


def back_to_work(target: Target) -> None:
    eventually(lambda: target.shop.raw("GET", "/readyz").status == 200, WITHIN_S)
    eventually(lambda: target.shop.raw("GET", "/api/orders").status == 401, WITHIN_S)


def test_checkouts_that_were_broken_off_end_in_one_consistent_story(
        everyone: list[Target], floor: Floor) -> None:
    """All are broken first, so that they wait for their leases together."""
    stories: list[Story] = []
    for breaks in (kill_who_drives, kill_who_pays, crash_at_payment, fail_at_payment):
        for target in everyone:
            back_to_work(target)
        with ThreadPoolExecutor(len(everyone)) as pool:
            begun = [begin(target, floor) for target in everyone]
            breaks(pool, begun, floor)
        stories += begun
    with ThreadPoolExecutor(len(stories)) as pool:
        for checked in [pool.submit(check_story, story, floor) for story in stories]:
            checked.result()
    for target in everyone:
        settle(target)
        check_books(final_state(target, floor.ledger()))


def begin(target: Target, floor: Floor) -> Story:
    token = floor.customer()
    target.shop.get("put_item", path={"product_id": 90}, json={"quantity": 2}, token=token)
    return Story(target, token, str(uuid.uuid4()), "tok_slow")


def kill_who_drives(pool: ThreadPoolExecutor, begun: list[Story], floor: Floor) -> None:
    list(pool.map(lambda story: _kill(story, PARTS[story.target.name]), begun))


def kill_who_pays(pool: ThreadPoolExecutor, begun: list[Story], floor: Floor) -> None:
    """In the other targets that is the same process: nothing is broken there this time."""
    list(pool.map(lambda story: _kill(story, "payments"), begun))


def _kill(story: Story, part: str) -> None:
    with ThreadPoolExecutor(1) as other:
        other.submit(buy, story)
        eventually(lambda: story.target.query("payments", (
            "SELECT 1 FROM payments WHERE status = 'pending'")))
        story.target.kill(part)


def crash_at_payment(pool: ThreadPoolExecutor, begun: list[Story], floor: Floor) -> None:
    _with_defect(pool, begun, floor, Armed("payments", "crash"))


def fail_at_payment(pool: ThreadPoolExecutor, begun: list[Story], floor: Floor) -> None:
    _with_defect(pool, begun, floor, Armed("payments", "error"))


def _with_defect(pool: ThreadPoolExecutor, begun: list[Story], floor: Floor,
                 defect: Armed) -> None:
    floor.deployment.board.arm(defect)
    try:
        list(pool.map(buy, begun))
    finally:
        floor.deployment.board.clear()


def check_story(story: Story, floor: Floor) -> None:
    """Hold the bank's movements against the final answer, which stays what it is."""
    answer = final_answer(story)
    for _ in range(2):
        again = buy(story)
        assert again is not None
        assert (again.status, again.body) == (answer.status, answer.body)
    [(order_id,)] = story.target.query("orders", (
        f"SELECT order_id FROM checkouts WHERE idempotency_key = '{story.key}'"))
    eventually(lambda: floor.movements(str(order_id)) in MONEY_AND_STORY[answer.status])


@pytest.mark.parametrize("module", ["catalog", "orders"])
def test_an_unexpected_error_before_payment_leaves_the_books_clean(
        module: str, everyone: list[Target], floor: Floor) -> None:
    for target in everyone:
        story = begin(target, floor)
        floor.deployment.board.arm(Armed(module, "error"))
        try:
            refused = buy(story)
        finally:
            floor.deployment.board.clear()
        assert refused is not None
        assert refused.status in (500, 503)
        assert b"injected" not in refused.body
        settle(target)
        check_books(final_state(target, floor.ledger()))
        assert place(target.shop, story.token, {90: 1}).status == 201
