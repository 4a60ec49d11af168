"""The SQL that readers paste into psql finds what the auditor finds, on a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.bank import Ledger, LedgerEntry
from lab.audit.books import (
    Acknowledged,
    Books,
    CartLine,
    Checkout,
    Line,
    Order,
    Payment,
    Reservation,
    Stock,
    read_books,
    read_received,
)
from lab.audit.invariants import check_all
from lab.audit.script import books_as_tables, outside_as_tables, psql_script, statements_for
from lab.audit.statements import STATEMENTS
from lab.deploy.postgres import installed_programs
from tests.lab.test_invariants import CLEAN, PLANTED, T0, UNRESERVED
from tests.monolith.conftest import Shop

IDS = ("a", "b", "c", "d")
ORDER_STATES = ("pending", "confirmed", "cancelling", "cancelled", "rejected")
instants = st.integers(0, 3).map(lambda seconds: T0 + timedelta(seconds=seconds))
small = st.integers(-1, 3)


@st.composite
def some_books(draw: st.DrawFn) -> Books:
    """Books of a few orders in which nearly everything may be wrong."""
    def some(row: st.SearchStrategy[tuple[object, ...]], key: int) -> list[tuple[object, ...]]:
        return draw(st.lists(row, max_size=5, unique_by=lambda values: values[:key]))

    def of(*parts: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
        return st.tuples(*parts)

    ids, accounts, products = (st.sampled_from(values) for values in (IDS, (1, 2), (1, 2)))
    states = st.sampled_from(ORDER_STATES)
    states_on_the_way = st.sampled_from(["started", "undoing", "done", "undone"])
    paid = st.sampled_from(["pending", "captured", "refunded", "declined", "voided"])
    kept = st.sampled_from(["held", "sold", "released", "returned"])
    kinds = st.sampled_from(["capture", "refund", "decline", "void"])
    orders = [Order(*row) for row in some(  # type: ignore[arg-type]
        of(ids, accounts, states, st.none() | small, ids, instants), 1)]
    reservations = [Reservation(*row) for row in some(  # type: ignore[arg-type]
        of(ids, products, small, kept), 2)]
    wishes = draw(st.dictionaries(ids, st.sampled_from(["journey 1", "journey 2"])))
    return Books(
        stock=[Stock(*row) for row in some(  # type: ignore[arg-type]
            of(products, small, small, small, small), 1)],
        orders=sorted(orders, key=lambda order: (order.created_at, order.id)),
        lines=[Line(*row) for row in some(  # type: ignore[arg-type]
            of(ids, products, st.integers(1, 2), small), 2)],
        checkouts=[Checkout(account, order, *row) for order, account, *row in some(  # type: ignore
            of(ids, accounts, st.none() | st.sampled_from([201, 503]), states_on_the_way,
               st.none() | st.sampled_from(["k", "k-1", "k-1-2", "-12345678901"])), 1)],
        payments=[Payment(*row) for row in some(of(ids, ids, small, paid), 1)],  # type: ignore[arg-type]
        cart=[CartLine(*row) for row in some(  # type: ignore[arg-type]
            of(accounts, products, st.integers(1, 2), instants), 2)],
        reservations=draw(st.sampled_from([None, reservations])),
        ledger=[_moved(*row) for row in draw(st.lists(st.tuples(ids, kinds, small), max_size=6))],
        received=draw(st.dictionaries(products, small)),
        acknowledged=set(wishes) | draw(st.sets(ids)), called_off=draw(st.sets(ids)),
        wishes=wishes,
        puts=draw(st.dictionaries(st.integers(1, 3), st.integers(1, 2))))


def _moved(key: str, kind: str, amount: int) -> LedgerEntry:
    return LedgerEntry.model_validate({"key": key, "kind": kind, "amount_minor": amount})


def found_by_python(books: Books) -> dict[str, int]:
    return {finding.invariant: finding.violations for finding in check_all(books)}


def found_by_sql(connection: psycopg.Connection, made: Iterable[str],
                 statements: dict[str, str]) -> dict[str, int]:
    """Make tables, then count the rows of each statement; leave nothing behind."""
    try:
        for statement in made:
            connection.execute(statement.encode())
        return {name: len(connection.execute(sql.encode()).fetchall())
                for name, sql in statements.items()}
    finally:
        connection.rollback()


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as opened:
        yield opened


@pytest.mark.parametrize("has_reservations", [True, False])
@pytest.mark.parametrize(("planted", "found"), [*PLANTED, pytest.param(CLEAN, "", id="clean")])
def test_sql_and_auditor_agree_on_each_planted_violation(
        connection: psycopg.Connection, planted: Books, found: str,
        has_reservations: bool) -> None:
    books = planted if has_reservations else replace(planted, reservations=None)
    counted = found_by_sql(connection, books_as_tables(books), statements_for(books))
    assert counted == found_by_python(books)
    assert not found or counted[found] > 0


@pytest.mark.parametrize("planted", UNRESERVED)
def test_sql_and_auditor_agree_on_reservations_that_are_not_as_their_orders(
        connection: psycopg.Connection, planted: Books) -> None:
    counted = found_by_sql(connection, books_as_tables(planted), statements_for(planted))
    assert counted == found_by_python(planted)
    assert counted["I7"] > 0


@settings(max_examples=300, deadline=None)
@given(books=some_books())
def test_sql_and_auditor_agree_on_books_in_which_anything_is_wrong(
        connection: psycopg.Connection, books: Books) -> None:
    assert found_by_sql(connection, books_as_tables(books),
                        statements_for(books)) == found_by_python(books)


@pytest.mark.parametrize(("wrong", "found"), [
    pytest.param("SELECT 1", set(), id="nothing"),
    pytest.param("ALTER TABLE products DROP CONSTRAINT stock_adds_up; "
                 "UPDATE products SET on_hand = on_hand - 1 WHERE id = 3", {"I1"}, id="a piece"),
    pytest.param("UPDATE orders SET total_minor = total_minor + 1 WHERE status = 'confirmed'",
                 {"I4", "I5"}, id="a cent"),
    pytest.param("INSERT INTO cart_items (account_id, product_id, quantity, added_at) "
                 "SELECT o.account_id, i.product_id, 1, o.created_at - interval '1 s' "
                 "FROM orders o JOIN order_items i ON i.order_id = o.id "
                 "WHERE o.status = 'confirmed'", {"I6"}, id="a cart that was not emptied"),
    pytest.param("DELETE FROM cart_items", {"I6"}, id="a cart that was emptied"),
    pytest.param("DELETE FROM checkouts WHERE response_status = 201", {"I2", "I3"},
                 id="a capture without its key"),
    pytest.param("UPDATE checkouts SET response_status = 503 WHERE response_status = 201", {"I2"},
                 id="paid, told refused"),
    pytest.param("UPDATE checkouts SET response_status = 201 WHERE response_status = 402", {"I2"},
                 id="rejected, told placed"),
    pytest.param("UPDATE order_items SET unit_price_minor = unit_price_minor + 1", {"I4"},
                 id="lines of another total"),
    pytest.param("UPDATE payments SET amount_minor = amount_minor + 1", {"I4"},
                 id="payments of another amount"),
    pytest.param("DELETE FROM payments", {"I7"}, id="no payments"),
    pytest.param("DELETE FROM products WHERE id = 9", {"I1"}, id="a product gone"),
    pytest.param("UPDATE payments SET status = 'pending'", {"I7"}, id="a payment half-way"),
    pytest.param("UPDATE checkouts SET state = 'undoing'", {"I7"}, id="a checkout half-way"),
])
def test_sql_and_auditor_agree_on_the_tables_of_the_monolith(
        shop: Shop, database_url: str, wrong: str, found: set[str]) -> None:
    urls = {"monolith": database_url}
    received = read_received(urls)
    acknowledged = set()
    for account, card in ((2, "tok_approve"), (3, "tok_decline"), (4, "tok_approve")):
        shop.put(account, account, 2)
        answer = shop.order(account, card)
        if answer.status_code == 201:
            acknowledged.add(str(json.loads(answer.data)["id"]))
    assert len(acknowledged) == 2
    ledger = Ledger.model_validate_json(
        shop.bank.http.request("GET", f"{shop.bank.url}/ledger", timeout=5).data).entries
    with psycopg.connect(database_url) as spoiling:
        spoiling.execute(wrong.encode())
    books = read_books(urls, ledger, received, Acknowledged(frozenset(acknowledged)))
    with psycopg.connect(database_url) as fresh:
        counted = found_by_sql(fresh, outside_as_tables(books), STATEMENTS)
    assert counted == found_by_python(books)
    assert {name for name, rows in counted.items() if rows} == found


def test_a_trial_s_books_go_through_psql_as_a_script(database_url: str, tmp_path: Path) -> None:
    lost = replace(CLEAN, acknowledged={*CLEAN.acknowledged, "it's gone"})
    script = tmp_path / "books.sql"
    script.write_text("\n".join(psql_script(lost)))
    printed = subprocess.run(
        [installed_programs() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f",
         str(script), database_url], capture_output=True, text=True, timeout=60, check=True).stdout
    assert printed.split("\n") == ["I1", "I2", "it's gone|placed", "I3", "I4", "I5", "I6", "I7", ""]
