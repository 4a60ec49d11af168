"""The saga when its driver dies or somebody is silent: after resuming, everything adds up."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from uuid import UUID

import psycopg
import pytest

from contract import models
from contract.errors import DatabaseUnavailable, StoreError
from microservices.catalog import queries as catalog_queries
from microservices.orders import clients, queries
from microservices.orders.checkout import Leases
from microservices.orders.operations import cancel_order, resume_checkouts
from microservices.payments.bank import Bank

STEPS = ["list_lines", "reserve_stock", "capture_payment", "sell_reserved", "remove_ordered"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("card", ["tok_approve", "tok_decline"])
def test_a_crash_of_orders_at_any_step_is_resumed(shop: Any, step: str, moment: str,
                                                  card: str) -> None:
    if card == "tok_decline" and step in ("sell_reserved", "remove_ordered"):
        step = "release_stock"
    before = shop.stock(3)
    shop.put(2, 3, 2)
    setattr(shop.wire, f"crash_{moment}", step)
    with pytest.raises(shop.wire.Crash):
        shop.order(2, card, key="k")
    shop.wire.heal()
    assert shop.resume() >= 1
    shop.assert_consistent()
    paid = "capture" in shop.bank.kinds() and "refund" not in shop.bank.kinds()
    assert shop.stock(3) == ((before[0] - 2, 0, 2) if paid else before)
    replayed = shop.order(2, card, key="k")
    assert (replayed.status == 201) == paid
    assert shop.resume() == 0


@pytest.mark.parametrize("step", [*STEPS, "release_stock", "void_payment"])
@pytest.mark.parametrize("how", ["silent", "lost_answers"])
def test_a_service_that_is_silent_at_any_step_leaves_nothing_half_done(shop: Any, step: str,
                                                                      how: str) -> None:
    card = "tok_error" if step in ("release_stock", "void_payment") else "tok_approve"
    shop.put(2, 3, 2)
    setattr(shop.wire, how, {step})
    answer = shop.order(2, card, key="k")
    assert answer.status == (201 if step in ("sell_reserved", "remove_ordered") else 503)
    shop.wire.heal()
    for _ in range(3):
        shop.resume()
    shop.assert_consistent({json.loads(answer.body)["id"]} if answer.status == 201 else set())
    again = shop.order(2, card, key="k")
    if step == "list_lines":
        assert again.status == 201
    else:
        assert (again.status, again.body) == (answer.status, answer.body)


@pytest.mark.parametrize("moment", ["silent", "crash_after"])
def test_what_was_bought_is_not_bought_again_while_the_cart_still_has_it(shop: Any,
                                                                         moment: str) -> None:
    """The first order is confirmed, the cart has not heard of it; then the customer goes on."""
    shop.put(2, 3, 2)
    if moment == "silent":
        shop.wire.silent = {"remove_ordered"}
        assert shop.order(2, key="first").status == 201
    else:
        shop.wire.crash_after = "sell_reserved"
        with pytest.raises(shop.wire.Crash):
            shop.order(2, key="first")
        shop.wire.heal()
        assert shop.order(2, key="first").status == 201
        shop.wire.silent = {"remove_ordered"}
    shop.put(2, 4, 1)
    refused = shop.order(2, key="second")
    assert (refused.status, json.loads(refused.body)["code"]) == (503, "dependency_unavailable")
    shop.wire.heal()
    second = shop.order(2, key="second")
    assert second.status == 201
    assert [item["product_id"] for item in json.loads(second.body)["items"]] == [4]
    assert json.loads(shop.order(2, key="third").body)["code"] == "cart_empty"
    assert shop.stock(3)[1:] == (0, 2)
    shop.resume()
    shop.assert_consistent()


def test_nothing_is_bought_again_by_a_claim_that_began_before_the_first_was_confirmed(
        shop: Any) -> None:
    """The second claim stands still inside its statement while the first is bought."""
    shop.put(2, 3, 2)
    with psycopg.connect(shop.urls["orders"], autocommit=True) as connection:
        connection.execute("""
            CREATE OR REPLACE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN PERFORM pg_sleep(CASE NEW.idempotency_key WHEN 'second' THEN 1 ELSE 0 END);
                RETURN NEW; END$$;
            CREATE TRIGGER stand_still BEFORE INSERT ON checkouts
                FOR EACH ROW EXECUTE FUNCTION stand_still()""")
    shop.wire.silent = {"remove_ordered"}

    async def order(key: str, after_s: float) -> Any:
        await asyncio.sleep(after_s)
        return await shop.asking("POST", "/api/orders", 2, {"card_token": "tok_approve"}, key=key)

    async def both() -> Any:
        return await asyncio.gather(order("second", 0), order("first", 0.2))

    second, first = shop.run(both())
    assert first.status == 201
    assert (second.status, json.loads(second.body)["code"]) == (503, "dependency_unavailable")
    shop.wire.heal()
    shop.resume()
    assert json.loads(shop.order(2, key="second").body)["code"] == "cart_empty"
    assert shop.stock(3)[1:] == (0, 2)
    shop.assert_consistent()


def test_who_lost_the_checkout_while_the_cart_was_asked_does_not_call_the_key_free(
        shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease ran out meanwhile: the resumer has kept an answer under the key."""
    orders, list_lines = shop.service("orders"), clients.list_lines

    async def outlast_the_lease(*given: Any) -> Any:
        await resume_checkouts(orders.database, orders.peers, shop.leases)
        return await list_lines(*given)

    with monkeypatch.context() as patched:
        patched.setattr(clients, "list_lines", outlast_the_lease)
        answer = shop.order(2, key="k")
    assert (answer.status, json.loads(answer.body)["code"]) == (409, "checkout_in_progress")
    shop.put(2, 3)
    assert json.loads(shop.order(2, key="k").body)["code"] == "dependency_unavailable"
    shop.assert_consistent()


