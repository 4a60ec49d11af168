"""Checkout: paid once, answered alike each time, undone or finished whatever happens between."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from contract.errors import BankUnavailable, CartEmpty, DatabaseUnavailable
from monolith.orders import operations as orders
from monolith.orders import queries
from monolith.payments.bank import Bank
from tests.monolith.conftest import code

SILENT = "http://127.0.0.1:1"


class Crash(BaseException):
    """The process ends here."""


def resume(shop: Any) -> None:
    orders.resume_checkouts(shop.store.database, shop.store.bank, shop.store.leases)


def expire_leases(shop: Any) -> None:
    shop.rows("UPDATE checkouts SET lease_until = now() - interval '1 s' RETURNING 1")


def assert_books_balance(shop: Any) -> None:
    """Nothing is stuck, and what the bank holds is what confirmed orders cost."""
    assert shop.rows("SELECT id FROM orders WHERE status IN ('pending', 'cancelling')") == []
    assert shop.rows("SELECT id FROM products WHERE reserved <> 0") == []
    assert shop.rows("SELECT id FROM payments "
                     "WHERE status IN ('pending', 'voiding', 'refunding')") == []
    assert shop.rows("SELECT order_id FROM checkouts WHERE response_status IS NULL") == []
    kinds = shop.bank.kinds()
    confirmed = shop.rows("SELECT count(*) FROM orders WHERE status = 'confirmed'")[0][0]
    assert kinds.count("capture") - kinds.count("refund") == confirmed


def test_an_order_is_paid_confirmed_and_leaves_the_cart(shop: Any) -> None:
    on_hand = shop.stock(3)[0]
    shop.put(2, 3, 2)
    answer = shop.order(2)
    assert answer.status_code == 201
    order = json.loads(answer.data)
    assert order["status"] == "confirmed"
    assert shop.stock(3) == (on_hand - 2, 0, 2)
    assert json.loads(shop.ask("GET", "/api/cart", 2).data)["items"] == []
    payment = json.loads(shop.ask("GET", f"/api/payments/{order['payment_id']}", 2).data)
    assert (payment["status"], payment["amount"]) == ("captured", order["total"])
    assert shop.ask("GET", f"/api/orders/{order['id']}", 3).status_code == 404
    assert shop.ask("GET", f"/api/payments/{order['payment_id']}", 3).status_code == 404
    assert_books_balance(shop)


@pytest.mark.parametrize(("card", "status", "problem"), [
    ("tok_decline", 402, "card_declined"), ("tok_error", 503, "bank_unavailable"),
])
def test_a_refused_payment_gives_the_stock_back_and_keeps_the_cart(
    shop: Any, card: str, status: int, problem: str
) -> None:
    before = shop.stock(1)
    shop.put(2, 1, 3)
    answer = shop.order(2, card)
    assert (answer.status_code, code(answer)) == (status, problem)
    assert shop.stock(1) == before
    assert len(json.loads(shop.ask("GET", "/api/cart", 2).data)["items"]) == 1
    assert json.loads(shop.ask("GET", "/api/orders", 2).data)["total"] == 0
    resume(shop)
    assert_books_balance(shop)


def test_a_charge_that_came_too_late_is_voided_by_the_resumer(open_shop: Any) -> None:
    shop = open_shop(bank_deadline_s=0.3)
    shop.put(2, 1)
    assert code(shop.order(2, "tok_slow")) == "bank_unavailable"
    resume(shop)
    assert shop.rows("SELECT status FROM payments") == [("voided",)]
    assert_books_balance(shop)


def test_a_silent_bank_is_asked_again_until_it_answers(open_shop: Any) -> None:
    shop, cut_off = open_shop(), open_shop(bank_url=SILENT)
    cut_off.put(2, 1)
    assert cut_off.order(2).status_code == 503
    with pytest.raises(BankUnavailable):
        resume(cut_off)
    assert shop.rows("SELECT status FROM payments") == [("voiding",)]
    resume(shop)
    assert_books_balance(shop)


def test_too_little_stock_reserves_nothing(shop: Any) -> None:
    shop.set_stock(2, 1)
    before = shop.stock(1)
    shop.put(2, 1)
    shop.put(2, 2, 2)
    key = uuid.uuid4().hex
    answer = shop.order(2, key=key)
    assert (answer.status_code, code(answer)) == (409, "out_of_stock")
    assert shop.stock(1) == before
    shop.set_stock(2, 5)
    assert shop.order(2, key=key).data == answer.data
    assert shop.bank.kinds() == []


def test_an_empty_cart_leaves_the_key_free(shop: Any) -> None:
    assert code(shop.order(2, key="k")) == "cart_empty"
    shop.put(2, 1)
    assert shop.order(2, key="k").status_code == 201


@pytest.mark.parametrize("card", ["tok_approve", "tok_decline", "tok_error"])
def test_the_same_key_gets_the_same_bytes_and_another_body_is_refused(
    shop: Any, card: str
) -> None:
    shop.put(2, 1)
    first, again = shop.order(2, card, "k"), shop.order(2, card, "k")
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert first.content_type == again.content_type
    assert code(shop.order(2, "tok_slow", "k")) == "idempotency_key_reused"
    assert shop.bank.kinds().count("capture") <= 1


def test_a_key_belongs_to_its_account(shop: Any) -> None:
    for account in (2, 3):
        shop.put(account, 1)
        assert shop.order(account, key="k").status_code == 201
    assert shop.bank.kinds() == ["capture", "capture"]


def test_the_same_key_at_once_pays_once(shop: Any) -> None:
    shop.put(2, 1)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: shop.order(2, key="k"), range(6)))
    assert {(a.status_code, code(a) if a.status_code != 201 else "") for a in answers} <= {
        (201, ""), (409, "checkout_in_progress")}
    assert shop.bank.kinds() == ["capture"]
    assert_books_balance(shop)


def test_no_connection_is_held_while_the_bank_is_waited_for(open_shop: Any) -> None:
    shop = open_shop(database_pool=1)
    shop.put(2, 1)
    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(shop.order, 2, "tok_slow")
        until_reserved = threading.Event()
        while shop.rows("SELECT 1 FROM orders") == []:
            until_reserved.wait(0.01)
        assert shop.ask("GET", "/api/products/1").status_code == 200
        assert not paying.done()
        assert paying.result().status_code == 201


def test_ten_pieces_are_sold_ten_times_to_thirty_buyers(shop: Any) -> None:
    shop.set_stock(5, 10)
    buyers = range(2, 32)
    for account in buyers:
        shop.put(account, 5)
    with ThreadPoolExecutor(30) as pool:
        statuses = list(pool.map(lambda account: shop.order(account).status_code, buyers))
    assert (statuses.count(201), statuses.count(409)) == (10, 20)
    assert shop.stock(5) == (0, 0, 10)
    assert_books_balance(shop)


def test_carts_that_overlap_do_not_wait_for_each_other_forever(shop: Any) -> None:
    buyers = range(2, 22)
    for account in buyers:
        for product in (range(1, 6) if account % 2 else range(5, 0, -1)):
            shop.put(account, product)
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda account: shop.order(account).status_code, buyers))
    assert statuses == [201] * 20
    assert_books_balance(shop)


CRASHES = [
    # (where the process ends, status of the order after resuming)
    ("_begin", "before", None),
    ("_begin", "after", "rejected"),
    ("capture_payment", "after", "confirmed"),
    ("_finish", "inside", "confirmed"),
    ("_finish", "after", "confirmed"),
]


@pytest.mark.parametrize(("place", "when", "status"), CRASHES)
def test_a_crash_loses_nothing_that_was_paid(
    shop: Any, monkeypatch: pytest.MonkeyPatch, place: str, when: str, status: str | None
) -> None:
    def crash(step: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*given: Any, **named: Any) -> Any:
            if when != "before":
                step(*given, **named)
            raise Crash

        return stepping

    owner = orders.payments if place == "capture_payment" else orders
    name = "_confirm" if when == "inside" else place
    shop.put(2, 1, 2)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, crash(getattr(owner, name)))
        with pytest.raises(Crash):
            shop.order(2, key="k")
    resume(shop)  # the lease still runs: nobody interferes
    expire_leases(shop)
    resume(shop)
    assert shop.rows("SELECT status FROM orders") == ([(status,)] if status else [])
    assert_books_balance(shop)
    replayed = shop.order(2, key="k")
    assert replayed.status_code == (503 if status == "rejected" else 201)
    assert_books_balance(shop)


def test_who_lost_the_lease_does_not_confirm_what_was_refunded(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resumer saw no charge; it comes now, is captured, and then the resumer's void."""
    shop.put(2, 1)
    charge, find = Bank.charge, Bank.find
    charged, may_settle = threading.Event(), threading.Event()

    def late_charge(bank: Bank, *given: Any) -> Any:
        may_settle.wait(10)
        outcome = charge(bank, *given)
        charged.set()
        return outcome

    def find_then_wait(bank: Bank, key: uuid.UUID) -> Any:
        found = find(bank, key)
        may_settle.set()
        charged.wait(10)
        buying.result(10)
        return found

    monkeypatch.setattr(Bank, "charge", late_charge)
    monkeypatch.setattr(Bank, "find", find_then_wait)
    with ThreadPoolExecutor(1) as pool:
        buying = pool.submit(shop.order, 2, "tok_approve", "k")
        waiting = threading.Event()
        while shop.rows("SELECT 1 FROM orders") == []:
            waiting.wait(0.01)
        expire_leases(shop)
        resume(shop)
        assert code(buying.result()) == "checkout_in_progress"
    assert shop.rows("SELECT status FROM orders") == [("rejected",)]
    assert_books_balance(shop)
    assert shop.order(2, key="k").status_code == 503


