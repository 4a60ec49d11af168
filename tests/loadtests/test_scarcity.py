"""One of few pieces, several things at once, the same twice at once, and who comes again."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from contract.errors import BankUnavailable, CheckoutInProgress, OutOfStock, StoreError
from contract.http import to_json
from contract.journeys import AT_ONCE
from contract.load import LoadSpec
from lab.scenario_file import read_scenarios
from loadtests.asks import Ask, Memory
from loadtests.customers import Customers
from loadtests.draw import Draw, Journeys
from loadtests.early_stop import attainment
from loadtests.journeys import JOURNEYS
from loadtests.message import judge
from loadtests.recorder import Open, Recorder
from loadtests.schedule import Arrival

Spec = Callable[..., LoadSpec]
SCARCE = 3


@pytest.fixture
def draw(new_spec: Spec) -> Draw:
    return Journeys(new_spec(products=60, scarce=SCARCE)).draw(5, 77)


def refused(refusal: type[StoreError]) -> tuple[int, bytes]:
    return refusal.status, to_json(refusal().problem("request"))


def confirmed(order: str, *products: int) -> bytes:
    items = ",".join(f'{{"product_id":{product},"quantity":1}}' for product in products)
    return (f'{{"id":"{order}","status":"confirmed","items":[{items}],'
            '"total":{"amount_minor":5,"currency":"EUR"}}').encode()


def place_of(journey: str, draw: Draw) -> Ask:
    return JOURNEYS[journey][-1].ask(draw, Memory())  # type: ignore[index]


def test_scarce_products_follow_the_others_and_change_no_other_draw(new_spec: Spec) -> None:
    without, having = Journeys(new_spec(products=60)), Journeys(
        new_spec(products=60, scarce=SCARCE))
    pairs = [(without.draw(n, n), having.draw(n, n)) for n in range(200)]
    assert {few.scarce_id for _, few in pairs} == {61, 62, 63}
    for plain, few in pairs:
        assert plain.scarce_id == plain.product_id <= 60
        assert (plain.product_id, plain.other_id, plain.words, plain.think_s) == (
            few.product_id, few.other_id, few.words, few.think_s)


def test_sold_out_is_a_right_answer_where_pieces_are_few_and_nowhere_else(draw: Draw) -> None:
    sold_out = refused(OutOfStock)
    for journey in ("buy_scarce", "buy_several", "order_again"):
        assert judge(place_of(journey, draw), draw, Memory(), *sold_out) == "ok"
        assert judge(place_of(journey, draw), draw, Memory(), *refused(BankUnavailable)) == "status"
        assert judge(place_of(journey, draw), draw, Memory(), 503, sold_out[1]) == "status"
    for journey in ("check_out_only", "check_out_twice", "check_out_at_once", "decline"):
        assert judge(place_of(journey, draw), draw, Memory(), *sold_out) == "status"


def test_an_order_of_several_products_that_lacks_one_is_a_wrong_body(draw: Draw) -> None:
    place, order = place_of("buy_several", draw), str(uuid4())
    whole = confirmed(order, draw.product_id, draw.other_id, draw.scarce_id)
    assert judge(place, draw, Memory(), 201, whole) == "ok"
    part = confirmed(order, draw.product_id, draw.other_id)
    assert judge(place, draw, Memory(), 201, part) == "body"
    put = [step.ask(draw, Memory()).target for step in JOURNEYS["buy_several"][:-1]]
    assert put == [f"/api/cart/items/{product}"
                   for product in (draw.product_id, draw.other_id, draw.scarce_id)]


def test_who_asks_twice_at_once_is_told_of_one_order_or_that_it_is_still_running(
        draw: Draw) -> None:
    memory, order = Memory(), str(uuid4())
    _, one, other, after = (step.ask(draw, memory) for step in JOURNEYS["check_out_at_once"])
    assert one == other
    assert one.key == after.key
    assert judge(other, draw, memory, *refused(CheckoutInProgress)) == "ok"
    assert judge(one, draw, memory, 201, confirmed(order, draw.product_id)) == "ok"
    assert judge(after, draw, memory, *refused(CheckoutInProgress)) == "status"
    assert judge(after, draw, memory, 201, confirmed(order, draw.product_id)) == "ok"
    assert judge(after, draw, memory, 201, confirmed(str(uuid4()), draw.product_id)) == "body"


def test_a_pair_sent_at_once_is_two_equal_steps_one_after_the_other(draw: Draw) -> None:
    for journey, first in AT_ONCE.items():
        one, other = JOURNEYS[journey][first:first + 2]
        assert one == other
        assert one.ask(draw, Memory()) == other.ask(draw, Memory())


def test_who_orders_again_is_the_free_customer_who_was_at_the_checkout_last() -> None:
    customers = Customers(["a", "b", "c", "d"])
    assert customers.take(3, again=True) == 3  # nobody has been there yet
    for number in (0, 1):
        customers.release(customers.take(number), has_been=True)
    customers.release(customers.take(2))
    assert [customers.take(9, again=True) for _ in range(2)] == [1, 0]
    assert customers.take(2, again=True) == 2


@pytest.mark.parametrize(("ended", "written"), [("none", [1, 2, 3]), ("other", [1, 3]),
                                                ("one", [2, 3])])
def test_of_a_pair_cut_off_each_request_that_is_open_makes_a_row(
        ended: str, written: list[int]) -> None:
    recorder, arrival = Recorder(), Arrival(0, 0.0, "check_out_at_once", 1)
    one, other = Open(arrival, 1, 5.0, 5.1, 5.2), Open(arrival, 2, 5.0, 5.1, 5.3)
    one.beside, other.is_recorded = other, ended == "other"
    recorder.censor(other if ended == "one" else one)
    assert [row[1] for row in recorder.rows] == written
    sent = {row[1]: row[6] for row in recorder.rows}
    assert {step: at for step, at in sent.items() if step < 3} == {
        step: at for step, at in ((1, 5.2), (2, 5.3)) if step in written}
    assert math.isnan(sent[3])


def test_both_requests_of_an_open_pair_count_as_bad_when_a_ramp_is_judged() -> None:
    one, other = (Open(Arrival(0, 0.0, "check_out_at_once", 1), step, 10.0) for step in (1, 2))
    one.beside = other
    assert attainment([], [one], 9.0, 12.0, 0.25) == (0.0, 2)
    other.is_recorded = True
    assert attainment([], [one], 9.0, 12.0, 0.25) == (0.0, 1)


def test_the_soak_has_scarce_products_and_all_journeys_that_move_stock() -> None:
    file = read_scenarios(Path(__file__).parents[2] / "scenarios.yaml")
    weights = file.workloads["paying"].weights
    assert sum(weights.values()) == pytest.approx(100)
    for name in ("chaos", "chaos_replicated"):
        scenario = file.scenarios[name]
        assert scenario.isolation
        assert scenario.isolation.workload == "paying"
        assert scenario.data.scarce
    assert {"check_out_only", "check_out_twice", "check_out_at_once", "buy_scarce", "buy_several",
            "order_again", "decline", "cancel"} <= set(weights)