def test_what_is_put_while_a_checkout_is_slow_stays_and_is_no_leftover(
        shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of a product are put after the cart told one; the order is written after that."""
    reserve_stock = clients.reserve_stock

    async def put_meanwhile(*given: Any) -> Any:
        answer = await shop.asking("PUT", "/api/cart/items/3", 2, {"quantity": 3})
        assert answer.status == 200
        return await reserve_stock(*given)

    shop.put(2, 3, 1)
    with monkeypatch.context() as patched:
        patched.setattr(clients, "reserve_stock", put_meanwhile)
        placed = json.loads(shop.order(2).body)
    assert shop.cart(2) == [(3, 2)]
    shop.assert_consistent({placed["id"]})


def test_a_cancellation_does_not_wait_for_a_checkout_that_waits_for_the_cart(shop: Any) -> None:
    shop.put(2, 3, 2)
    placed = json.loads(shop.order(2).body)
    shop.wire.silent = {"take_back"}
    assert shop.ask("POST", f"/api/orders/{placed['id']}/cancel", 2).status == 503
    shop.wire.silent = {"remove_ordered"}
    shop.put(3, 4)
    assert shop.order(3).status == 201
    with pytest.raises(StoreError, match="does not answer"):
        shop.resume()
    assert shop.rows("orders", "SELECT status FROM orders WHERE account_id = 2") == [
        ("cancelled",)]
    shop.wire.heal()
    shop.resume()
    shop.assert_consistent({placed["id"]})


def test_a_transaction_whose_program_is_gone_without_a_word_ends(shop: Any) -> None:
    async def limit() -> Any:
        async with shop.service("orders").database.read() as connection:
            shown = await connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout")
            return shown.scalar_one()

    async def stand_still() -> None:
        async with shop.service("orders").database.transaction() as connection:
            await connection.exec_driver_sql(
                "SET LOCAL idle_in_transaction_session_timeout = 50")
            await asyncio.sleep(0.5)
            await connection.exec_driver_sql("SELECT 1")

    assert shop.run(limit()) == "1min"
    with pytest.raises(DatabaseUnavailable):
        shop.run(stand_still())


def test_the_resumer_keeps_trying_while_a_service_is_silent(shop: Any) -> None:
    shop.put(2, 3, 2)
    shop.wire.silent = {"payments"}
    assert shop.order(2, key="k").status == 503
    with pytest.raises(StoreError, match="does not answer"):
        shop.resume()
    assert shop.stock(3)[1] == 0
    shop.wire.heal()
    shop.resume()
    shop.assert_consistent()


def test_a_checkout_that_could_not_be_finished_is_tried_again_soon(shop: Any) -> None:
    shop.put(2, 3, 2)
    shop.wire.crash_before = "capture_payment"
    with pytest.raises(shop.wire.Crash):
        shop.order(2, key="k")
    shop.wire.heal()
    shop.wire.silent = {"payments"}
    for _ in range(2):
        with pytest.raises(StoreError, match="does not answer"):
            shop.resume(lease_s=60)
    shop.wire.heal()
    assert shop.resume(lease_s=60) >= 1
    shop.assert_consistent()


@pytest.mark.parametrize("lost_in", ["confirming", "free_key", "advance", "lock_checkout"])
def test_nobody_waits_for_the_lease_of_a_request_that_lost_its_database(
        open_shop: Any, lost_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = open_shop(lease_s=60)
    shop.put(2, 3)
    shop.wire.silent = {"list_lines"} if lost_in == "free_key" else set()
    with monkeypatch.context() as patched:
        patched.setattr(queries, lost_in, _lose_the_database)
        assert shop.order(2, key="k").status == 503
        patched.setattr(queries, "give_back", _lose_the_database)
        with pytest.raises(DatabaseUnavailable):
            shop.resume(lease_s=60)
    shop.wire.heal()
    shop.resume(lease_s=60)
    assert shop.order(2, key="k").status == (201 if lost_in == "lock_checkout" else 503)
    shop.assert_consistent()
    assert not shop.leases.dropped


def test_nobody_waits_for_the_lease_of_a_resumer_that_lost_its_database(
        open_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = open_shop(lease_s=60)
    shop.put(2, 3)
    with monkeypatch.context() as patched:
        patched.setattr(queries, "lock_checkout", _lose_the_database)
        assert shop.order(2, key="k").status == 503
        with pytest.raises(DatabaseUnavailable):
            shop.resume(lease_s=60)
    shop.resume(lease_s=60)
    assert shop.order(2, key="k").status == 201
    shop.assert_consistent()


def test_nobody_waits_for_the_lease_of_a_request_with_a_defect(
        open_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("a defect")

    shop = open_shop(lease_s=60)
    shop.put(2, 3)
    with monkeypatch.context() as patched:
        patched.setattr(clients, "capture_payment", fail)
        assert shop.order(2, key="k").status == 500
    shop.resume(lease_s=60)
    assert shop.order(2, key="k").status == 503
    shop.assert_consistent()


def test_the_resumer_of_a_running_store_gives_dropped_leases_back(
        open_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = open_shop(resume_every_s=0.05, lease_s=60)
    shop.put(2, 3)
    with monkeypatch.context() as patched:
        patched.setattr(queries, "lock_checkout", _lose_the_database)
        assert shop.order(2, key="k").status == 503
    until = time.monotonic() + 20
    while shop.order(2, key="k").status != 201 or not shop.is_settled():
        assert time.monotonic() < until, "nobody finishes it"
        shop.run(asyncio.sleep(0.05))
    shop.assert_consistent()


def test_whom_the_others_did_not_hear_drops_the_lease_of_the_answer(open_shop: Any) -> None:
    shop = open_shop(lease_s=60)
    shop.put(2, 3)
    shop.wire.silent = {"sell_reserved"}
    assert shop.order(2, key="k").status == 201
    assert len(shop.leases.dropped) == 1
    shop.wire.heal()
    shop.resume(lease_s=60)
    shop.assert_consistent()


def test_who_could_not_finish_leaves_the_lease_of_another_alone(shop: Any) -> None:
    shop.put(2, 3)
    assert shop.order(2, key="k").status == 201
    shop.rows("orders", "UPDATE checkouts SET state = 'confirming', "
                        "lease_until = now() - interval '1 s' RETURNING 1")
    first, second = (shop.run(_take_over(shop, lease_s)) for lease_s in (0, 60))
    assert first.order_id == second.order_id
    left = "SELECT lease_until > now() + interval '50 s' FROM checkouts"
    shop.run(_give_back(shop, first))
    assert shop.rows("orders", left) == [(True,)]
    shop.run(_give_back(shop, second))
    assert shop.rows("orders", left) == [(False,)]


async def _take_over(shop: Any, lease_s: float) -> Any:
    async with shop.service("orders").database.transaction() as connection:
        return await queries.take_over(connection, lease_s)


async def _lose_the_database(*_: Any) -> None:
    raise DatabaseUnavailable


async def _give_back(shop: Any, taken: Any) -> None:
    async with shop.service("orders").database.statement() as connection:
        await queries.give_back(connection, taken)


def test_a_reservation_that_arrives_after_its_release_is_refused(shop: Any) -> None:
    shop.put(2, 3, 2)
    before = shop.stock(3)
    order = "6f1fd2bf-5b1c-4c0e-8f0a-1f9bd0c3f111"
    tell(shop, "catalog", "release_stock", order_id=order)
    late = tell(shop, "catalog", "reserve_stock", order_id=order,
                lines=[{"product_id": 3, "quantity": 2}])
    assert late.status == 409
    assert shop.stock(3) == before


def test_every_step_can_be_repeated(shop: Any) -> None:
    shop.put(2, 3, 2)
    placed = json.loads(shop.order(2).body)
    lines = [{"product_id": 3, "quantity": 2}]
    stock = shop.stock(3)
    tell(shop, "catalog", "reserve_stock", order_id=placed["id"], lines=lines)
    tell(shop, "catalog", "sell_reserved", order_id=placed["id"])
    tell(shop, "cart", "remove_ordered", order_id=placed["id"], account_id=2, lines=lines)
    captured = tell(shop, "payments", "capture_payment", order_id=placed["id"], account_id=2,
                    payment_id=placed["payment_id"], card_token="tok_approve",
                    amount_minor=placed["total"]["amount_minor"])
    assert json.loads(captured.body) == {"status": "captured"}
    assert shop.stock(3) == stock
    assert shop.bank.kinds() == ["capture"]


def test_a_capture_that_arrives_after_its_void_takes_no_money(shop: Any) -> None:
    order, payment = "6f1fd2bf-5b1c-4c0e-8f0a-1f9bd0c3f112", "6f1fd2bf-5b1c-4c0e-8f0a-1f9bd0c3f113"
    ref = {"order_id": order, "payment_id": payment, "account_id": 2, "amount_minor": 100}
    tell(shop, "payments", "void_payment", **ref)
    assert tell(shop, "payments", "capture_payment", **ref, card_token="tok_approve").status == 503
    shop.resume()
    assert shop.bank.kinds() == ["void"]
    assert shop.rows("payments", "SELECT status FROM payments") == [("voided",)]


def test_a_capture_that_ends_while_it_is_settled_does_not_call_a_refund_a_capture(
        shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.put(2, 3, 2)
    shop.wire.crash_before = "capture_payment"
    with pytest.raises(shop.wire.Crash):
        shop.order(2)
    shop.wire.heal()
    order, payment, amount = shop.rows(
        "orders", "SELECT id, payment_id, total_minor FROM orders")[0]
    void, meanwhile = Bank.void, []

    async def void_late(bank: Bank, key: Any) -> None:
        """The charge reaches the bank just before the void; its answer just before the void's."""
        meanwhile.append(await shop.wire.inner.send(
            "payments", "POST", "/internal/capture_payment",
            shop.headers(**{"X-Service-Token": "s3cret"}), json.dumps({
                "order_id": str(order), "payment_id": str(payment), "account_id": 2,
                "amount_minor": amount, "card_token": "tok_approve"}).encode()))
        await void(bank, key)

    monkeypatch.setattr(Bank, "void", void_late)
    shop.resume()
    monkeypatch.setattr(Bank, "void", void)
    assert [answer.status for answer in meanwhile] == [503]
    shop.resume()
    shop.assert_consistent()


def test_cancelling_refunds_and_puts_the_stock_back_once(shop: Any) -> None:
    before = shop.stock(3)
    shop.put(2, 3, 2)
    placed = json.loads(shop.order(2).body)
    for _ in range(2):
        answer = shop.ask("POST", f"/api/orders/{placed['id']}/cancel", 2)
        assert json.loads(answer.body)["status"] == "cancelled"
    assert shop.stock(3) == before
    assert shop.bank.kinds() == ["capture", "refund"]
    shop.assert_consistent({placed["id"]})


@pytest.mark.parametrize("step", ["refund_payment", "take_back"])
@pytest.mark.parametrize("how", ["silent", "lost_answers", "crash_before", "crash_after"])
def test_a_cancellation_that_stopped_half_way_is_completed(shop: Any, step: str,
                                                           how: str) -> None:
    before = shop.stock(3)
    shop.put(2, 3, 2)
    placed = json.loads(shop.order(2).body)
    setattr(shop.wire, how, step if how.startswith("crash") else {step})
    orders = shop.service("orders")
    shown = models.Order.model_validate_json(
        shop.ask("GET", f"/api/orders/{placed['id']}", 2).body)
    with pytest.raises((shop.wire.Crash, StoreError)):
        shop.run(cancel_order(orders.database, orders.peers, orders.fault, 2, shown.id))
    assert json.loads(shop.ask("GET", f"/api/orders/{placed['id']}", 2).body)["status"] \
        == "cancelling"
    shop.wire.heal()
    shop.resume()
    assert shop.stock(3) == before
    shop.assert_consistent({placed["id"]})


def placed_and_not_sold(shop: Any) -> Any:
    """A confirmed order of which the catalog has not heard yet."""
    shop.put(2, 3, 2)
    shop.wire.silent = {"sell_reserved"}
    placed = json.loads(shop.order(2).body)
    shop.wire.heal()
    return placed


def test_an_order_cancelled_before_its_stock_was_sold_comes_back_whole(shop: Any) -> None:
    before = shop.stock(3)
    placed = placed_and_not_sold(shop)
    shop.ask("POST", f"/api/orders/{placed['id']}/cancel", 2)
    shop.resume()
    assert shop.stock(3) == before
    shop.assert_consistent({placed["id"]})


def test_an_order_cancelled_while_its_stock_is_being_sold_comes_back_whole(shop: Any) -> None:
    before = shop.stock(3)
    placed = placed_and_not_sold(shop)
    order_id, catalog, orders = UUID(placed["id"]), shop.service("catalog"), shop.service("orders")

    async def cancel_during_sale() -> None:
        async with catalog.database.transaction() as sale:
            lines = await catalog_queries.move_held(sale, order_id, "held", "sold")
            await catalog_queries.sell(sale, lines)
            cancel = asyncio.create_task(
                cancel_order(orders.database, orders.peers, orders.fault, 2, order_id))
            while not shop.rows("catalog", "SELECT 1 FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
        await cancel

    shop.run(cancel_during_sale())
    assert shop.stock(3) == before
    shop.resume()
    shop.assert_consistent({placed["id"]})


def test_two_resumers_do_not_get_in_each_others_way(shop: Any) -> None:
    for account in range(2, 8):
        shop.put(account, 3)
        shop.wire.crash_after = "capture_payment"
        with pytest.raises(shop.wire.Crash):
            shop.order(account)
    shop.wire.heal()
    orders = shop.service("orders")

    async def both() -> None:
        await asyncio.gather(*(resume_checkouts(orders.database, orders.peers, Leases(10))
                               for _ in range(3)))

    shop.run(both())
    shop.resume()
    assert shop.bank.kinds() == ["capture"] * 6
    shop.assert_consistent()


def tell(shop: Any, service: str, operation: str, **message: Any) -> Any:
    headers = shop.headers(**{"X-Service-Token": "s3cret"})
    return shop.run(shop.wire.inner.send(service, "POST", f"/internal/{operation}", headers,
                                         json.dumps(message).encode()))
