"""What was put into carts bounds what can be bought.

A put makes at most one line, and a line that is bought leaves the cart.  So what an account has
bought and what lies in its cart are together no more lines than were put for it.  Whose a
journey was is known where it checked out: its number ends the Idempotency-Key.  What the other
journeys put may have been for anybody: only beyond all of that something was bought twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Set
from typing import Final

from lab.audit.books import Books

_JOURNEY: Final = re.compile(r".*-([0-9]{1,9})", re.DOTALL)
_SHOWN: Final = 10


def lines_beyond_puts(books: Books, placed: Set[str]) -> tuple[int, list[str]]:
    """Count the accounts that have lines, and say if these are more than can have been put.

    Nothing is said where nobody wrote down what was put.
    """
    if not books.puts:
        return 0, []
    account = {order.id: order.account_id for order in books.orders if order.status in placed}
    lines = Counter(line.account_id for line in books.cart)
    lines.update(account[line.order_id] for line in books.lines if line.order_id in account)
    put, by_anybody = _puts(books)
    beyond = lines - put
    if beyond.total() <= by_anybody:
        return len(lines), []
    names = ", ".join(f"{account} ({times})" for account, times in beyond.most_common(_SHOWN))
    return len(lines), [f"{beyond.total()} lines more were bought or are in carts than their "
                        f"accounts put, {by_anybody} were put by nobody knows whom: {names}"]


def _puts(books: Books) -> tuple[Counter[int], int]:
    """How often something was put, by account, and by journeys whose account is not known."""
    whose: dict[int, set[int]] = {}
    for checkout in books.checkouts:
        if found := _JOURNEY.fullmatch(checkout.idempotency_key or ""):
            whose.setdefault(int(found[1]), set()).add(checkout.account_id)
    put, by_anybody = Counter[int](), 0
    for journey, times in books.puts.items():
        for account in whose.get(journey, ()):
            put[account] += times
        if journey not in whose:
            by_anybody += times
    return put, by_anybody
