"""Wait until a store is consistent, then check its books."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lab.audit.books import Books
from lab.audit.invariants import Finding, check_all, is_settled

_POLL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Audited:
    """`time_to_consistent_s`: how long that took; `consistent_at_s`: when it was, by the auditor's
    clock (None: it never was); `books`: what was checked."""

    findings: list[Finding]
    time_to_consistent_s: float
    consistent_at_s: float | None
    books: Books


def audit(read: Callable[[], Books], patience_s: float,
          clock: Callable[[], float] = time.perf_counter,
          sleep: Callable[[float], None] = time.sleep) -> Audited:
    """Wait for consistency, then check every invariant.

    Consistent is a store whose books are settled and the same when they are read again: the bank
    and several databases can't be read at one instant, so what moves meanwhile looks like a loss.
    A store that is not consistent within `patience_s` is audited as it is: I7 then says what is
    stuck.
    """
    began = clock()
    books, read_at_s = read(), clock()
    while clock() - began < patience_s:
        sleep(_POLL_S)
        again, again_at_s = read(), clock()
        if again == books and is_settled(books):
            return Audited(check_all(books), read_at_s - began, read_at_s, books)
        books, read_at_s = again, again_at_s
    return Audited(check_all(books), clock() - began, None, books)
