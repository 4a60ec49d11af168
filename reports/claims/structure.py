"""Rows that are counted, not estimated: A1."""

from __future__ import annotations

from reports.claims.claim import Effect, Row, untestable
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS

_COUNTED = ("deployables", "entry_points", "settings", "processes", "databases", "db_connections")
_NAMES = {"db_connections": "database connections", "entry_points": "entry points"}
_SUMMED = ("settings",)


def one_unit(evidence: Evidence) -> Row:
    """A1: deployables as started; entry points, settings, processes and lines stand beside."""
    claim, record = CLAIMS["A1"], evidence.run.record
    described = [record.topologies.get(name, {}) for name in (evidence.base, evidence.rival)]
    counts = {what: [_count(what, parts.get(what)) for parts in described] for what in _COUNTED}
    one, many = counts["deployables"]
    if one is None or many is None:
        return untestable(claim, "the deployables of both stores in run.json")
    lines: list[float | None] = [record.lines.get(str(parts.get("store"))) for parts in described]
    counts = {"deployables": counts.pop("deployables"), "lines of code": lines, **counts}
    effects = tuple(
        Effect(f"{_NAMES.get(what, what)}: {evidence.base} {a:,g}, {evidence.rival}", b, None,
               None, 1, "count") for what, (a, b) in counts.items()
        if a is not None and b is not None)
    added = sum(record.split_added.values())
    return Row(claim, "supported" if one == 1 < many else "contradicted", effects,
               f"{added:,} lines exist only because the store was split; both stores live in one "
               "repository here, so codebases are not counted" if added else "")


def _count(what: str, value: object) -> float | None:
    """A dictionary has an entry a program: so many of them, or their sum."""
    if isinstance(value, dict):
        return float(sum(value.values()) if what in _SUMMED else len(value))
    if isinstance(value, list):
        return float(len(value))
    return float(value) if isinstance(value, int | float) else None
