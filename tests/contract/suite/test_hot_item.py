"""The decisive case: ten pieces, a hundred buyers at once."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from contract.http import IDEMPOTENCY_HEADER
from tests.contract.suite.shop import Answer, Shop
from tests.contract.suite.targets import TARGETS, Floor, new_product

BUYERS, PIECES = 100, 10
SEEDS = range(20)


def _insist(shop: Shop, token: str, key: str) -> Answer:
    """Ask again under the same key while all connections are taken, as a client may."""
    headers = {"Authorization": f"Bearer {token}", IDEMPOTENCY_HEADER: key,
               "Content-Type": "application/json"}
    for _ in range(10):
        answer = shop.raw("POST", "/api/orders", b'{"card_token":"tok_approve"}', headers)
        if answer.code != "database_unavailable":
            break
    return answer


@pytest.fixture(scope="session")
def crowd(floor: Floor) -> list[str]:
    return [floor.customer() for _ in range(BUYERS)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("store", [name for name in TARGETS if name != "colocated"])
def test_ten_pieces_are_sold_ten_times_to_a_hundred_buyers(
        floor: Floor, admin: str, crowd: list[str], store: str, seed: int) -> None:
    shop = floor.target(store).shop
    product = new_product(shop, admin, stock=PIECES)
    order = random.Random(seed).sample(crowd, BUYERS)
    start = Barrier(BUYERS)
    before = len(floor.ledger())

    floor.target(store).query("cart", "DELETE FROM cart_items RETURNING 1")

    def fill(token: str) -> None:
        shop.get("put_item", token=token, path={"product_id": product}, json={"quantity": 1})

    def buy(token: str) -> Answer:
        start.wait(30)
        return _insist(shop, token, f"hot-{store}-{seed}")

    with ThreadPoolExecutor(BUYERS) as threads:
        list(threads.map(fill, order))
        answers = list(threads.map(buy, order))
    assert Counter(answer.outcome for answer in answers) == {
        (201, ""): PIECES, (409, "out_of_stock"): BUYERS - PIECES}
    assert shop.get("get_product", path={"product_id": product})["stock"] == 0
    sold = {answer.data["id"] for answer in answers if answer.status == 201}
    booked = floor.ledger()[before:]
    assert Counter((entry.key, entry.kind) for entry in booked) == {
        (order_id, "capture"): 1 for order_id in sold}
