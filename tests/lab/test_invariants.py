"""The auditor finds each planted violation, and nothing in clean books."""

from __future__ import annotations

import gzip
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.bank import LedgerEntry
from lab.audit.auditor import audit
from lab.audit.books import Books, CartLine, Checkout, Line, Order, Payment, Reservation, Stock
from lab.audit.invariants import check_all, is_settled
from lab.audit.kept import acknowledged_in, keep, read_kept

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def _entry(key: str, kind: str, amount: int) -> LedgerEntry:
    return LedgerEntry.model_validate({"key": key, "kind": kind, "amount_minor": amount})


CLEAN = Books(
    stock=[Stock(1, 10, 8, 0, 2), Stock(2, 5, 5, 0, 0)],
    orders=[
        Order("paid", 7, "confirmed", 400, "p1", T0),
        Order("refused", 8, "rejected", 300, "p2", T0),
        Order("back", 9, "cancelled", 100, "p3", T0),
    ],
    lines=[Line("paid", 1, 2, 200), Line("refused", 2, 1, 300), Line("back", 2, 1, 100)],
    checkouts=[Checkout(7, "paid", 201, "done", "k-7"),
               Checkout(8, "refused", 402, "undone", "k-8"),
               Checkout(9, "back", 201, "done", "k-9")],
    payments=[Payment("p1", "paid", 400, "captured"), Payment("p2", "refused", 300, "declined"),
              Payment("p3", "back", 100, "refunded")],
    cart=[CartLine(8, 2, 1, T0 - timedelta(seconds=5)),
          CartLine(7, 1, 1, T0 + timedelta(seconds=5))],
    reservations=[Reservation("paid", 1, 2, "sold"), Reservation("refused", 2, 1, "released"),
                  Reservation("back", 2, 1, "returned")],
    ledger=[_entry("paid", "capture", 400), _entry("refused", "decline", 300),
            _entry("back", "capture", 100), _entry("back", "refund", 100)],
    received={1: 10, 2: 5},
    acknowledged={"paid", "back"},
    called_off={"back"},
    wishes={"paid": "journey 1", "back": "journey 2"},
    puts={7: 1, 8: 1, 9: 1, 10: 1},  # journey 10 went away without an order
)


def _with_order(order: Order, lines: list[Line], key: str) -> Books:
    """Clean books and one order more, confirmed: everything about it is right."""
    total = order.total_minor or 0
    pieces = {stock.product_id: sum(line.quantity for line in lines
                                    if line.product_id == stock.product_id)
              for stock in CLEAN.stock}
    return replace(
        CLEAN,
        stock=[replace(s, on_hand=s.on_hand - pieces[s.product_id],
                       sold=s.sold + pieces[s.product_id]) for s in CLEAN.stock],
        orders=[*CLEAN.orders, order], lines=[*CLEAN.lines, *lines],
        checkouts=[*CLEAN.checkouts, Checkout(order.account_id, order.id, 201, "done", key)],
        payments=[*CLEAN.payments,
                  Payment(order.payment_id or "", order.id, total, "captured")],
        reservations=[*(CLEAN.reservations or []),
                      *(Reservation(line.order_id, line.product_id, line.quantity, "sold")
                        for line in lines)],
        ledger=[*CLEAN.ledger, _entry(order.id, "capture", total)])


AGAIN = replace(
    _with_order(Order("again", 7, "confirmed", 500, "p4", T0 + timedelta(seconds=2)),
                [Line("again", 1, 2, 200), Line("again", 2, 1, 100)], "k-11"),
    puts={**CLEAN.puts, 11: 1})
"""Journey 11 put product 2, and bought what journey 7 had bought before once more."""


def _answered(number: int, status: int | None) -> Books:
    checkouts = list(CLEAN.checkouts)
    checkouts[number] = replace(checkouts[number], response_status=status)
    return replace(CLEAN, checkouts=checkouts)


CLEAN_RESERVED = CLEAN.reservations or []


def _reserved(reservations: list[Reservation]) -> Books:
    return replace(CLEAN, reservations=reservations)


