"""Rows that are counted, not estimated: A1."""

from __future__ import annotations

from reports.claims.claim import Effect, Row, untestable
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS

_COUNTED = ("deployables", "processes", "databases", "db_connections")
_NAMES = {"db_connections": "database connections"}


def one_unit(evidence: Evidence) -> Row:
    """A1: deployables as started."""
    claim = CLAIMS["A1"]
    described = [evidence.run.record.topologies.get(name, {})
                 for name in (evidence.base, evidence.rival)]
    counts = [[_count(parts.get(what)) for parts in described] for what in _COUNTED]
    one, many = counts[0]
    if one is None or many is None:
        return untestable(claim, "the deployables of both stores in run.json")
    effects = tuple(
        Effect(f"{_NAMES.get(what, what)}: {evidence.base} {a:g}, {evidence.rival}", b, None, None,
               1, "count") for what, (a, b) in zip(_COUNTED, counts, strict=True)
        if a is not None and b is not None)
    added = sum(evidence.run.record.split_added.values())
    return Row(claim, "supported" if one == 1 < many else "contradicted", effects,
               f"{added:,} lines exist only because the store was split; both stores live in one "
               "repository here, so codebases are not counted" if added else "")


def _count(value: object) -> float | None:
    if isinstance(value, dict):
        return float(len(value))
    return float(value) if isinstance(value, int | float) else None
