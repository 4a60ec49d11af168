"""I1 to I7 as SQL, for a reader with psql: the rows that a statement returns violate it.

The auditor itself checks the rows in Python (lab/audit/invariants.py), because the books of a
split store span databases; a test plants violations in PostgreSQL and holds the two equal.
"""

from __future__ import annotations

import re
from typing import Final

from contract.audit_sql import AuditSql, InvariantSql, TableRead
from lab.audit.books import QUERIES, RESERVATIONS

OUTSIDE: Final = """\
CREATE TEMP TABLE received_before (product_id integer, received integer);
-- id and received of products, before the trial
CREATE TEMP TABLE acknowledged (order_id text, wish text);
-- requests.parquet: reference, journey_no where endpoint = place_order and status = 201
CREATE TEMP TABLE called_off (order_id text);
-- the same where endpoint = cancel_order and status = 200
CREATE TEMP TABLE possibly_put (journey_no bigint, times integer);
-- requests.parquet: journey_no where endpoint = put_item, counted, unless never sent or 404, 409
CREATE TEMP TABLE bank_ledger (key text, kind text, amount_minor bigint);
-- the bank's GET /ledger"""
"""What no database of a store knows, and where its rows come from."""

_HELD: Final = """\
WITH held AS (
  SELECT key, sum(CASE kind WHEN 'capture' THEN amount_minor ELSE -amount_minor END) AS minor,
    sum(amount_minor) FILTER (WHERE kind = 'capture') AS captured
  FROM bank_ledger WHERE kind IN ('capture', 'refund') GROUP BY key
)
"""

_NO_OVERSELL: Final = """\
SELECT p.id, p.received, p.on_hand, p.reserved, p.sold, coalesce(o.pieces, 0) AS in_orders
FROM products p
LEFT JOIN received_before b ON b.product_id = p.id
LEFT JOIN (
  SELECT i.product_id, sum(i.quantity) AS pieces
  FROM order_items i JOIN orders o ON o.id = i.order_id
  WHERE o.status IN ('confirmed', 'cancelling') GROUP BY i.product_id
) o ON o.product_id = p.id
WHERE p.received <> p.on_hand + p.reserved + p.sold
   OR least(p.on_hand, p.reserved, p.sold) < 0
   OR p.received <> coalesce(b.received, p.received)
   OR p.sold <> coalesce(o.pieces, 0)
UNION ALL
SELECT b.product_id, b.received, NULL, NULL, NULL, NULL
FROM received_before b LEFT JOIN products p ON p.id = b.product_id
WHERE p.id IS NULL"""

_NO_ORDER_LOST: Final = """\
SELECT a.order_id, 'placed' AS acknowledged_as
FROM acknowledged a
LEFT JOIN orders o ON o.id::text = a.order_id
  AND o.status IN ('confirmed', 'cancelling', 'cancelled')
WHERE o.id IS NULL
UNION ALL
SELECT c.order_id, 'cancelled'
FROM called_off c
LEFT JOIN orders o ON o.id::text = c.order_id AND o.status = 'cancelled'
WHERE o.id IS NULL
UNION ALL
SELECT coalesce(o.id::text, c.order_id::text),
  coalesce(o.status, 'missing') || ', kept answer ' || coalesce(c.response_status::text, 'none')
FROM checkouts c FULL JOIN orders o ON o.id::text = c.order_id::text
WHERE (coalesce(c.response_status, 0) = 201)
   <> (coalesce(o.status, 'missing') IN ('confirmed', 'cancelling', 'cancelled'))"""

_CAPTURED_ONCE: Final = """\
SELECT c.account_id, coalesce(c.idempotency_key, l.key) AS key, count(*) AS captures
FROM bank_ledger l LEFT JOIN checkouts c ON c.order_id::text = l.key
WHERE l.kind = 'capture' GROUP BY 1, 2 HAVING count(*) > 1 OR c.account_id IS NULL
UNION ALL
SELECT NULL, 'told twice: ' || wish, count(DISTINCT order_id)
FROM acknowledged WHERE wish IS NOT NULL GROUP BY wish HAVING count(DISTINCT order_id) > 1"""