PLANTED = [
    pytest.param(replace(CLEAN, stock=[Stock(1, 10, -1, 0, 11), CLEAN.stock[1]]), "I1",
                 id="oversold product"),
    pytest.param(replace(CLEAN, stock=[Stock(1, 10, 7, 0, 2), CLEAN.stock[1]]), "I1",
                 id="a piece vanished"),
    pytest.param(replace(CLEAN, stock=[Stock(1, 11, 9, 0, 2), CLEAN.stock[1]]), "I1",
                 id="a piece appeared"),
    pytest.param(replace(CLEAN, received={**CLEAN.received, 3: 4}), "I1", id="a product gone"),
    pytest.param(replace(CLEAN, acknowledged={"paid", "back", "lost"}), "I2", id="lost order"),
    pytest.param(replace(CLEAN, called_off={"back", "paid"}), "I2", id="lost cancellation"),
    pytest.param(_answered(0, 503), "I2", id="paid, told refused"),
    pytest.param(_answered(0, None), "I2", id="paid, no answer kept"),
    pytest.param(_answered(2, 402), "I2", id="paid and cancelled, told refused"),
    pytest.param(_answered(1, 201), "I2", id="rejected, told placed"),
    pytest.param(replace(CLEAN, checkouts=[*CLEAN.checkouts, Checkout(9, "no", 201, "done")]),
                 "I2", id="no order, told placed"),
    pytest.param(replace(CLEAN, ledger=[*CLEAN.ledger, _entry("paid", "capture", 400)]), "I3",
                 id="double capture"),
    pytest.param(replace(CLEAN, checkouts=[
        *CLEAN.checkouts[:2], Checkout(7, "back", 201, "done", "k-7")]), "I3",
        id="one key, two orders captured"),
    pytest.param(replace(CLEAN, checkouts=CLEAN.checkouts[1:]), "I3",
                 id="captured under no key"),
    pytest.param(replace(CLEAN, wishes=dict.fromkeys(CLEAN.wishes, "journey 1")), "I3",
                 id="asked twice, told of two orders"),
    pytest.param(replace(CLEAN, ledger=[_entry("paid", "capture", 399), *CLEAN.ledger[1:]]),
                 "I4", id="wrong amount"),
    pytest.param(replace(CLEAN, ledger=[*CLEAN.ledger, _entry("paid", "refund", 400)]), "I4",
                 id="confirmed but refunded"),
    pytest.param(replace(CLEAN, lines=[replace(CLEAN.lines[0], unit_price_minor=199),
                                       *CLEAN.lines[1:]]), "I4", id="lines of another total"),
    pytest.param(replace(CLEAN, lines=[*CLEAN.lines[:2], replace(CLEAN.lines[2], quantity=2)]),
                 "I4", id="cancelled, lines of another total"),
    pytest.param(replace(CLEAN, lines=CLEAN.lines[1:]), "I4", id="an order without lines"),
    pytest.param(replace(CLEAN, payments=[replace(CLEAN.payments[0], amount_minor=1),
                                          *CLEAN.payments[1:]]), "I4", id="payment of a cent"),
    pytest.param(replace(CLEAN, payments=[CLEAN.payments[0],
                                          replace(CLEAN.payments[1], amount_minor=301),
                                          CLEAN.payments[2]]), "I4",
                 id="declined payment of another amount"),
    pytest.param(replace(CLEAN, ledger=[*CLEAN.ledger[:2], _entry("back", "capture", 9),
                                        _entry("back", "refund", 9)]), "I4",
                 id="cancelled, another amount captured and refunded"),
    pytest.param(replace(CLEAN, ledger=[*CLEAN.ledger[:1], _entry("refused", "capture", 9),
                                        _entry("refused", "refund", 9), *CLEAN.ledger[2:]]),
                 "I4", id="rejected, another amount captured and refunded"),
    pytest.param(replace(CLEAN, ledger=[*CLEAN.ledger, _entry("stranger", "capture", 5)]), "I5",
                 id="a charge without an order"),
    pytest.param(replace(CLEAN, cart=[*CLEAN.cart[:1],
                                      CartLine(7, 1, 2, T0 - timedelta(seconds=1))]), "I6",
                 id="cart not emptied"),
    pytest.param(replace(CLEAN, cart=CLEAN.cart[1:]), "I6", id="cart of a rejected order emptied"),
    pytest.param(AGAIN, "I6", id="the same cart bought twice"),
    pytest.param(replace(CLEAN, payments=CLEAN.payments[1:]), "I7", id="paid without a payment"),
    pytest.param(replace(CLEAN, payments=[*CLEAN.payments[:1], *CLEAN.payments[2:]]), "I7",
                 id="rejected without a payment"),
    pytest.param(replace(CLEAN, payments=CLEAN.payments[:2]), "I7",
                 id="cancelled without a payment"),
    pytest.param(replace(CLEAN, payments=[replace(CLEAN.payments[0], id="p9"),
                                          *CLEAN.payments[1:]]), "I7",
                 id="not the payment that the order names"),
    pytest.param(replace(CLEAN, payments=[*CLEAN.payments, Payment("p9", "paid", 0, "captured")]),
                 "I7", id="a second payment"),
    pytest.param(replace(CLEAN, stock=[Stock(1, 10, 7, 1, 2), CLEAN.stock[1]]), "I7",
                 id="orphan reservation"),
    pytest.param(replace(CLEAN, payments=[*CLEAN.payments, Payment("p4", "nobody", 1, "captured")]),
                 "I7", id="orphan payment"),
    pytest.param(replace(CLEAN, orders=[replace(CLEAN.orders[0], status="pending"),
                                        *CLEAN.orders[1:]]), "I7", id="order stuck"),
    pytest.param(replace(CLEAN, checkouts=[*CLEAN.checkouts[:1],
                                           replace(CLEAN.checkouts[1], state="undoing"),
                                           *CLEAN.checkouts[2:]]), "I7", id="checkout stuck"),
]
"""Books with one thing wrong, and the invariant that says so."""