def test_a_void_that_arrives_late_refunds_nothing_that_was_confirmed(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resumer saw no charge; its void is slower than the deadline, the charge is not."""
    shop.put(2, 1)
    charge, void = Bank.charge, Bank.void
    may_charge, waiting = threading.Event(), threading.Event()
    late: list[uuid.UUID] = []

    def late_charge(bank: Bank, *given: Any) -> Any:
        may_charge.wait(10)
        return charge(bank, *given)

    def late_void(_bank: Bank, key: uuid.UUID) -> None:
        late.append(key)
        raise BankUnavailable

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patched:
        patched.setattr(Bank, "charge", late_charge)
        patched.setattr(Bank, "void", late_void)
        buying = pool.submit(shop.order, 2, "tok_approve", "k")
        while shop.rows("SELECT 1 FROM orders") == []:
            waiting.wait(0.01)
        expire_leases(shop)
        with pytest.raises(BankUnavailable):
            resume(shop)
        may_charge.set()
        assert code(buying.result()) == "checkout_in_progress"
    resume(shop)
    void(shop.store.bank, late[0])
    assert shop.rows("SELECT status FROM orders") == [("rejected",)]
    assert_books_balance(shop)


def test_a_resumer_that_lost_its_lease_refunds_nothing_that_another_confirms(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One resumer sees no charge and stands still; the charge lands; the next one sees it."""
    shop.put(2, 1)
    charge, find, void = Bank.charge, Bank.find, Bank.void
    settle = orders.payments.settle_payment
    may_charge, has_looked, may_go_on, is_voiding, may_void, waiting = (
        threading.Event() for _ in range(6))

    def late_charge(bank: Bank, *given: Any) -> Any:
        may_charge.wait(10)
        return charge(bank, *given)

    def find_then_stand_still(bank: Bank, key: uuid.UUID) -> Any:
        found, is_first = find(bank, key), not has_looked.is_set()
        has_looked.set()
        if is_first:
            may_go_on.wait(10)
        return found

    def late_void(bank: Bank, key: uuid.UUID) -> None:
        is_first = not is_voiding.is_set()
        is_voiding.set()
        if is_first:
            may_void.wait(10)
        void(bank, key)

    def settle_then_let_the_other_go_on(*given: Any) -> Any:
        outcome = settle(*given)
        may_go_on.set()
        is_voiding.wait(10)
        return outcome

    with ThreadPoolExecutor(2) as pool, monkeypatch.context() as patched:
        patched.setattr(Bank, "charge", late_charge)
        patched.setattr(Bank, "find", find_then_stand_still)
        patched.setattr(Bank, "void", late_void)
        buying = pool.submit(shop.order, 2, "tok_approve", "k")
        while shop.rows("SELECT 1 FROM orders") == []:
            waiting.wait(0.01)
        expire_leases(shop)
        stale = pool.submit(resume, shop)
        assert has_looked.wait(10)
        may_charge.set()
        assert code(buying.result(10)) == "checkout_in_progress"
        patched.setattr(orders.payments, "settle_payment", settle_then_let_the_other_go_on)
        expire_leases(shop)
        resume(shop)
        may_void.set()
        stale.result(10)
    resume(shop)
    assert shop.rows("SELECT status FROM orders") == [("rejected",)]
    assert shop.order(2, key="k").status_code == 503
    assert_books_balance(shop)


def test_a_transaction_whose_program_is_gone_without_a_word_ends(shop: Any) -> None:
    with shop.store.database.read() as connection:
        limit = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout")
        assert limit.scalar_one() == "1min"


def test_a_transaction_that_was_ended_for_standing_still_is_unavailable(shop: Any) -> None:
    def stand_still() -> None:
        with shop.store.database.transaction() as connection:
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 50")
            time.sleep(0.5)
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(DatabaseUnavailable):
        stand_still()


def test_a_defect_between_the_transactions_is_resumed(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.put(2, 1)

    def fail(*_: Any) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patched:
        patched.setattr(orders.payments, "capture_payment", fail)
        assert code(shop.order(2, key="k")) == "internal_error"
    assert code(shop.order(2, key="k")) == "checkout_in_progress"
    resume(shop)  # the request dropped its lease
    assert_books_balance(shop)


def test_nobody_waits_for_the_lease_of_a_request_that_lost_its_database(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.put(2, 1)
    with monkeypatch.context() as patched:
        patched.setattr(queries, "lock_checkout", _lose_the_database)
        assert code(shop.order(2, key="k")) == "database_unavailable"
        with pytest.raises(DatabaseUnavailable):  # whoever takes it over is failed as well
            resume(shop)
        patched.setattr(queries, "give_back", _lose_the_database)
        with pytest.raises(DatabaseUnavailable):
            resume(shop)
    resume(shop)
    assert shop.order(2, key="k").status_code == 201
    assert_books_balance(shop)
    assert not shop.store.leases.dropped


def test_a_checkout_that_could_not_be_finished_is_tried_again_soon(
    open_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, cut_off = open_shop(), open_shop(bank_url=SILENT)
    shop.put(2, 1)
    with monkeypatch.context() as patched:
        patched.setattr(orders.payments, "capture_payment", _die)
        with pytest.raises(Crash):
            shop.order(2, key="k")
    expire_leases(shop)
    with pytest.raises(BankUnavailable):
        resume(cut_off)
    with pytest.raises(BankUnavailable):
        resume(cut_off)
    _give_back(shop, cut_off.store.leases.dropped.popleft())
    resume(shop)
    assert_books_balance(shop)


def test_the_resumer_of_a_running_store_gives_dropped_leases_back(
    open_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop(resume_every_s=0.05, lease_s=60)
    shop.put(2, 1)
    with monkeypatch.context() as patched:
        patched.setattr(queries, "lock_checkout", _lose_the_database)
        assert code(shop.order(2, key="k")) == "database_unavailable"
    until = time.monotonic() + 20
    while (answer := shop.order(2, key="k")).status_code != 201:
        assert code(answer) == "checkout_in_progress"
        assert time.monotonic() < until, "nobody finishes it"
        time.sleep(0.05)
    assert_books_balance(shop)


def test_who_could_not_finish_leaves_the_lease_of_another_alone(shop: Any) -> None:
    shop.put(2, 1)
    assert shop.order(2, key="k").status_code == 201
    shop.rows("UPDATE checkouts SET response_status = NULL RETURNING 1")
    expire_leases(shop)
    first, second = (_take_over(shop, lease_s) for lease_s in (0, 60))
    assert first.order_id == second.order_id
    _give_back(shop, first)
    left = "SELECT lease_until > now() + interval '50 s' FROM checkouts"
    assert shop.rows(left) == [(True,)]
    _give_back(shop, second)
    assert shop.rows(left) == [(False,)]


def _take_over(shop: Any, lease_s: float) -> Any:
    with shop.store.database.transaction() as connection:
        return queries.take_over(connection, lease_s)


def _give_back(shop: Any, lease: Any) -> None:
    with shop.store.database.transaction() as connection:
        queries.give_back(connection, lease)


def _die(*_: Any) -> None:
    raise Crash


def _lose_the_database(*_: Any) -> None:
    raise DatabaseUnavailable


def test_what_was_put_into_the_cart_meanwhile_stays(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.put(2, 1, 2)
    capture = orders.payments.capture_payment

    def capture_while_shopping(*given: Any) -> Any:
        shop.put(2, 1, 5)
        shop.put(2, 4, 1)
        return capture(*given)

    monkeypatch.setattr(orders.payments, "capture_payment", capture_while_shopping)
    assert shop.order(2).status_code == 201
    items = json.loads(shop.ask("GET", "/api/cart", 2).data)["items"]
    assert [(item["product_id"], item["quantity"]) for item in items] == [(1, 3), (4, 1)]


def test_a_transaction_is_undone_whole_and_reads_do_not_open_one(shop: Any) -> None:
    database, ask = shop.store.database, text("SELECT now() = statement_timestamp()")

    def change_and_fail() -> None:
        with database.transaction() as connection:
            connection.execute(text("UPDATE products SET price_minor = 1"))
            raise CartEmpty

    with pytest.raises(CartEmpty):
        change_and_fail()
    assert shop.rows("SELECT count(*) FROM products WHERE price_minor = 1") == [(0,)]
    with database.read() as connection:  # the same connection, back from its transaction
        assert connection.execute(ask).scalar_one()
        assert connection.execute(ask).scalar_one()
    with database.transaction() as connection:
        connection.execute(ask)
        assert not connection.execute(ask).scalar_one()
