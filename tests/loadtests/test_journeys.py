"""What visitors ask, and what a right answer is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import get_args
from uuid import uuid4

import pytest

from contract import models as m
from contract.endpoints import BY_NAME
from contract.errors import CardDeclined
from contract.faults.draw import is_poisonous
from contract.http import to_json
from contract.load import Journey, LoadSpec
from contract.money import Money
from contract.seed import SEED_PASSWORD, generate
from loadtests.asks import Ask, Memory
from loadtests.draw import CATEGORIES, WORDS, Draw, Journeys
from loadtests.journeys import JOURNEYS
from loadtests.message import Writer, authorization, error_code, judge

Spec = Callable[..., LoadSpec]


@pytest.fixture
def draw(new_spec: Spec) -> Draw:
    return Journeys(new_spec()).draw(5, 77)


def money(amount: int = 500) -> Money:
    return Money(amount_minor=amount, currency="EUR")


def all_asks(draw: Draw) -> list[Ask]:
    memories = (Memory(), Memory(found_id=9, order_id=str(uuid4())))
    return [step.ask(draw, memory) for steps, memory in product(JOURNEYS.values(), memories)
            for step in steps]


def wanted(draw: Draw) -> list[int]:
    return [draw.product_id, draw.other_id, draw.scarce_id]


def cart(draw: Draw) -> m.Cart:
    items = [m.CartItem(product_id=product_id, name="x", quantity=draw.quantity,
                        unit_price=money(), line_total=money()) for product_id in wanted(draw)]
    return m.Cart(items=items, total=money())


def order(draw: Draw, total: int = 500) -> m.Order:
    items = [m.OrderItem(product_id=product_id, name="x", quantity=draw.quantity,
                         unit_price=money()) for product_id in wanted(draw)]
    return m.Order(id=uuid4(), status="confirmed", items=items, total=money(total),
                   payment_id=uuid4(), created_at=datetime.now(UTC))


def right_answer(ask: Ask, draw: Draw) -> bytes:
    """The answer both stores would give, written by their own path."""
    summary = m.ProductSummary(id=7, name="x", category=draw.category, price=money())
    page = 2 if ask.target.endswith("page=2") else 1
    size = int(found[1]) if (found := re.search("page_size=([0-9]+)", ask.target)) else 20
    wanted = int(found[1]) if (found := re.fullmatch(r"/api/products/(\d+)", ask.target)) else 0
    answers = {
        "list_categories": m.CategoryList(items=[m.Category(slug="kitchen", name="Kitchen")]),
        "list_products": m.ProductPage(items=[summary] * size, page=draw.page, page_size=size,
                                       total=draw.page * size),
        "sign_in": m.Session(token="eyJ.x.y", expires_at=datetime.now(UTC)),
        "get_product": m.Product(id=wanted, name="x", category="c", price=money(),
                                 description="d", stock=3),
        "search_products": m.ProductPage(items=[summary], page=1, page_size=20, total=1),
        "put_item": cart(draw), "show_cart": cart(draw), "place_order": order(draw),
        "list_orders": m.OrderPage(items=[order(draw)], page=page, page_size=20, total=1),
    }
    if ask.endpoint in ("get_order", "cancel_order"):
        asked = ask.target.split("/")[3]
        status = b"cancelled" if ask.endpoint == "cancel_order" else b"confirmed"
        return to_json(order(draw)).replace(
            b'"id":"', b'"id":"' + asked.encode() + b'","x":"', 1).replace(b"confirmed", status)
    if ask.status == CardDeclined.status:
        return to_json(CardDeclined().problem("request"))
    return to_json(answers[ask.endpoint])


def test_every_journey_of_the_contract_can_be_made() -> None:
    assert set(JOURNEYS) == set(get_args(Journey))


def test_journeys_have_a_fixed_number_of_steps_whatever_is_answered(draw: Draw) -> None:
    for steps in JOURNEYS.values():
        for memory in (Memory(), Memory(found_id=3, order_id=str(uuid4()))):
            assert len([step.ask(draw, memory) for step in steps]) == len(steps) <= 4


def test_requests_are_what_the_contract_allows(draw: Draw) -> None:
    for ask in all_asks(draw):
        endpoint = BY_NAME[ask.endpoint]
        path = re.sub(r"\{[a-z_]+\}", "[^/]+", endpoint.path)
        assert re.fullmatch(path, ask.target.partition("?")[0])
        assert ask.method == endpoint.method
        refused = {CardDeclined.status} if CardDeclined.code in endpoint.errors else set()
        assert ask.status in {endpoint.success, *refused}
        assert bool(ask.key) == endpoint.takes_idempotency_key
        if endpoint.body:
            endpoint.body.model_validate_json(ask.body)


def test_equal_seeds_draw_equal_data_and_others_do_not(new_spec: Spec) -> None:
    assert Journeys(new_spec()).draw(1, 9) == Journeys(new_spec()).draw(1, 9)
    assert Journeys(new_spec()).draw(1, 9) != Journeys(new_spec()).draw(1, 10)


def test_idempotency_keys_differ_by_seed_and_journey(new_spec: Spec) -> None:
    keys = {Journeys(new_spec(seed=seed)).draw(number, 1).key
            for seed in (1, 2) for number in (1, 2)}
    assert len(keys) == 4


def test_both_arms_draw_the_same_data(new_spec: Spec) -> None:
    left, right = (Journeys(new_spec(trial=trial)).draw(4, 5) for trial in (1, 2))
    assert left == right


def test_the_same_orders_are_poisonous_in_both_arms(new_spec: Spec) -> None:
    """A key that names the trial gives each store a poison of its own."""
    left, right = ({n for n in range(500) if is_poisonous(
        7, Journeys(new_spec(seed=7, trial=trial)).draw(n, n).key, 0.2)} for trial in (11, 12))
    assert 60 < len(left) < 140
    assert left == right


def test_right_answers_of_the_stores_are_recognised(draw: Draw) -> None:
    for ask in all_asks(draw):
        assert judge(ask, draw, Memory(), ask.status, right_answer(ask, draw)) == "ok", ask


def test_another_product_is_a_wrong_body(draw: Draw) -> None:
    other = to_json(m.Product(id=draw.product_id * 10, name="x", category="c", price=money(),
                              description="d", stock=3))
    ask = JOURNEYS["read_product"][0].ask(draw, Memory())
    assert judge(ask, draw, Memory(), 200, other) == "body"


def test_a_page_with_a_product_too_few_is_a_wrong_body(draw: Draw) -> None:
    for name, size in (("list_small", 1), ("list_medium", 20), ("list_large", 100)):
        ask = JOURNEYS[name][0].ask(draw, Memory())  # type: ignore[index]
        right = right_answer(ask, draw)
        assert right.count(b'"id":7') == size
        assert judge(ask, draw, Memory(), 200, right) == "ok"
        fewer = right.replace(b'"category":"', b'"c":"', 1)
        assert judge(ask, draw, Memory(), 200, fewer) == "body"


def test_who_signs_in_is_a_seed_customer_with_the_seed_password(new_spec: Spec) -> None:
    emails = {account.email for account in generate(customers=10).accounts[1:]}
    drawer = Journeys(new_spec())
    bodies = [m.SessionCreate.model_validate_json(
        JOURNEYS["sign_in"][0].ask(drawer.draw(n, n), Memory()).body) for n in range(200)]
    assert {body.email for body in bodies} == emails
    assert {body.password for body in bodies} == {SEED_PASSWORD}


def test_an_order_of_nothing_is_a_wrong_body(draw: Draw) -> None:
    ask = JOURNEYS["check_out"][2].ask(draw, Memory())
    assert judge(ask, draw, Memory(), 201, to_json(order(draw, total=0))) == "body"


def test_an_empty_body_is_wrong_everywhere(draw: Draw) -> None:
    for ask in all_asks(draw):
        assert judge(ask, draw, Memory(), ask.status, b"") == "body"


def test_a_wrong_status_is_told_from_a_wrong_body(draw: Draw) -> None:
    for ask in all_asks(draw):
        assert judge(ask, draw, Memory(), 503, right_answer(ask, draw)) == "status"


def test_a_visitor_opens_what_was_found_and_looks_at_what_was_ordered(draw: Draw) -> None:
    memory = Memory()
    search, found = JOURNEYS["search"]
    body = b'{"items":[{"id":41,"n":"x"},{"id":41}],"page":1,"page_size":20,"total":2}'
    assert judge(search.ask(draw, memory), draw, memory, 200, body) == "ok"
    assert found.ask(draw, memory).target == "/api/products/41"
    placed = order(draw)
    asked = JOURNEYS["check_out"][2].ask(draw, memory)
    assert judge(asked, draw, memory, 201, to_json(placed)) == "ok"
    assert JOURNEYS["check_out"][3].ask(draw, memory).target == f"/api/orders/{placed.id}"


def test_without_a_result_or_an_order_the_journey_goes_on(draw: Draw) -> None:
    assert JOURNEYS["search"][1].ask(draw, Memory()).target == f"/api/products/{draw.product_id}"
    assert JOURNEYS["check_out"][3].ask(draw, Memory()).endpoint == "list_orders"


def test_who_asks_twice_asks_under_the_same_key(draw: Draw) -> None:
    once, again = (step.ask(draw, Memory()) for step in JOURNEYS["check_out_twice"][1:])
    assert (once.endpoint, again.endpoint) == ("place_order", "place_order")
    assert once == again


def test_who_cancels_cancels_what_was_placed(draw: Draw) -> None:
    memory, placed = Memory(), order(draw)
    _, place, cancel = JOURNEYS["cancel"]
    assert cancel.ask(draw, memory).endpoint == "list_orders"
    assert judge(place.ask(draw, memory), draw, memory, 201, to_json(placed)) == "ok"
    ask = cancel.ask(draw, memory)
    assert ask.target == f"/api/orders/{placed.id}/cancel"
    assert judge(ask, draw, memory, 200, to_json(placed)) == "body"  # still confirmed


def test_words_and_categories_are_those_of_the_seed_data() -> None:
    data = generate()
    assert {category.slug for category in data.categories} == set(CATEGORIES)
    text = " ".join(f"{row.name} {row.description}" for row in data.products).lower()
    for words in WORDS:
        assert all(word in text for word in words.split()), words


def test_requests_are_whole_http_messages(draw: Draw) -> None:
    writer = Writer("http://127.0.0.1:81")
    message = writer.write(JOURNEYS["check_out"][2].ask(draw, Memory()), authorization("abc"))
    head, _, body = message.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /api/orders HTTP/1.1"
    assert {b"Host: 127.0.0.1:81", b"Authorization: Bearer abc",
            b"Idempotency-Key: " + draw.key.encode(),
            b"Content-Length: %d" % len(body)} <= set(lines)


def test_a_base_url_that_is_not_plain_http_is_refused() -> None:
    for url in ("https://127.0.0.1:1", "http://127.0.0.1:1/shop", "127.0.0.1:1"):
        with pytest.raises(ValueError, match="must look like"):
            Writer(url)


def test_codes_are_read_from_problem_documents_only() -> None:
    assert error_code(503, b'{"status":503,"code":"bank_unavailable"}') == "bank_unavailable"
    assert error_code(200, b'{"code":"bank_unavailable"}') == ""
    assert error_code(502, b"<html>") == ""