UNRESERVED = [
    pytest.param(_reserved(CLEAN_RESERVED[1:]), id="sold without a reservation"),
    pytest.param(_reserved([Reservation("paid", 2, 2, "sold"), *CLEAN_RESERVED[1:]]),
                 id="another product reserved"),
    pytest.param(_reserved([Reservation("paid", 1, 1, "sold"), *CLEAN_RESERVED[1:]]),
                 id="another quantity reserved"),
    pytest.param(_reserved([Reservation("paid", 1, 2, "returned"), *CLEAN_RESERVED[1:]]),
                 id="confirmed and returned"),
    pytest.param(_reserved([*CLEAN_RESERVED, Reservation("paid", 2, 1, "sold")]),
                 id="reserved beyond what was ordered"),
    pytest.param(_reserved([*CLEAN_RESERVED, Reservation("nobody", 2, 1, "sold")]),
                 id="reserved for no order"),
    pytest.param(_reserved([*CLEAN_RESERVED[:2], Reservation("back", 2, 2, "returned")]),
                 id="cancelled and more returned than ordered"),
]
"""Wrong where the store has reservations: I7."""


def _violated(books: Books) -> set[str]:
    return {finding.invariant for finding in check_all(books) if finding.violations}


def test_clean_books_have_no_violation_and_something_was_looked_at() -> None:
    findings = check_all(CLEAN)
    assert [finding.invariant for finding in findings] == [f"I{n}" for n in range(1, 8)]
    assert all(finding.violations == 0 and finding.checked > 0 for finding in findings)
    assert is_settled(CLEAN)


@pytest.mark.parametrize(("planted", "found"), PLANTED)
def test_a_planted_violation_is_found(planted: Books, found: str) -> None:
    assert found in _violated(planted)


@pytest.mark.parametrize("planted", UNRESERVED)
def test_a_reservation_that_is_not_as_its_order_is_found(planted: Books) -> None:
    assert _violated(planted) == {"I7"}


def test_an_order_that_was_cancelled_before_its_sale_may_have_no_reservation() -> None:
    assert _violated(_reserved(CLEAN_RESERVED[:1])) == set()


