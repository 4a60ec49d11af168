"""Wait until a store has come to rest, then check its books."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lab.audit.books import Books
from lab.audit.invariants import Finding, check_all, is_settled

_POLL_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Audited:
    """`rest_s`: how long the store took to come to rest; `books`: what was checked."""

    findings: list[Finding]
    rest_s: float
    books: Books


def audit(read: Callable[[], Books], patience_s: float,
          clock: Callable[[], float] = time.monotonic,
          sleep: Callable[[float], None] = time.sleep) -> Audited:
    """Wait for rest, then check every invariant.

    A store that does not come to rest within `patience_s` is audited as it is: I7 then says
    what is stuck.
    """
    began = clock()
    books = read()
    while not is_settled(books) and clock() - began < patience_s:
        sleep(_POLL_S)
        books = read()
    return Audited(check_all(books), clock() - began, books)