_CONFIRMED_IS_CAPTURED: Final = _HELD + """\
SELECT o.id, o.status, o.total_minor, l.minor AS lines, p.minor AS payment,
  coalesce(h.captured, 0) AS captured, coalesce(h.minor, 0) AS at_the_bank
FROM orders o
LEFT JOIN (
  SELECT order_id, sum(quantity * coalesce(unit_price_minor, 0)) AS minor
  FROM order_items GROUP BY order_id
) l ON l.order_id = o.id
LEFT JOIN (
  SELECT order_id, sum(amount_minor) AS minor FROM payments GROUP BY order_id
) p ON p.order_id = o.id
LEFT JOIN held h ON h.key = o.id::text
WHERE l.minor IS NULL OR o.total_minor IS DISTINCT FROM l.minor
   OR o.total_minor IS DISTINCT FROM coalesce(p.minor, o.total_minor)
   OR (o.total_minor IS DISTINCT FROM coalesce(h.captured, 0)
     AND (o.status IN ('confirmed', 'cancelling', 'cancelled') OR h.captured <> 0))
   OR (o.status = 'confirmed' AND o.total_minor IS DISTINCT FROM coalesce(h.minor, 0))"""  # noqa: S608

_MONEY_ADDS_UP: Final = _HELD + """\
SELECT coalesce(h.key, o.key) AS key, coalesce(h.minor, 0) AS at_the_bank,
  coalesce(o.owed, 0) AS in_orders
FROM held h
FULL JOIN (
  SELECT id::text AS key, total_minor AS owed
  FROM orders WHERE status IN ('confirmed', 'cancelling')
) o ON o.key = h.key
WHERE coalesce(h.minor, 0) <> coalesce(o.owed, 0)"""  # noqa: S608

_CART_FOLLOWS_ORDER: Final = """\
WITH placed AS (
  SELECT DISTINCT ON (account_id) account_id, id, created_at
  FROM orders WHERE status IN ('confirmed', 'cancelling', 'cancelled')
  ORDER BY account_id, created_at DESC, id
), rejected AS (
  SELECT DISTINCT ON (account_id) account_id, id, created_at
  FROM orders WHERE status = 'rejected'
  ORDER BY account_id, created_at DESC, id
), has AS (
  SELECT account_id, count(*) AS lines FROM (
    SELECT o.account_id FROM orders o JOIN order_items i ON i.order_id = o.id
    WHERE o.status IN ('confirmed', 'cancelling', 'cancelled')
    UNION ALL SELECT account_id FROM cart_items
  ) line GROUP BY account_id
), whose AS (
  SELECT DISTINCT substring(idempotency_key from '-([0-9]{1,9})$')::bigint AS journey_no, account_id
  FROM checkouts
), put AS (
  SELECT w.account_id, sum(p.times) AS times
  FROM possibly_put p LEFT JOIN whose w ON w.journey_no = p.journey_no GROUP BY w.account_id
), beyond AS (
  SELECT h.account_id, h.lines - coalesce(p.times, 0) AS lines
  FROM has h LEFT JOIN put p ON p.account_id = h.account_id
  WHERE h.lines > coalesce(p.times, 0) AND EXISTS (SELECT FROM possibly_put)
)
SELECT p.id::text AS which, i.product_id, 'confirmed, yet still in the cart' AS wrong
FROM placed p
JOIN order_items i ON i.order_id = p.id
JOIN cart_items c ON c.account_id = p.account_id AND c.product_id = i.product_id
WHERE c.added_at < p.created_at
UNION ALL
SELECT r.id::text, i.product_id, 'rejected, yet no longer in the cart'
FROM rejected r
JOIN order_items i ON i.order_id = r.id
LEFT JOIN cart_items c ON c.account_id = r.account_id AND c.product_id = i.product_id
LEFT JOIN placed p ON p.account_id = r.account_id AND p.created_at > r.created_at
WHERE c.product_id IS NULL AND p.id IS NULL
UNION ALL
SELECT 'accounts ' || string_agg(account_id::text, ', '), NULL,
  sum(lines) || ' lines more bought or in the cart than were put'
FROM beyond
HAVING sum(lines) > coalesce((SELECT times FROM put WHERE account_id IS NULL), 0)"""