def test_a_charge_that_was_voided_is_as_its_order_rejected() -> None:
    """The bank captured, the store did not hear of it, answered 503 and voided."""
    books = _answered(1, 503)
    assert _violated(replace(
        books, payments=[CLEAN.payments[0], Payment("p2", "refused", 300, "voided"),
                         CLEAN.payments[2]],
        ledger=[*CLEAN.ledger, _entry("refused", "capture", 300),
                _entry("refused", "refund", 300)])) == set()


def test_a_checkout_that_was_refused_before_there_was_an_order_is_no_loss() -> None:
    out_of_stock = Checkout(9, "none", 409, "undone", "k-12")
    assert _violated(replace(CLEAN, checkouts=[*CLEAN.checkouts, out_of_stock])) == set()


def test_an_order_under_way_has_no_answer_yet_and_no_payment() -> None:
    """Stuck, but nothing else is wrong with it."""
    pending = replace(
        CLEAN, orders=[*CLEAN.orders, Order("new", 9, "pending", 100, "p4", T0)],
        lines=[*CLEAN.lines, Line("new", 2, 1, 100)],
        checkouts=[*CLEAN.checkouts, Checkout(9, "new", None, "paying", "k-13")])
    assert _violated(pending) == {"I7"}
    assert check_all(pending)[6].violations == 2  # the order and its checkout


def test_what_is_bought_twice_is_found_even_if_all_else_adds_up() -> None:
    assert _violated(AGAIN) == {"I6"}
    found = check_all(AGAIN)[5]
    assert found.detail == ("2 lines more were bought or are in carts than their accounts put, 1 "
                            "were put by nobody knows whom: 7 (2)")
    assert is_settled(AGAIN)  # nothing will change any more


def test_what_was_put_twice_may_be_bought_twice() -> None:
    assert _violated(replace(AGAIN, puts={**AGAIN.puts, 11: 2})) == set()
    assert _violated(replace(AGAIN, puts={**AGAIN.puts, 14: 1})) == set()  # whose was that?


def test_books_that_were_kept_without_what_was_put_say_nothing_of_it() -> None:
    assert _violated(replace(AGAIN, puts={})) == set()


def test_a_later_order_that_was_cancelled_had_taken_what_a_rejected_one_left() -> None:
    later = Order("later", 8, "cancelled", 300, "p4", T0 + timedelta(seconds=1))
    books = replace(
        CLEAN, orders=[*CLEAN.orders, later], cart=CLEAN.cart[1:],
        lines=[*CLEAN.lines, Line("later", 2, 1, 300)],
        checkouts=[*CLEAN.checkouts, Checkout(8, "later", 201, "done", "again-8")],
        payments=[*CLEAN.payments, Payment("p4", "later", 300, "refunded")],
        ledger=[*CLEAN.ledger, _entry("later", "capture", 300), _entry("later", "refund", 300)])
    assert _violated(books) == set()


def test_the_auditor_waits_until_the_store_has_come_to_rest() -> None:
    busy = replace(CLEAN, checkouts=[Checkout(7, "paid", None, "paying"), *CLEAN.checkouts[1:]])
    answers = iter([busy, busy, CLEAN, CLEAN])
    now = iter(range(100))
    found = audit(lambda: next(answers), 60, lambda: float(next(now)), lambda _: None)
    assert found.time_to_consistent_s > 0
    assert found.consistent_at_s is not None
    assert 0 < found.consistent_at_s < 100
    assert found.books == CLEAN
    assert not any(finding.violations for finding in found.findings)


def test_a_store_that_still_has_to_give_money_back_is_not_settled() -> None:
    """It has answered 503 and let the pieces go; payments did not hear of it yet."""
    undoing = replace(
        CLEAN, checkouts=[CLEAN.checkouts[0], Checkout(8, "refused", 503, "undoing"),
                          CLEAN.checkouts[2]],
        payments=[CLEAN.payments[0], Payment("p2", "refused", 300, "captured"),
                  CLEAN.payments[2]],
        ledger=[*CLEAN.ledger, _entry("refused", "capture", 300)])
    assert not is_settled(undoing)
    assert _violated(undoing) == {"I5", "I7"}
    answers, now = iter([undoing, undoing, CLEAN, CLEAN]), iter(range(100))
    found = audit(lambda: next(answers), 60, lambda: float(next(now)), lambda _: None)
    assert not any(finding.violations for finding in found.findings)


