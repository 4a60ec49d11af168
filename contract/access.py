"""Who may do what: one cell for every endpoint and every kind of caller, the same in both stores.

Cells follow from the access that `contract.endpoints` declares, and from `OWN`: what belongs to
one customer does not exist for another, an admin included.  A request is otherwise faultless, so
that nothing but the caller decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contract.endpoints import ENDPOINTS, Endpoint
from contract.errors import BY_CODE

Caller = Literal["nobody", "service", "expired", "forged", "altered", "unsigned", "confused",
                 "owner", "other", "admin"]

CALLERS: Final[dict[Caller, str]] = {
    "nobody": "sends no token",
    "service": "sends the run's service token, which is for calls between services",
    "expired": "sends an admin's token after its end",
    "forged": "sends an admin's token signed by another key",
    "altered": "sends a customer's token whose role was changed to admin",
    "unsigned": "sends an admin's token with `alg: none`",
    "confused": "sends an admin's token signed with HS256, the public key as its secret",
    "owner": "the customer whose cart, order or payment it is",
    "other": "another customer",
    "admin": "an admin, who owns none of it",
}

_REFUSED: Final[dict[Caller, str]] = {
    "nobody": "token_missing",
    "service": "token_missing",
    "expired": "token_expired",
    "forged": "token_invalid",
    "altered": "token_invalid",
    "unsigned": "token_invalid",
    "confused": "token_invalid",
}
"""Caller whose token counts nowhere → code."""

OWN: Final[dict[str, str]] = {
    "remove_item": "product_not_found",
    "place_order": "cart_empty",
    "get_order": "order_not_found",
    "cancel_order": "order_not_found",
    "get_payment": "payment_not_found",
}
"""Endpoint that touches what the owner has → what it says to somebody who has nothing."""

INTERNAL_AT_EDGE: Final = "/internal/… at the edge"
INTERNAL_AT_SERVICE: Final = "/internal/… at a service"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a caller gets: a status, and a problem's code unless it is a success."""

    status: int
    code: str = ""

    def __str__(self) -> str:
        """Write the cell as the table shows it."""
        return f"{self.status} {self.code}".strip()


def access_codes(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the codes that an endpoint refuses callers with."""
    if endpoint.access == "public":
        return ()
    of_tokens = tuple(dict.fromkeys(_REFUSED.values()))
    return (*of_tokens, "role_forbidden") if endpoint.access == "admin" else of_tokens


def expected(endpoint: Endpoint, caller: Caller) -> Cell:
    """Return what a caller gets from an endpoint."""
    success = Cell(endpoint.success)
    if endpoint.access == "public":
        return success
    if caller in _REFUSED:
        return _refusal(_REFUSED[caller])
    if endpoint.access == "admin":
        return success if caller == "admin" else _refusal("role_forbidden")
    is_somebody_elses = endpoint.name in OWN and caller != "owner"
    return _refusal(OWN[endpoint.name]) if is_somebody_elses else success


def expected_internal(caller: Caller, *, at_edge: bool) -> Cell:
    """Return what a caller gets from an operation that is for services only.

    At a service, a request with the right token is let in: 422 is about its body, `{}`.
    """
    if at_edge:
        return _refusal("route_not_found")
    return _refusal("validation_failed" if caller == "service" else "token_invalid")


def matrix() -> dict[str, dict[Caller, Cell]]:
    """Return the whole table: endpoint → caller → cell."""
    whole = {endpoint.name: {caller: expected(endpoint, caller) for caller in CALLERS}
             for endpoint in ENDPOINTS}
    whole[INTERNAL_AT_EDGE] = {caller: expected_internal(caller, at_edge=True)
                               for caller in CALLERS}
    whole[INTERNAL_AT_SERVICE] = {caller: expected_internal(caller, at_edge=False)
                                  for caller in CALLERS}
    return whole


def table() -> str:
    """Write the matrix as Markdown: one row for each endpoint; equal neighbours share a column."""
    columns = _columns()
    lines = ["| | " + " | ".join(", ".join(group) for group in columns) + " |",
             "|---" * (len(columns) + 1) + "|"]
    for name, cells in matrix().items():
        shown = (str(cells[group[0]]) for group in columns)
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _columns() -> list[list[Caller]]:
    """Group callers that get the same everywhere."""
    groups: dict[tuple[Cell, ...], list[Caller]] = {}
    rows = matrix().values()
    for caller in CALLERS:
        groups.setdefault(tuple(row[caller] for row in rows), []).append(caller)
    return list(groups.values())


def _refusal(code: str) -> Cell:
    return Cell(BY_CODE[code].status, code)
