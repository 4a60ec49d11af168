"""Who is free: a customer has one journey at a time, so carts never collide."""

from __future__ import annotations

from pathlib import Path

from loadtests.message import authorization


class Customers:
    """Journey k prefers customer k mod n; if that one is busy, the next free one goes.

    The choice depends on who is busy, hence a little on the store; with more customers than
    journeys in flight nearly every journey gets the customer it prefers.  Who comes to order again
    is the free customer who was at the checkout last.
    """

    def __init__(self, tokens: list[str]) -> None:
        if not tokens:
            raise ValueError("no customers: the tokens file is empty")
        self._headers = [authorization(token) for token in tokens]
        self._busy = bytearray(len(tokens))
        self._been: list[int] = []

    def __len__(self) -> int:
        return len(self._headers)

    def take(self, journey_no: int, *, again: bool = False) -> int:
        """Return a free customer and mark it busy; there must be one.

        `again`: one who has been at the checkout, if there is one.
        """
        preferred = journey_no % len(self._busy)
        if again:
            preferred = next((one for one in reversed(self._been) if not self._busy[one]),
                             preferred)
        free = self._busy.find(0, preferred)
        if free < 0:
            free = self._busy.find(0)
        if free < 0:
            raise RuntimeError("more journeys in flight than customers")
        self._busy[free] = 1
        return free

    def release(self, customer: int, *, has_been: bool = False) -> None:
        """Mark a customer free again; `has_been`: at the checkout, whatever came of it."""
        self._busy[customer] = 0
        if has_been:
            self._been.append(customer)

    def header(self, customer: int) -> bytes:
        """The header line that signs this customer in."""
        return self._headers[customer]


def read_tokens(path: Path, index: int = 0, processes: int = 1) -> list[str]:
    """Read one token a line; process `index` of `processes` has every `processes`-th of them."""
    lines = [line.strip() for line in path.read_text(encoding="ascii").splitlines()]
    return [line for line in lines if line][index::processes]
