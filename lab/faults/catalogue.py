"""The fault catalogue: every kind, and the modules it can be armed for (docs/faults.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from contract.reach import ON_A_LINK

Module = Literal["catalog", "search", "cart", "orders", "payments", "bank", "database"]
"""Five modules of the shop; `bank` is the outside party, `database` every server of the store."""

Kind = Literal[
    "crash", "hang", "slow", "error", "burn", "leak", "poison", "pool",
    "down", "database_down", "database_lock",
    "network_cut", "network_drop", "network_delay",
    "replica_kill", "replica_freeze",
]

MODULES: Final[frozenset[str]] = frozenset({"catalog", "search", "cart", "orders", "payments"})
CALLED: Final[frozenset[str]] = frozenset({"catalog", "cart", "payments"})
"""Modules that other modules call.  Search and orders are asked by visitors only, whose way is
another: a broken way between services would be met by nobody."""
AT_A_POINT: Final[frozenset[str]] = frozenset(
    {"crash", "hang", "slow", "error", "burn", "leak", "poison", "pool"})
"""Kinds that act inside the module's own code (contract.faults)."""
ENDS_PROCESSES: Final[frozenset[str]] = frozenset({"crash", "poison", "leak"})

MET_BY_REQUESTS: Final[frozenset[str]] = frozenset(
    {"down", "database_down", "database_lock", "network_cut", "network_drop", "network_delay"})
"""Kinds that can act where no visitor comes by (a service that polls another one is late as well);
the rows say whether a request needed the place."""

TAKES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("crash", "burn", "leak", "poison", "pool", "database_down", "database_lock",
                     "replica_kill", "replica_freeze"), MODULES),
    **dict.fromkeys(("hang", "slow", "error"), MODULES | {"bank"}),
    "down": frozenset({"bank", "database"}),
    **dict.fromkeys(ON_A_LINK, CALLED | {"bank", "database"}),
}
"""Kind → modules it can be armed for."""

NEEDS: Final[Mapping[str, str]] = {
    "slow": "delay_ms", "burn": "delay_ms", "network_delay": "delay_ms", "leak": "leak_mb",
    "pool": "connections"}
"""Kind → the key without which it would do nothing."""

DOSED: Final[frozenset[str]] = AT_A_POINT
"""Kinds that may hit a share of the calls; the others hit all or nothing."""


def mistake_in(module: str, kind: str, dose: float, amounts: Mapping[str, float]) -> str | None:
    """Say what is wrong with a fault, and what is allowed; None when it can be armed."""
    if module not in TAKES[kind]:
        return (f"{kind} can't be armed for {module}; it takes "
                f"{', '.join(sorted(TAKES[kind]))}")
    if kind in NEEDS and not amounts[NEEDS[kind]]:
        return f"{kind} needs {NEEDS[kind]} above 0"
    if dose < 1 and kind not in DOSED:
        return f"{kind} acts as a whole: leave dose out"
    return None
