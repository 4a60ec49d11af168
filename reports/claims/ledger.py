"""Every row of the ledger, decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reports.claims.claim import Row, untestable
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.claims.growth_rows import break_even, scale_out
from reports.claims.heavier_work import heavier_work
from reports.claims.isolation import contained, no_amplification, single_point
from reports.claims.latency_rows import cpu_bound, moderate_load, simple_read, tail
from reports.claims.resource_rows import big_machine, hot_part, hot_spot, memory
from reports.claims.same_code import finer_granularity, one_process
from reports.claims.structure import one_unit
from reports.words import listed

DECIDE: Final[dict[str, Callable[[Evidence], Row]]] = {
    "A1": one_unit, "A5": hot_part, "A6": single_point, "A7": contained,
    "A13": break_even, "B1": one_process, "B2": simple_read,
    "B3": cpu_bound, "B4": tail, "B5": heavier_work, "B6": scale_out, "B7": big_machine,
    "B8": finer_granularity, "B10": no_amplification, "B11": memory, "B12": moderate_load,
    "B13": hot_spot,
}
_OF_SPEED: Final = frozenset(DECIDE) - {"A1", "A6", "A7", "B10"}
"""Void when a store's books do not balance: the speed of wrong answers is not compared."""


def decide_claims(evidence: Evidence) -> list[Row]:
    """One row a claim, in the order of the ledger."""
    return [_decide(name, evidence) for name in CLAIMS]


def _decide(name: str, evidence: Evidence) -> Row:
    claim = CLAIMS[name]
    if evidence.arms.rival is None:
        return untestable(claim, "a second store")
    broken = [name for name in (evidence.base, evidence.rival) if name in evidence.red]
    if broken and name in _OF_SPEED:
        return untestable(claim, f"right answers: the audit found violated invariants in "
                                 f"{listed(broken)}")
    return DECIDE[name](evidence)