def test_books_that_were_read_while_something_moved_are_read_again() -> None:
    """The bank's ledger was read first; then an order was paid and confirmed."""
    torn = replace(CLEAN, ledger=CLEAN.ledger[1:])
    assert is_settled(torn)
    assert _violated(torn) == {"I4", "I5"}
    answers, now = iter([torn, CLEAN, CLEAN]), iter(range(100))
    found = audit(lambda: next(answers), 60, lambda: float(next(now)), lambda _: None)
    assert found.books == CLEAN
    assert not any(finding.violations for finding in found.findings)


def test_what_is_lost_stays_lost_when_it_is_read_again() -> None:
    torn, now = replace(CLEAN, ledger=CLEAN.ledger[1:]), iter(range(100))
    found = audit(lambda: torn, 60, lambda: float(next(now)), lambda _: None)
    assert {finding.invariant for finding in found.findings if finding.violations} == {"I4", "I5"}


def test_a_store_that_never_rests_is_audited_as_it_is() -> None:
    stuck = replace(CLEAN, orders=[replace(CLEAN.orders[0], status="pending"), *CLEAN.orders[1:]])
    now = iter(range(1000))
    found = audit(lambda: stuck, 30, lambda: float(next(now)), lambda _: None)
    assert found.time_to_consistent_s >= 30
    assert found.consistent_at_s is None
    assert "I7" in {finding.invariant for finding in found.findings if finding.violations}


def test_books_are_kept_whole_and_checked_again(tmp_path: Path) -> None:
    broken = replace(CLEAN, stock=[replace(CLEAN.stock[0], on_hand=-1), *CLEAN.stock[1:]])
    for books in (CLEAN, broken):
        keep(books, tmp_path / "books.json.gz")
        kept = read_kept(tmp_path / "books.json.gz")
        assert kept == books
        assert check_all(kept) == check_all(books)


def test_a_client_that_asked_twice_wished_for_one_order(tmp_path: Path) -> None:
    path = tmp_path / "requests.parquet"
    _write_requests(path, [
        ("place_order", 201, "a", 1, 1.0), ("place_order", 201, "b", 1, 1.0),
        ("cancel_order", 200, "b", 1, 1.0), ("place_order", 201, "c", 2, 1.0),
        ("place_order", 201, "c", 2, 1.0), ("place_order", 409, "", 3, 1.0)])
    told = acknowledged_in(path)
    assert (told.placed, told.cancelled) == ({"a", "b", "c"}, {"b"})
    found = check_all(replace(CLEAN, acknowledged=set(told.placed), wishes=told.wishes))[2]
    assert (found.violations, found.detail) == (1, "journey 1 was told of 2 orders")


def test_what_may_have_been_put_is_what_was_sent_and_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "requests.parquet"
    _write_requests(path, [
        ("put_item", 200, "", 1, 1.0), ("put_item", 200, "", 1, 2.0),
        ("put_item", 0, "", 2, 1.0),  # nothing was heard: it may have been put
        ("put_item", 503, "", 3, 1.0),
        ("put_item", 409, "", 4, 1.0), ("put_item", 404, "", 5, 1.0),
        ("put_item", 0, "", 6, math.nan),  # never sent
        ("show_cart", 200, "", 7, 1.0)])
    assert acknowledged_in(path).puts == {1: 2, 2: 1, 3: 1}


def _write_requests(path: Path, rows: list[tuple[str, int, str, int, float]]) -> None:
    names = ["endpoint", "status", "reference", "journey_no", "send_s"]
    pq.write_table(pa.table([list(column) for column in zip(*rows, strict=True)],
                            names=names), path)


def test_spoilt_books_are_refused(tmp_path: Path) -> None:
    (tmp_path / "books.json.gz").write_bytes(gzip.compress(b'{"stock": 1}'))
    with pytest.raises(ValueError, match="stock"):
        read_kept(tmp_path / "books.json.gz")