_NO_ORPHANS: Final = """\
SELECT 'order' AS what, id::text AS which, status AS stuck_at, status AS order_status
FROM orders WHERE status IN ('pending', 'cancelling')
UNION ALL
SELECT 'checkout', c.order_id::text, c.state, coalesce(o.status, 'missing')
FROM checkouts c LEFT JOIN orders o ON o.id::text = c.order_id::text
WHERE c.state NOT IN ('done', 'undone')
UNION ALL
SELECT 'stock', id::text, reserved || ' reserved', ''
FROM products WHERE reserved <> 0
UNION ALL
SELECT 'payment', p.id::text, p.status, coalesce(o.status, 'missing')
FROM payments p LEFT JOIN orders o ON o.id = p.order_id AND o.payment_id = p.id
WHERE (p.status, coalesce(o.status, 'missing')) NOT IN (
  ('captured', 'confirmed'), ('refunded', 'cancelled'), ('declined', 'rejected'),
  ('voided', 'rejected'))
UNION ALL
SELECT 'order', o.id::text, 'no payment', o.status
FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND p.id = o.payment_id
WHERE p.id IS NULL AND o.status <> 'pending'"""

_NO_ORPHAN_RESERVATIONS: Final = """
UNION ALL
SELECT 'reservation', r.order_id::text, r.status, coalesce(o.status, 'missing')
FROM reservations r
LEFT JOIN orders o ON o.id = r.order_id
LEFT JOIN order_items i ON i.order_id = r.order_id AND i.product_id = r.product_id
  AND i.quantity = r.quantity
WHERE i.order_id IS NULL OR (r.status, coalesce(o.status, 'missing')) NOT IN (
  ('sold', 'confirmed'), ('released', 'rejected'), ('released', 'cancelled'),
  ('returned', 'cancelled'))
UNION ALL
SELECT 'line', i.order_id::text, 'not reserved: product ' || i.product_id, o.status
FROM order_items i
JOIN orders o ON o.id = i.order_id AND o.status = 'confirmed'
LEFT JOIN reservations r ON r.order_id = i.order_id AND r.product_id = i.product_id
WHERE r.order_id IS NULL"""

STATEMENTS: Final = {
    "I1": _NO_OVERSELL, "I2": _NO_ORDER_LOST, "I3": _CAPTURED_ONCE, "I4": _CONFIRMED_IS_CAPTURED,
    "I5": _MONEY_ADDS_UP, "I6": _CART_FOLLOWS_ORDER, "I7": _NO_ORPHANS,
}
"""For a store with one database."""

SPLIT_STATEMENTS: Final = {**STATEMENTS, "I7": _NO_ORPHANS + _NO_ORPHAN_RESERVATIONS}
"""For a store whose catalog can't see orders and keeps reservations."""


def audit_sql() -> AuditSql:
    """Everything that a reader needs to check the books in psql, as it stands in run.json."""
    reads = {table_of(sql): TableRead(database=database, sql=sql)
             for database, sql in (*QUERIES.values(), RESERVATIONS)}
    known = [*reads, *re.findall(r"TABLE (\w+)", OUTSIDE)]
    return AuditSql(
        invariants={name: InvariantSql(
            sql=sql, split_sql=SPLIT_STATEMENTS[name],
            tables=[table for table in known
                    if re.search(rf"\b{table}\b", SPLIT_STATEMENTS[name])])
            for name, sql in STATEMENTS.items()},
        reads=reads, outside=OUTSIDE)


def sql_lines() -> list[str]:
    """Every statement for a terminal, and how the auditor reads the tables."""
    whole = audit_sql()
    lines = [f"\n-- {name}\n{one.sql};" for name, one in whole.invariants.items()]
    lines += [f"\n-- {name}, a database each\n{one.split_sql};"
              for name, one in whole.invariants.items() if one.split_sql != one.sql]
    lines += [f"\n-- {table}, in database {read.database} of the split store\n{read.sql};"
              for table, read in whole.reads.items()]
    return [*lines, f"\n-- from outside\n{whole.outside}"]


def table_of(query: str) -> str:
    """The table that a query of the books reads."""
    return query.partition("FROM ")[2].split()[0]
